"""How many users were active, by role and month (PP9): figures and nothing else.

A user is active in a month in which they signed in. They count by the roles that they held, and
that did not sleep, when they last signed in in that month; nothing here asks for a pupil.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from schoolgate.access.own_roles import known_roles
from schoolgate.kit import bulk

NO_ROLE = "No role"


@dataclass(frozen=True)
class Month:
    """The active users of a month (its first day): all of them, each once, and by role code.

    Somebody with two roles counts under both; ``none``: those who held no role.
    """

    month: date
    users: int
    by_role: dict[str, int]
    none: int


@dataclass(frozen=True)
class Usage:
    """Months, the oldest first, and the roles that occur in them: pairs of code and name."""

    months: list[Month]
    roles: list[tuple[str, str]]


def usage(until: date, *, months: int = 12, places: Collection[int] | None = None) -> Usage:
    """The figures of so many months, of which that of ``until`` is the last.

    ``places``: only users on the staff of these establishments, or with a role over them or in
    them, and only by those roles; without it everybody counts. Four queries.
    """
    every = _months(until, months)
    held, there = _held(places), _there(places)
    since = [every[0], every[-1]]
    roles = bulk.select(
        f"SELECT h.month, h.role, count(DISTINCT h.user_id) FROM ({held}) h"
        " WHERE h.month BETWEEN %s AND %s GROUP BY h.month, h.role",
        since,
    )
    with_role = dict(
        bulk.select(
            f"SELECT h.month, count(DISTINCT h.user_id) FROM ({held}) h"
            " WHERE h.month BETWEEN %s AND %s GROUP BY h.month",
            since,
        )
    )
    users = dict(
        bulk.select(
            f"SELECT t.month, count(DISTINCT t.user_id) FROM ({there}) t"
            " WHERE t.month BETWEEN %s AND %s GROUP BY t.month",
            since,
        )
    )
    by_role: dict[date, dict[str, int]] = {}
    for month, role, count in roles:
        by_role.setdefault(_day(month), {})[role] = count
    totals = {_day(month): count for month, count in users.items()}
    none = {_day(month): totals[_day(month)] - with_role.get(month, 0) for month in users}
    known = known_roles()
    occurring = {role for counts in by_role.values() for role in counts}
    return Usage(
        [Month(m, totals.get(m, 0), by_role.get(m, {}), none.get(m, 0)) for m in every],
        [(code, role.name) for code, role in known.items() if code in occurring],
    )


def _months(until: date, count: int) -> list[date]:
    last = until.year * 12 + until.month - 1
    numbers = range(last - count + 1, last + 1)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _day(value: date | str) -> date:
    """A day as the database gives it: SQLite has no dates."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _held(places: Collection[int] | None) -> str:
    """Who was active in a month, and by which role: (month, user_id, role)."""
    known = "{0}.recorded_at <= a.last_at AND ({0}.ended_at IS NULL OR {0}.ended_at > a.last_at)"
    at_places = "" if places is None else f" AND g.establishment_id IN ({_listed(places)})"
    return (
        "SELECT a.month, a.user_id, g.role FROM people_activemonth a"
        f" JOIN access_grant g ON g.user_id = a.user_id AND {known.format('g')}"
        " AND g.starts_on <= a.last_on AND (g.ends_on IS NULL OR g.ends_on >= a.last_on)"
        f"{at_places} WHERE NOT EXISTS (SELECT 1 FROM access_denial d"
        " WHERE d.user_id = a.user_id AND d.establishment_id = g.establishment_id"
        f" AND {known.format('d')})"
    )


def _there(places: Collection[int] | None) -> str:
    """Who was active in a month at all: (month, user_id)."""
    if places is None:
        return "SELECT a.month, a.user_id FROM people_activemonth a"
    return (
        f"SELECT h.month, h.user_id FROM ({_held(places)}) h UNION"
        " SELECT a.month, a.user_id FROM people_activemonth a"
        " JOIN people_staffrecord s ON s.user_id = a.user_id AND s.recorded_at <= a.last_at"
        f" AND (s.ended_at IS NULL OR s.ended_at > a.last_at)"
        f" WHERE s.establishment_id IN ({_listed(places)})"
    )


def _listed(ids: Collection[int]) -> str:
    return ", ".join(str(int(id_)) for id_ in sorted(ids)) or "NULL"
