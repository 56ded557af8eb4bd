"""The relations from which scope is decided, as they stand at a moment.

Each is a piece of SQL: a table expression with just the rows that hold. The definition of scope
(access/scope.py) is written over them, so that the same text answers for now, for a past day, and
for what an import would make of it (access/preview.py).
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from schoolgate.access.roles import LICENCE
from schoolgate.kit import bulk, dates
from schoolgate.kit.records import Ending


@dataclass(frozen=True)
class Relations:
    """SQL table expressions, each in brackets, and the columns they have.

    grants (:data:`GRANT`; without those that sleep), enrolments (pupil_id, establishment_id),
    episodes (pupil_id), restrictions (user_id, pupil_id), users (id: neither gone nor denied over
    the organisation), pupils (id: not gone), classes (school_class_id, establishment_id,
    subject_area_id: None where it belongs to none), memberships (id, pupil_id, school_class_id).
    """

    grants: str
    enrolments: str
    episodes: str
    restrictions: str
    users: str
    pupils: str
    classes: str
    memberships: str


# The columns of grants, wherever some are put together.
GRANT = "id, user_id, role, establishment_id, subject_area_id, school_class_id, pupil_id"


def at(moment: datetime | None = None) -> Relations:
    """The relations as they stand now, or as they were known and held at a past ``moment``."""
    day = sql_day(dates.day_of(moment) if moment else timezone.localdate())
    # Who was severed is hidden on past days too (NEW14).
    severed = "" if moment is None else f" AND gone_how <> '{Ending.SEVERED.value}'"
    known = _known(moment, "ended_at")
    there = _known(moment, "gone_at")
    holds = f"{known} AND starts_on <= {day} AND (ends_on IS NULL OR ends_on >= {day})"
    denied = f"SELECT user_id FROM access_denial WHERE {known} AND establishment_id IS NULL"
    return Relations(
        grants=f"(SELECT {GRANT} FROM access_grant g WHERE {holds} AND NOT {asleep(moment)})",
        enrolments=f"(SELECT id, pupil_id, establishment_id FROM schools_enrolment WHERE {holds})",
        episodes=f"(SELECT id, pupil_id FROM schools_careepisode WHERE {holds})",
        restrictions=f"(SELECT user_id, pupil_id FROM access_restriction WHERE {holds})",
        users=f"(SELECT id FROM people_user WHERE {there} AND id NOT IN ({denied}))",
        pupils=f"(SELECT id FROM schools_pupil WHERE {there}{severed})",
        classes="(SELECT c.id AS school_class_id, c.establishment_id, b.subject_area_id"
        f" FROM schools_schoolclass c LEFT JOIN (SELECT * FROM schools_classsubject WHERE {holds})"
        f" b ON b.school_class_id = c.id WHERE {_known(moment, 'c.gone_at', 'c.')})",
        memberships="(SELECT id, pupil_id, school_class_id FROM schools_classmembership"
        f" WHERE {holds})",
    )


def inactive(moment: datetime | None = None) -> str:
    """A query (user_id) of the users who cannot sign in: denied over the organisation, or denied
    over an establishment and with no grant that is awake."""
    denials = f"SELECT * FROM access_denial WHERE {_known(moment, 'ended_at')}"
    return (
        f"SELECT d.user_id FROM ({denials}) d WHERE d.establishment_id IS NULL"
        f" OR NOT EXISTS (SELECT 1 FROM {at(moment).grants} a WHERE a.user_id = d.user_id)"
    )


def asleep(moment: datetime | None = None, grant: str = "g") -> str:
    """An SQL condition: the grant (a row of access_grant) sleeps, by a denial over its place."""
    return (
        "EXISTS (SELECT 1 FROM access_denial n"
        f" WHERE n.user_id = {grant}.user_id AND n.establishment_id = {grant}.establishment_id"
        f" AND {_known(moment, 'n.ended_at', 'n.')})"
    )


def is_licence(role: str) -> str:
    """An SQL condition: the role in this column is a licence type (PT11)."""
    return f"substr({role}, 1, {len(LICENCE)}) = '{LICENCE}'"


def licences() -> str:
    """A table expression (user_id, pupil_id): the licences that are held now. They are over pupils
    and never sleep, so that this asks no denial: it is part of every request."""
    day = sql_day(timezone.localdate())
    return (
        f"(SELECT user_id, pupil_id FROM access_grant WHERE {is_licence('role')}"
        f" AND ended_at IS NULL AND starts_on <= {day} AND (ends_on IS NULL OR ends_on >= {day}))"
    )


def kept_out(user: str) -> str:
    """An SQL condition: the user in this column holds nothing but licences, and parent access is
    off for all of their children (ITS1).

    It is on for a child when the organisation has it on, and so has an establishment where they
    are on roll; of one who is on roll at none, the organisation's word is enough. It governs who
    may sign in, and no link: scope does not ask it.
    """
    stand = at()
    held = f"SELECT 1 FROM {licences()} l"
    staff = f"SELECT 1 FROM {stand.grants} g WHERE g.user_id = {user}"
    on = "EXISTS (SELECT 1 FROM schools_organisation o WHERE o.parent_access)"
    open_for = (
        f"EXISTS ({held} LEFT JOIN {stand.enrolments} e"
        " ON e.pupil_id = l.pupil_id AND e.establishment_id IS NOT NULL"
        " LEFT JOIN schools_establishment s ON s.id = e.establishment_id"
        f" WHERE l.user_id = {user} AND l.pupil_id IS NOT NULL"
        " AND (e.id IS NULL OR s.parent_access))"
    )
    return (
        f"(EXISTS ({held} WHERE l.user_id = {user})"
        f" AND NOT EXISTS ({staff} AND NOT {is_licence('g.role')})"
        f" AND NOT ({on} AND {open_for}))"
    )


def shut_out_families(
    organisations: str = "schools_organisation", establishments: str = "schools_establishment"
) -> str:
    """A query (user_id): everybody of whom :func:`kept_out` is true, all at once.

    The table expressions (columns id and parent_access) may be others, to ask who would be.
    """
    stand = at()
    held = f"SELECT l.user_id FROM {licences()} l"
    staff = f"SELECT g.user_id FROM {stand.grants} g WHERE NOT {is_licence('g.role')}"
    rolls = f"SELECT e.pupil_id FROM {stand.enrolments} e"
    on = f"EXISTS (SELECT 1 FROM {organisations} o WHERE o.parent_access)"
    # Two parts in place of one OR, so that the database can join each.
    open_for = f"{held} WHERE l.pupil_id IS NOT NULL AND {on} AND"
    return (
        f"{held} EXCEPT {staff}"
        f" EXCEPT {open_for} l.pupil_id IN ({rolls}"
        f" JOIN {establishments} s ON s.id = e.establishment_id WHERE s.parent_access)"
        f" EXCEPT {open_for} NOT EXISTS ({rolls} WHERE e.pupil_id = l.pupil_id"
        " AND e.establishment_id IS NOT NULL)"
    )


def _known(moment: datetime | None, end: str, table: str = "") -> str:
    if moment is None:
        return f"{end} IS NULL"
    literal = sql_moment(moment)
    return f"{table}recorded_at <= {literal} AND ({end} IS NULL OR {end} > {literal})"


def sql_day(day: date) -> str:
    """A day as an SQL literal."""
    return f"DATE '{day.isoformat()}'" if bulk.on_postgresql() else f"'{day.isoformat()}'"


def sql_moment(moment: datetime) -> str:
    """A moment as an SQL literal."""
    if bulk.on_postgresql():
        return f"TIMESTAMPTZ '{moment.isoformat()}'"
    return f"'{connection.ops.adapt_datetimefield_value(moment)}'"
