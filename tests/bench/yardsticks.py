"""The same users and links by other means: the bare floor, a loop, and django-import-export."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from schoolgate.access.models import Grant
from schoolgate.kit import bulk
from schoolgate.kit.names import email_key, lookalike_key, name_key
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, PupilIdentifier
from tests.bench import files
from tests.bench.import_steps import counts

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TODAY = date(2026, 1, 5)
_USER = [
    "id", "password", "recorded_at", "gone_how", "email", "email_key", "lookalike_key", "username",
    "first_name", "last_name", "first_key", "last_key", "job_title", "phone", "workplace_id",
    "source",
]  # fmt: skip
_GRANT = ["id", "recorded_at", "source", "ended_how", "starts_on", "user_id", "role", "pupil_id"]


def _facts(row: list[str]) -> dict[str, Any]:
    first, last, job, email, phone, _urn, *_ = row
    key = email_key(email)
    return {
        "password": "!", "recorded_at": NOW, "email": email, "email_key": key,
        "lookalike_key": lookalike_key(key), "first_name": first, "last_name": last,
        "first_key": name_key(first), "last_key": name_key(last), "job_title": job,
        "phone": phone, "source": "import",
    }  # fmt: skip


def floor(rows: int) -> Callable[[], Any]:
    """The rows of both tables, made beforehand, into the tables in one transaction."""
    schools = dict(Establishment.objects.values_list("urn", "pk"))
    pupils = dict(PupilIdentifier.objects.values_list("value", "pupil_id"))
    users: list[tuple[Any, ...]] = []
    grants: list[tuple[Any, ...]] = []
    for number, row in enumerate(files.users(rows), start=1):
        facts = {
            **_facts(row), "id": number, "workplace_id": schools[row[5]], "gone_how": "",
            "username": "",
        }  # fmt: skip
        users.append(tuple(bulk.plain(facts[name]) for name in _USER))
        for upn in row[6:]:
            grants.append(
                (len(grants) + 1, bulk.plain(NOW), "import", "", bulk.plain(TODAY), number,
                 "social_worker", pupils[upn])
            )  # fmt: skip

    def work() -> dict[str, int]:
        with transaction.atomic():
            _write("people_user", _USER, users)
            _write("access_grant", _GRANT, grants)
        return counts()

    return work


def parents_floor(rows: int) -> Callable[[], Any]:
    """The rows of parents, their links and their SyncIDs, made beforehand, in one transaction."""
    pupils = dict(PupilIdentifier.objects.values_list("value", "pupil_id"))
    users: list[tuple[Any, ...]] = []
    grants: list[tuple[Any, ...]] = []
    sync_ids: list[tuple[Any, ...]] = []
    now, today = bulk.plain(NOW), bulk.plain(TODAY)
    for number, row in enumerate(files.parents(rows), start=1):
        sync, username, first, last, email, phone, relationship, child = row
        key = email_key(email)
        users.append(
            (number, "!", now, "", email, key or None, lookalike_key(key), username, username,
             first, last, name_key(first), name_key(last), "", phone, "import")
        )  # fmt: skip
        grants.append(
            (number, now, "import", "", today, number, "licence-parent", pupils[child],
             relationship)
        )  # fmt: skip
        sync_ids.append((number, now, "import", "", number, sync, sync))

    def work() -> dict[str, int]:
        with transaction.atomic():
            names = [name for name in _USER if name != "workplace_id"]
            names.insert(names.index("username") + 1, "username_key")
            _write("people_user", names, users)
            _write("access_grant", [*_GRANT, "relationship"], grants)
            names = ["id", "recorded_at", "source", "ended_how", "user_id", "value", "value_key"]
            _write("people_syncid", names, sync_ids)
        return counts()

    return work


def _write(table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if bulk.on_postgresql():
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(columns))
            # Past Django's own wrapper, which would only rewrite the marks.
            raw = connection.connection.cursor()
            raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def loop(rows: int) -> Callable[[], Any]:
    """What a first version of such an import usually is."""

    def work() -> dict[str, int]:
        with transaction.atomic():
            for row in files.users(rows):
                facts = _facts(row)
                workplace = Establishment.objects.get(urn=row[5], gone_at=None)
                user, _ = User.objects.get_or_create(
                    email_key=facts.pop("email_key"),
                    gone_at=None,
                    defaults={**facts, "workplace": workplace},
                )
                link(user, row[6:])
        return counts()

    return work


def link(user: User, upns: list[str]) -> None:
    """Link a user to pupils, one by one."""
    for upn in upns:
        found = PupilIdentifier.objects.get(
            value_key=upn.lower(), kind__in=["upn", "former_upn"], ended_at=None
        )
        Grant.objects.get_or_create(
            user=user, role="social_worker", pupil_id=found.pupil_id, ended_at=None,
            defaults={"recorded_at": NOW, "source": "import", "starts_on": TODAY},
        )  # fmt: skip


def import_export(rows: int) -> Callable[[], Any]:
    """django-import-export, its transaction on, links made after each row is saved."""
    import tablib  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from import_export import resources

    class Users(resources.ModelResource):
        class Meta:
            model = User
            import_id_fields = ("email_key",)
            fields = tuple(name for name in _USER if name != "id" and name != "gone_how")
            use_transactions = True
            skip_unchanged = True

        def after_save_instance(self, instance: User, row: Any, **kwargs: Any) -> None:
            link(instance, row["upns"].split())

    headings = [name for name in _USER if name not in ("id", "gone_how", "username")]
    data = tablib.Dataset(headers=[*headings, "upns"])
    schools = dict(Establishment.objects.values_list("urn", "pk"))
    for row in files.users(rows):
        facts = {**_facts(row), "workplace_id": schools[row[5]]}
        data.append([*(facts[name] for name in headings), " ".join(row[6:])])

    def work() -> dict[str, int]:
        result = Users().import_data(data, dry_run=False, raise_errors=True)
        if result.has_errors():
            raise SystemExit("django-import-export found errors.")
        return counts()

    return work
