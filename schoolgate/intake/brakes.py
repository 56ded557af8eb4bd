"""Brakes: what takes away too much at once waits for a person's word (NEW8).

For whatever removes people by a list that somebody else made: an offboarding file, a sync.
"""

from dataclasses import dataclass

from django.conf import settings

from schoolgate.access import relations
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import ROLES, Over
from schoolgate.kit import bulk
from schoolgate.schools.models import Establishment


@dataclass(frozen=True)
class Brake:
    """A kind of which too many would go: ``removed`` of the ``active`` ones who hold ``role``.

    ``place``: the name of the establishment, blank for the organisation.
    """

    role: str
    place: str
    removed: int
    active: int

    @property
    def words(self) -> str:
        """For example "14 of 40 active Social Workers"."""
        where = f" at {self.place}" if self.place else ""
        plural = "" if self.active == 1 else "s"
        return f"{self.removed:,} of {self.active:,} active {self.role}{plural}{where}"


def is_held(removed: int, active: int) -> bool:
    """Whether so many of so many are more than both settings let go without a word."""
    return removed > settings.BRAKE_COUNT and removed * 100 > settings.BRAKE_PERCENT * active


def that_hold(leaving: str) -> list[Brake]:
    """The brakes that the removal of users trips, in the order of their roles and places.

    ``leaving``: a query (user_id) of those who would be gone or inactive. A kind is a role, and its
    place the organisation; for a role over an establishment, or over something inside one, the
    establishment too: a whole school's staff is held, and so is one in each of all schools.
    Whoever is inactive already, or whose grant sleeps, is not among the active ones.
    """
    stand = relations.at()
    held = (
        f"SELECT g.role, g.establishment_id, g.user_id FROM {stand.grants} g"
        f" JOIN {stand.users} u ON u.id = g.user_id WHERE NOT ({_assignment()})"
    )
    counts = (
        "count(DISTINCT h.user_id), count(DISTINCT CASE WHEN h.user_id IN"
        f" ({leaving}) THEN h.user_id END)"
    )
    found = bulk.select(
        f"SELECT h.role, CAST(NULL AS BIGINT), {counts} FROM ({held}) h GROUP BY h.role"
        f" UNION ALL SELECT h.role, h.establishment_id, {counts} FROM ({held}) h"
        " WHERE h.establishment_id IS NOT NULL GROUP BY h.role, h.establishment_id"
    )
    tripped = [row for row in found if is_held(row[3], row[2])]
    if not tripped:
        return []
    names = {code: role.name for code, role in every_role().items()}
    places = Establishment.objects.in_bulk({place for _, place, _, _ in tripped} - {None})
    held_back = [
        Brake(names[role], places[place].name if place else "", removed, active)
        for role, place, active, removed in tripped
    ]
    return sorted(held_back, key=lambda brake: (brake.role, brake.place, brake.removed))


def _assignment() -> str:
    """A condition: the grant only puts a pupil first, under a role over the organisation."""
    wide = [role.code for role in ROLES.values() if role.over is Over.ORGANISATION]
    listed = ", ".join(f"'{code}'" for code in wide)
    return f"g.role IN ({listed}) AND g.pupil_id IS NOT NULL"
