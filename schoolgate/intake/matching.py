"""Who is this row? Set-based: a statement for all rows, over the temporary tables of a plan."""

from datetime import date
from typing import TYPE_CHECKING

from schoolgate.access.relations import sql_day
from schoolgate.kit import bulk
from schoolgate.kit.names import identifier_key

if TYPE_CHECKING:
    from schoolgate.intake.plan import Plan

__all__ = ["holding", "identifier_key", "live_grant", "pupils", "schools", "users"]


def holding(alias: str, today: date) -> str:
    """The condition under which a dated record is on record and holds today."""
    day = sql_day(today)
    return (
        f"{alias}.ended_at IS NULL AND {alias}.starts_on <= {day}"
        f" AND ({alias}.ends_on IS NULL OR {alias}.ends_on >= {day})"
    )


def live_grant(wanted: str, role: str, today: date) -> str:
    """A query that finds something when the grant ``wanted`` (an alias) is there already."""
    return (
        f"SELECT 1 FROM access_grant g WHERE g.user_id = {wanted}.user_id AND g.role = '{role}'"
        f" AND {same_place('g', wanted)} AND {holding('g', today)}"
    )


def same_place(one: str, other: str) -> str:
    """The condition that two grants are over the same place."""
    return (
        f"COALESCE({one}.pupil_id, 0) = COALESCE({other}.pupil_id, 0)"
        f" AND COALESCE({one}.establishment_id, 0) = COALESCE({other}.establishment_id, 0)"
        f" AND COALESCE({one}.subject_area_id, 0) = COALESCE({other}.subject_area_id, 0)"
    )


def users(plan: "Plan") -> None:
    """plan_user: the user whose e-mail address a row has, if there is one."""
    bulk.execute(
        "INSERT INTO plan_user SELECT r.n, u.id FROM plan_row r"
        " JOIN people_user u ON u.email_key = r.email_key AND u.gone_at IS NULL"
        " WHERE r.email_key <> ''"
    )
    bulk.analyse("plan_user")


def schools(plan: "Plan") -> None:
    """plan_school: the establishment that a row's URN names, and whether it is closed."""
    bulk.execute(
        "INSERT INTO plan_school SELECT r.n, e.id,"
        " CASE WHEN lower(e.status) = 'closed' THEN 1 ELSE 0 END FROM plan_row r"
        " JOIN schools_establishment e ON e.urn = r.urn AND e.gone_at IS NULL"
        " WHERE r.urn <> ''"
    )
    bulk.analyse("plan_school")


def pupils(plan: "Plan") -> None:
    """plan_hit: each pupil that has a cell's number as UPN or former UPN (LAC7)."""
    bulk.execute(
        "INSERT INTO plan_hit SELECT c.n, c.place, i.pupil_id,"
        " max(CASE WHEN i.well_formed THEN 0 ELSE 1 END) FROM plan_cell c"
        " JOIN schools_pupilidentifier i ON i.value_key = c.value_key"
        " AND i.kind IN ('upn', 'former_upn') AND i.ended_at IS NULL"
        " GROUP BY c.n, c.place, i.pupil_id"
    )
    bulk.analyse("plan_hit")
