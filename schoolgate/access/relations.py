"""The relations from which scope is decided, as they stand at a moment.

Each is a piece of SQL: a table expression with just the rows that hold. The definition of scope
(access/scope.py) is written over them, so that the same text answers for now, for a past day, and
for what an import would make of it (access/preview.py).
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from schoolgate.kit import bulk, dates


@dataclass(frozen=True)
class Relations:
    """SQL table expressions, each in brackets, and the columns they have.

    grants (id, user_id, role, establishment_id, pupil_id), enrolments (pupil_id,
    establishment_id), episodes (pupil_id), restrictions (user_id, pupil_id), users (id: neither
    gone nor denied), pupils (id: not gone).
    """

    grants: str
    enrolments: str
    episodes: str
    restrictions: str
    users: str
    pupils: str


def at(moment: datetime | None = None) -> Relations:
    """The relations as they stand now, or as they were known and held at a past ``moment``."""
    day = sql_day(dates.day_of(moment) if moment else timezone.localdate())
    known = _known(moment, "ended_at")
    there = _known(moment, "gone_at")
    holds = f"{known} AND starts_on <= {day} AND (ends_on IS NULL OR ends_on >= {day})"
    denied = f"SELECT user_id FROM access_denial WHERE {known}"
    return Relations(
        grants="(SELECT id, user_id, role, establishment_id, pupil_id FROM access_grant"
        f" WHERE {holds})",
        enrolments=f"(SELECT id, pupil_id, establishment_id FROM schools_enrolment WHERE {holds})",
        episodes=f"(SELECT id, pupil_id FROM schools_careepisode WHERE {holds})",
        restrictions=f"(SELECT user_id, pupil_id FROM access_restriction WHERE {holds})",
        users=f"(SELECT id FROM people_user WHERE {there} AND id NOT IN ({denied}))",
        pupils=f"(SELECT id FROM schools_pupil WHERE {there})",
    )


def _known(moment: datetime | None, end: str) -> str:
    if moment is None:
        return f"{end} IS NULL"
    literal = sql_moment(moment)
    return f"recorded_at <= {literal} AND ({end} IS NULL OR {end} > {literal})"


def sql_day(day: date) -> str:
    """A day as an SQL literal."""
    return f"DATE '{day.isoformat()}'" if bulk.on_postgresql() else f"'{day.isoformat()}'"


def sql_moment(moment: datetime) -> str:
    """A moment as an SQL literal."""
    if bulk.on_postgresql():
        return f"TIMESTAMPTZ '{moment.isoformat()}'"
    return f"'{connection.ops.adapt_datetimefield_value(moment)}'"
