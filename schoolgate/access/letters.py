"""What opens a printed letter beside its code (S15), and what it says: to whom, and in what order.

The second fact is the day on which a child was born whom the user is linked to by a licence (a
pupil: their own); where the register knows that of none of them, the first name of one.
"""

import re
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from django.db.models.expressions import RawSQL

from schoolgate.access import relations
from schoolgate.access.licences import Block, every_licence
from schoolgate.access.scope import narrow, of_licences, sees
from schoolgate.kit import bulk
from schoolgate.kit.dates import parse_day
from schoolgate.kit.names import name_key
from schoolgate.people import printed_codes
from schoolgate.schools.models import Pupil

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class Proof(NamedTuple):
    """What a code and a second fact open. ``code_id``: None where they open nothing; ``user_id`` is
    whoever the code is for. ``is_closed``: both are right, and parent access is off for them."""

    user_id: int | None
    code_id: int | None
    is_closed: bool = False


def prove(code: str, fact: str) -> Proof:
    """What this code and this second fact open. Changes nothing.

    The database is asked the same for every code, whether there is such a one or not, and whoever
    has it (S9, S10).
    """
    found = printed_codes.find(code)
    user_id = found.user_id if found else None
    (may, closed) = _standing(user_id or 0)
    right = _is_fact(fact, _facts(user_id or 0))
    if found is None or not (may and right):
        return Proof(user_id, None)
    return Proof(user_id, found.pk, closed)


def may_redeem(user_id: int) -> bool:
    """Whether nothing but the code is wanted of the user: neither inactive, nor kept out."""
    may, closed = _standing(user_id)
    return may and not closed


def _standing(user_id: int) -> tuple[bool, bool]:
    """Whether the user is there and not inactive; and whether parent access is off for them."""
    rows = bulk.select(
        f"SELECT EXISTS (SELECT 1 FROM ({relations.inactive()}) i WHERE i.user_id = u.id),"
        f" {relations.kept_out('u.id')}"
        " FROM people_user u WHERE u.gone_at IS NULL AND u.id = %s",
        [user_id],
    )
    for inactive, closed in rows:
        return not inactive, bool(closed)
    return False, False


def _facts(user_id: int) -> tuple[set[date], set[str]]:
    """The days of birth, and the first names, of the children whom the user is linked to."""
    stand = relations.at()
    linked = (
        f"SELECT t.id FROM {stand.grants} g JOIN {stand.pupils} t ON t.id = g.pupil_id"
        f" WHERE g.user_id = %s AND {relations.is_licence('g.role')}"
    )
    known = Pupil.objects.filter(pk__in=RawSQL(linked, [user_id]))
    rows = list(known.values_list("date_of_birth", "first_key"))
    return {born for born, _ in rows if born}, {first for _, first in rows}


def _is_fact(given: str, facts: tuple[set[date], set[str]]) -> bool:
    days, names = facts
    if days:
        return day_of(given) in days
    key = name_key(given)
    return bool(key) and any(key in (name, name.split(" ")[0]) for name in names)


def day_of(text: str) -> date | None:
    """The day that somebody typed: 27 3 2014, 27/03/2014, 27 March 2014; None when it is none."""
    words = re.findall(r"[0-9]+|[^\W\d_]+", text.casefold())
    if len(words) == 3 and words[1][:3] in _MONTHS:
        words[1] = str(_MONTHS.index(words[1][:3]) + 1)
    return parse_day("/".join(words)) or parse_day("-".join(words))


class Addressee(NamedTuple):
    """Whom a letter is for, and where it is handed out: where their youngest child is."""

    user_id: int
    name: str
    signs_in_as: str
    place: str


def addressees(user_ids: Collection[int]) -> list[Addressee]:
    """Those to whom the letters go, sorted by school, year and class, then by name."""
    users = {
        id_: values
        for (id_, *values) in _in_bulk(
            user_ids,
            "SELECT u.id, u.first_name, u.last_name, u.username, u.email, u.last_key, u.first_key"
            " FROM lettering w JOIN people_user u ON u.id = w.id",
        )
    }
    stand = of_licences(relations.at())
    places: dict[int, list[Any]] = {}
    # Of children whom they see, and by a licence type that shows them the school: what is printed
    # tells them no more than their page does (S35).
    for id_, *values in _in_bulk(
        user_ids,
        "SELECT g.user_id, s.name, s.name_key, p.year, p.class_name"
        f" FROM ({sees(stand, narrow(stand))}) g JOIN lettering w ON w.id = g.user_id"
        " JOIN access_grant a ON a.id = g.grant_id JOIN schools_pupil p ON p.id = g.pupil_id"
        f" LEFT JOIN {stand.enrolments} e ON e.pupil_id = p.id"
        " LEFT JOIN schools_establishment s ON s.id = e.establishment_id"
        f" WHERE a.role IN ({_telling()})"
        " ORDER BY g.user_id, p.date_of_birth DESC NULLS LAST, p.id, e.id",
    ):
        places.setdefault(id_, values)
    found = []
    for id_, (first, last, username, email, *keys) in users.items():
        school, school_key, year, form = places.get(id_, (None, None, "", ""))
        order = (not school, school_key or "", natural(year), natural(form), *keys, id_)
        where = ", ".join(word for word in (school, form or year) if word)
        # Names are few characters long in the register; what comes first is how they sign in.
        found.append((order, Addressee(id_, f"{first} {last}", username or email, where)))
    return [addressee for _, addressee in sorted(found, key=lambda pair: pair[0])]


def _telling() -> str:
    """The licence types whose holders are shown where a child is, for SQL."""
    known = every_licence().items()
    codes = [f"'{code}'" for code, licence in known if Block.SCHOOL in licence.blocks]
    return ", ".join(codes) or "NULL"


def natural(text: str) -> list[tuple[int, str]]:
    """By which 7B comes before 10A."""
    return [
        (int(part), "") if part[0] in "0123456789" else (0, part)
        for part in re.findall(r"[0-9]{1,9}|[^0-9]+", text.casefold())
    ]


def _in_bulk(user_ids: Collection[int], sql: str) -> list[tuple[Any, ...]]:
    with bulk.temporary("lettering", "id BIGINT PRIMARY KEY"):
        bulk.load("lettering", ["id"], ((id_,) for id_ in set(user_ids)))
        bulk.analyse("lettering")
        return bulk.select(sql)
