"""Permission levels in a school (PP7 to PP10): what a user holds there, and a wish for another set
of levels as grants to give and to end. Teachers come from a sync and are no level that is set.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.access.actions import NewGrant
from schoolgate.access.models import Grant
from schoolgate.access.roles import FINANCE_MANAGER, LEADER, SCHOOL_ADMIN
from schoolgate.people.models import User
from schoolgate.schools.models import SubjectArea


@dataclass(frozen=True)
class Levels:
    """What somebody is in one establishment; ``subjects``: of which areas (ids) they are Leader."""

    admin: bool = False
    subjects: frozenset[int] = frozenset()
    finance: bool = False


@dataclass(frozen=True)
class Change:
    """The grants to give, and those (ids) to end, that make one set of levels of another."""

    adding: list[NewGrant]
    ending: list[int]

    @property
    def any(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.adding or self.ending)


@dataclass(frozen=True)
class Suggestion:
    """Which level suits whom, as schools have it (PP10)."""

    who: str
    level: str


SUGGESTED = (
    Suggestion("Senior leadership", "School Admin"),
    Suggestion("SEN leader, head of year, head of key stage", "Leader of all subject areas"),
    Suggestion("Head of department", "Leader of their own subject area"),
    Suggestion("Finance manager", "Finance Manager (an LA Super User sets it)"),
)


def _not_over() -> Q:
    today = timezone.localdate()
    return Q(ended_at__isnull=True) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))


def held_in(user_id: int, establishment_id: int) -> QuerySet[Grant]:
    """The grants of a user in an establishment that are not over."""
    held = Grant.objects.filter(_not_over(), user_id=user_id, establishment_id=establishment_id)
    return held.select_related("establishment", "subject_area", "school_class").order_by("pk")


def levels_in(user_id: int, establishment_id: int) -> Levels:
    """What a user is in an establishment."""
    held = held_in(user_id, establishment_id).values_list("role", "subject_area_id")
    roles = {role for role, _ in held}
    return Levels(
        SCHOOL_ADMIN.code in roles,
        frozenset(subject for role, subject in held if role == LEADER.code and subject),
        FINANCE_MANAGER.code in roles,
    )


def change_to(user_id: int, establishment_id: int, wish: Levels) -> Change:
    """What makes the wish of what a user holds in an establishment now (``user_id`` of one who is
    not made yet: nothing is held). What stays is left as it is, its dates included."""
    held = list(held_in(user_id, establishment_id))
    ending, kept = [], set()
    for grant in held:
        wanted = {
            SCHOOL_ADMIN.code: wish.admin,
            LEADER.code: grant.subject_area_id in wish.subjects,
            FINANCE_MANAGER.code: wish.finance,
        }.get(grant.role, True)
        if wanted:
            kept.add((grant.role, grant.subject_area_id))
        else:
            ending.append(grant.pk)
    places: list[tuple[str, int | None]] = [(LEADER.code, id_) for id_ in sorted(wish.subjects)]
    places += [(SCHOOL_ADMIN.code, None)] * wish.admin + [
        (FINANCE_MANAGER.code, None)
    ] * wish.finance
    today = timezone.localdate()
    adding = [
        NewGrant(user_id, role, establishment_id, None, today, subject_area_id=subject)
        for role, subject in places
        if (role, subject) not in kept
    ]
    return Change(adding, ending)


def leading(subject_ids: Iterable[int]) -> QuerySet[Grant]:
    """The grants of those who lead these subject areas, by the names of the Leaders."""
    held = Grant.objects.filter(_not_over(), role=LEADER.code, subject_area_id__in=subject_ids)
    return (
        held.filter(user__gone_at__isnull=True)
        .select_related("user")
        .order_by("user__last_key", "user__first_key", "user_id", "pk")
    )


def to_lead(user_ids: Iterable[int], subject: SubjectArea) -> list[NewGrant]:
    """The grants that make these users Leaders of the subject area; nobody who leads it already."""
    leaders = set(leading([subject.pk]).values_list("user_id", flat=True))
    today = timezone.localdate()
    return [
        NewGrant(
            id_, LEADER.code, subject.establishment_id, None, today, subject_area_id=subject.pk
        )
        for id_ in sorted(set(user_ids) - leaders)
    ]


def leaders_of_all(establishment_id: int) -> list[User]:
    """Those who lead every subject area of an establishment, by name: whoever heads a year, say."""
    there = SubjectArea.objects.filter(establishment_id=establishment_id, gone_at__isnull=True)
    wanted = set(there.values_list("pk", flat=True))
    leads: dict[User, set[int | None]] = {}
    for grant in leading(wanted):
        leads.setdefault(grant.user, set()).add(grant.subject_area_id)
    return [user for user, subjects in leads.items() if wanted and subjects >= wanted]
