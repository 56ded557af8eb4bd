"""What users hold: for pages that list users. Who sees whom is asked of access/scope.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from schoolgate.access import relations, scope
from schoolgate.access.actions import NewGrant
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import ROLES, Detail, Over, Role
from schoolgate.access.scope import among_visible, grants_that_reach, narrow, sees, wide
from schoolgate.kit import bulk
from schoolgate.kit.records import Ending
from schoolgate.people.invitations import with_state
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil


@dataclass(frozen=True)
class Holding:
    """What a user holds today: the names of their roles and of the establishments they hold one
    over, and how many pupils they see.

    ``pupils`` is None for one who sees every pupil (less those that a restriction keeps from
    them): those are not counted.
    """

    roles: list[str]
    pupils: int | None
    places: list[str] = field(default_factory=list)


def users_with_status() -> QuerySet[User]:
    """The users who are there, each with ``is_denied``: whether they are inactive, and
    ``invitation_state``: how far their sign-in is set up."""
    denials = denied().filter(user=OuterRef("pk"))
    there = User.objects.filter(gone_at__isnull=True)
    return with_state(there).annotate(is_denied=Exists(denials))


def denied() -> QuerySet[Denial, int]:
    """The ids of the users who are inactive: they cannot sign in."""
    shut = RawSQL(f"SELECT i.user_id FROM ({relations.inactive()}) i", [])
    live = Denial.objects.filter(ended_at__isnull=True, user_id__in=shut)
    return live.values_list("user_id", flat=True)


def holders(
    day: date, *, role: str = "", establishments: Sequence[int] | None = None
) -> QuerySet[Grant, int]:
    """The ids of the users who hold a role on ``day``, or something over these establishments.

    A pupil assigned under a role over the organisation is no role.
    """
    held = Grant.objects.filter(_holds(day))
    if role:
        held = held.filter(role=role)
        if role in ROLES and ROLES[role].over is Over.ORGANISATION:
            held = held.filter(pupil__isnull=True, establishment__isnull=True)
    if establishments is not None:
        held = held.filter(establishment__in=establishments)
    return held.values_list("user_id", flat=True)


def holds_only(user_id: int, role: Role) -> bool:
    """Whether the user holds nothing now but this role; what sleeps is not held."""
    held = f"SELECT 1 FROM {relations.at().grants} g WHERE g.user_id = %s AND g.role"
    return bool(bulk.select(f"{held} = %s LIMIT 1", [user_id, role.code])) and not bulk.select(
        f"{held} <> %s LIMIT 1", [user_id, role.code]
    )


def grants_of(user_id: int) -> QuerySet[Grant]:
    """The grants on record of a user, also those that have not begun or are over."""
    return Grant.objects.filter(user_id=user_id, ended_at__isnull=True).select_related(
        "establishment", "pupil", "subject_area", "school_class"
    )


def restrictions_on(pupil_id: int) -> QuerySet[Restriction]:
    """The restrictions on record of a pupil, also those that have not begun or are over."""
    return (
        Restriction.objects.filter(pupil_id=pupil_id, ended_at__isnull=True)
        .select_related("user")
        .order_by("user__last_key", "user__first_key", "pk")
    )


def restrictions_of(user_id: int) -> QuerySet[Restriction]:
    """The restrictions on record of a user that are not over, by the pupil's name."""
    over = Q(ends_on__isnull=False, ends_on__lt=timezone.localdate())
    live = Restriction.objects.filter(~over, user_id=user_id, ended_at__isnull=True)
    return live.select_related("pupil").order_by("pupil__last_key", "pupil__first_key", "pk")


def assigned_to(user_id: int, day: date) -> QuerySet[Pupil]:
    """The pupils assigned to a user under a role that sees others too: first in a list (LAC7)."""
    grants = Grant.objects.filter(
        _holds(day),
        user_id=user_id,
        pupil__isnull=False,
        role__in=[role.code for role in ROLES.values() if role.assigns_pupils],
    )
    return Pupil.objects.filter(pk__in=grants.values("pupil_id"))


