"""The organisation that `scope` asks about, made inside PostgreSQL. Run by child.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.management import create_permissions
from django.core.management import call_command
from django.db import connection, transaction

from schoolgate.kit import bulk
from tests.bench import files
from tests.bench.scope_sizes import LINKS, ONE_IN_CARE_OF, PUPILS_AT_A_SCHOOL, sizes

if TYPE_CHECKING:
    from collections.abc import Callable

_KNOWN = "id, recorded_at, source, ended_how, starts_on"
_DATED = "n, now(), 'import', '', DATE '2025-09-01'"


def load(pupils: int) -> Callable[[], Any]:
    """Wide users come first, then a teacher for each school, then the social workers."""
    many = sizes(pupils)
    call_command("migrate", verbosity=0)

    def work() -> dict[str, int]:
        with transaction.atomic():
            _people(many)
            _grants(many)
            _guardian(many)
        bulk.execute("VACUUM ANALYZE")
        return {"grants": bulk.value("SELECT count(*) FROM access_grant")}

    return work


def made(table: str, columns: str, values: str, count: int) -> None:
    """Fill a table with rows made of the numbers from 1: ``n`` in ``values``."""
    made = f"SELECT {values} FROM generate_series(1, {count}) n".replace("%", "%%")
    bulk.execute(f"INSERT INTO {table} ({columns}) {made}")


def one_of(words: list[str], number: str) -> str:
    """SQL for the word that such a number points to."""
    listed = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{listed}])[({number}) % {len(words)} + 1]"


def _people(many: dict[str, int]) -> None:
    made(
        "schools_establishment",
        "id, recorded_at, gone_how, urn, name, name_key, la_code, la_name, number, type_name,"
        " type_group, status, phase, town, postcode, ukprn, trust_code, trust_name",
        f"n, now(), '', ({files.FIRST_URN} + n)::text, 'School ' || n, 'school ' || n, '', '', '',"
        " '', '', 'Open', '', '', '', '', '', ''",
        many["schools"],
    )
    first = one_of(files.FIRST_NAMES, "n::bigint * 7919 / 13")
    ending = one_of(files.ENDS, "n::bigint * 1299709 / 11")
    last = f"({one_of(files.STARTS, 'n::bigint * 104729 / 7')} || {ending})"
    names = f"{first}, {last}, lower({first}), lower({last})"
    made(
        "schools_pupil",
        "id, recorded_at, gone_how, first_name, last_name, first_key, last_key, date_of_birth,"
        " year, class_name",
        f"n, now(), '', {names}, DATE '2008-01-01' + n % 4000, '9', '9A'",
        many["pupils"],
    )
    made(
        "schools_enrolment",
        f"{_KNOWN}, pupil_id, establishment_id, elsewhere",
        f"{_DATED}, n, (n - 1) / {PUPILS_AT_A_SCHOOL} + 1, ''",
        many["schools"] * PUPILS_AT_A_SCHOOL,
    )
    made(
        "schools_careepisode",
        f"{_KNOWN}, pupil_id",
        f"{_DATED}, n * {ONE_IN_CARE_OF}",
        many["in_care"],
    )
    total = many["wide"] + many["teachers"] + many["social_workers"]
    mail = "'user.' || n || '@council.example'"
    made(
        "people_user",
        "id, password, recorded_at, gone_how, email, email_key, lookalike_key, username,"
        " first_name, last_name, first_key, last_key, job_title, phone, source",
        f"n, '!', now(), '', {mail}, {mail}, {mail}, '', {names}, '', '', 'import'",
        total,
    )


def _grants(many: dict[str, int]) -> None:
    wide, teachers = many["wide"], many["teachers"]
    columns = f"{_KNOWN}, user_id, role, establishment_id, pupil_id"
    made("access_grant", columns, f"{_DATED}, n, 'la_user', NULL, NULL", wide)
    later = _DATED.replace("n,", f"n + {wide},", 1)
    made("access_grant", columns, f"{later}, n + {wide}, 'designated_teacher', n, NULL", teachers)
    later = _DATED.replace("n,", f"n + {wide + teachers},", 1)
    made(
        "access_grant",
        columns,
        f"{later}, (n - 1) / {LINKS} + 1 + {wide + teachers}, 'social_worker', NULL,"
        f" n::bigint * 7919 % {many['pupils']} + 1",
        many["social_workers"] * LINKS,
    )
    # Each between a social worker and a child of theirs, and some users inactive.
    bulk.execute(
        f"INSERT INTO access_restriction ({_KNOWN}, user_id, pupil_id, reason)"
        " SELECT row_number() OVER (), now(), 'hand', '', DATE '2025-09-01', user_id, pupil_id, 'x'"
        " FROM access_grant WHERE role = 'social_worker' AND id %% 200 = 0"
        f" LIMIT {many['restrictions']}"
    )
    made(
        "access_denial",
        "id, recorded_at, source, ended_how, user_id",
        f"n, now(), 'hand', '', {wide + teachers} + n * 100",
        many["inactive"],
    )


def _guardian(many: dict[str, int]) -> None:
    """The links of the social workers once more, as guardian keeps them."""
    from django.apps import apps

    create_permissions(apps.get_app_config("schools"), verbosity=0)
    # All users: with these settings the migrations let foreign keys point to Django's own.
    bulk.execute(
        "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email,"
        " is_staff, is_active, date_joined) SELECT id, '!', false, email, first_name, last_name,"
        " email, false, true, now() FROM people_user"
    )
    bulk.execute(
        "INSERT INTO guardian_userobjectpermission"
        " (object_pk, content_type_id, permission_id, user_id)"
        " SELECT g.pupil_id::text, p.content_type_id, p.id, g.user_id FROM access_grant g,"
        " auth_permission p WHERE g.role = 'social_worker' AND p.codename = 'view_pupil'"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