def holdings(
    user_ids: Sequence[int], day: date, *, reader_id: int | None = None
) -> dict[int, Holding]:
    """What each of these users holds on ``day``, in a few queries however many they are.

    Only pupils whom the reader sees too are counted (S35); without a reader all are.
    """
    assigning = [role.code for role in ROLES.values() if role.assigns_pupils]
    held = (
        Grant.objects.filter(_holds(day), user_id__in=user_ids)
        .exclude(role__in=assigning, pupil__isnull=False)
        .values_list("user_id", "role", "establishment__name")
        .distinct()
    )
    known = every_role()
    roles: dict[int, set[str]] = {user_id: set() for user_id in user_ids}
    places: dict[int, set[str]] = {user_id: set() for user_id in user_ids}
    for user_id, role, place in held:
        roles[user_id].add(known[role].name)
        places[user_id].update([place] if place else [])
    stand = relations.at()
    among = f"IN ({', '.join(map(str, user_ids)) or 'NULL'})"
    every = bulk.select(
        f"SELECT w.user_id FROM ({wide(stand)}) w JOIN {stand.users} u ON u.id = w.user_id"
        f" WHERE w.user_id {among}"
    )
    only, params = ("1 = 1", []) if reader_id is None else among_visible(reader_id, "s.pupil_id")
    counted = bulk.select(
        "SELECT s.user_id, count(DISTINCT s.pupil_id)"
        f" FROM ({sees(stand, narrow(stand))}) s WHERE s.user_id {among} AND {only}"
        " GROUP BY s.user_id",
        params,
    )
    pupils: dict[int, int | None] = {**dict(counted), **{user_id: None for (user_id,) in every}}
    return {
        user_id: Holding(sorted(names), pupils.get(user_id, 0), sorted(places[user_id]))
        for user_id, names in roles.items()
    }


def shows_past_care(user_id: int, pupil_id: int) -> bool:
    """Whether a role through which the user sees the pupil shows past care episodes too."""
    through = Grant.objects.filter(pk__in=grants_that_reach(user_id, pupil_id))
    known = every_role()
    return any(
        known[role].detail is Detail.EVERYTHING for role in through.values_list("role", flat=True)
    )


def care_shown(user_id: int, pupils: QuerySet[Pupil]) -> QuerySet[Pupil]:
    """Those of ``pupils``, all of whom the user sees, of whom they may know whether they are in
    care: whom they see through a role that shows it, and not by the register alone.

    Every list, count, filter, order and error that tells of care is asked of these, and of no
    others (PRODUCT.md, "Roles and what they see").
    """
    return pupils.filter(pk__in=scope.pupils_told_of_care(user_id).values("pk"))


def removed_before(
    user_id: int, role: str, *, pupils: Sequence[int] = (), establishments: Sequence[int] = ()
) -> set[tuple[str, int]]:
    """Which of these pupils and establishments a person has once removed from the user, and nobody
    given back since: ("pupil" or "establishment", id). To be asked about before it comes back."""
    over = Q(pupil_id__in=pupils) | Q(establishment_id__in=establishments)
    last: dict[tuple[str, int], Grant] = {}
    for grant in Grant.objects.filter(over, user_id=user_id, role=role).order_by("pk"):
        kind = "pupil" if grant.pupil_id else "establishment"
        if grant.ended_how != Ending.UNDONE:
            last[kind, grant.pupil_id or grant.establishment_id or 0] = grant
    return {place for place, grant in last.items() if grant.ended_how == Ending.REMOVED}


def not_linked_yet(rows: Sequence[NewGrant]) -> list[NewGrant]:
    """Those of the rows, each over a pupil, whose days no grant on record of the same role covers
    even in part; of several for the same user, role and pupil the first."""
    columns = "n INTEGER PRIMARY KEY, user_id BIGINT, pupil_id BIGINT, role VARCHAR(20)"
    with bulk.temporary("linking", f"{columns}, starts_on DATE, ends_on DATE"):
        bulk.load(
            "linking",
            ["n", "user_id", "pupil_id", "role", "starts_on", "ends_on"],
            (
                (n, row.user_id, row.pupil_id, row.role, row.starts_on, row.ends_on)
                for n, row in enumerate(rows)
            ),
        )
        known = bulk.select(
            "SELECT t.n FROM linking t JOIN access_grant g ON g.user_id = t.user_id"
            " AND g.pupil_id = t.pupil_id AND g.role = t.role WHERE g.ended_at IS NULL"
            " AND (t.ends_on IS NULL OR g.starts_on <= t.ends_on)"
            " AND (g.ends_on IS NULL OR g.ends_on >= t.starts_on)"
        )
    left_out = {n for (n,) in known}
    new: dict[tuple[int, int | None, str], NewGrant] = {}
    for n, row in enumerate(rows):
        if n not in left_out:
            new.setdefault((row.user_id, row.pupil_id, row.role), row)
    return list(new.values())


def _holds(day: date) -> Q:
    open_ended = Q(ends_on__isnull=True) | Q(ends_on__gte=day)
    return Q(ended_at__isnull=True, starts_on__lte=day) & open_ended
