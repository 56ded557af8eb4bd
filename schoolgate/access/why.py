"""Why can, or can't, this user see this child? (NEW6)

The answer itself comes from access/scope.py; this room only finds what bears on it and puts it in
words. It tells of care, so it is for those who may see everything of the child.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.access import relations, scope
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.own_roles import role_of
from schoolgate.access.roles import Opens, Over
from schoolgate.kit import bulk, dates
from schoolgate.kit.records import Dated, Ending
from schoolgate.people.models import User
from schoolgate.schools.models import CareEpisode, ClassMembership, Enrolment, Pupil

BY_DAY = ("starts_on", "pk")
SLEEPS = "sleeps: this person is inactive at that school"
SLEEPS_ELSEWHERE = "sleeps: this person is inactive at that school, where this child is not on roll"


@dataclass(frozen=True)
class Bearing:
    """A grant of the user, whether it reaches the pupil, and why (or why not) in a few words."""

    grant: Grant
    reaches: bool
    reason: str


@dataclass(frozen=True)
class Aside:
    """A record that does not count for the answer, and why not in a few words."""

    record: Restriction | Denial | Enrolment | CareEpisode | Grant
    reason: str


@dataclass(frozen=True)
class Why:
    """The answer for one user and one pupil, and everything that bears on it.

    ``sleeping``: denials over establishments; what the user holds there sleeps.
    ``aside``: restrictions and denials that were on record once and do not count now.
    ``child``: where the child is and was on roll, and in care, with what became of each.
    ``kept_out``: they cannot sign in now, because parent access is off for all of their children
    (which ends no link, and so is no part of the answer).
    ``since``: grants and restrictions recorded after the moment that was asked about, for days
    before it. They count for nothing in the answer.
    """

    user: User
    pupil: Pupil
    answer: bool
    grants: list[Bearing]
    restrictions: list[Restriction]
    denial: Denial | None
    sleeping: Sequence[Denial] = ()
    user_is_there: bool = True
    pupil_is_there: bool = True
    aside: Sequence[Aside] = ()
    child: Sequence[Aside] = ()
    since: Sequence[Aside] = ()
    kept_out: bool = False

    def sentence(self) -> str:
        """The answer in one sentence that begins with Yes or No."""
        if self.answer:
            return f"Yes, {self.user} can see {self.pupil}."
        return f"No, {self.user} cannot see {self.pupil}: {self._obstacle()}."

    def _obstacle(self) -> str:
        if not self.user_is_there:
            return "they were not a user then, or are not one any more"
        if not self.pupil_is_there:
            return "the child was not on the register then, or is not any more"
        if self.denial:
            return "they have been made inactive"
        if self.restrictions:
            return "a restriction stands between them"
        if any(bearing.reason == SLEEPS for bearing in self.grants):
            return "what they hold at the child's school sleeps: they have been made inactive there"
        return "nothing that they have been given reaches this child"


def why(user_id: int, pupil_id: int, as_at: datetime | None = None) -> Why:
    """Whether the user may see the pupil, now or at ``as_at``, and what bears on it."""
    moment = as_at or timezone.now()
    day = dates.day_of(moment)
    user, pupil = User.objects.get(pk=user_id), Pupil.objects.get(pk=pupil_id)
    reaching = scope.grants_that_reach(user_id, pupil_id, as_at)
    known = Q(recorded_at__lte=moment) & (Q(ended_at__isnull=True) | Q(ended_at__gt=moment))
    holding = known & Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))
    rolls = Enrolment.objects.filter(holding, pupil_id=pupil_id)
    denials = list(
        Denial.objects.filter(known, user_id=user_id).select_related("establishment").order_by("pk")
    )
    sleeping = [denial for denial in denials if denial.establishment_id is not None]
    there = _There(
        schools=set(rolls.values_list("establishment_id", flat=True)),
        in_care=CareEpisode.objects.filter(holding, pupil_id=pupil_id).exists(),
        classes=set(
            ClassMembership.objects.filter(holding, pupil_id=pupil_id).values_list(
                "school_class_id", flat=True
            )
        ),
        asleep={denial.establishment_id for denial in sleeping},
    )
    return Why(
        user=user,
        pupil=pupil,
        answer=scope.may_see(user_id, pupil_id, as_at),
        grants=[
            Bearing(grant, grant.pk in reaching, _reason(grant, grant.pk in reaching, day, there))
            for grant in _bearing(user_id, pupil_id, moment)
        ],
        restrictions=list(
            Restriction.objects.filter(holding, user_id=user_id, pupil_id=pupil_id).order_by("pk")
        ),
        denial=next((denial for denial in denials if denial.establishment_id is None), None),
        sleeping=sleeping,
        user_is_there=_was_there(user.recorded_at, user.gone_at, moment),
        pupil_is_there=pupil.gone_how != Ending.SEVERED
        and _was_there(pupil.recorded_at, pupil.gone_at, moment),
        aside=_aside(user_id, pupil_id, moment),
        child=_child(pupil_id, moment),
        since=_since(user_id, pupil_id, moment) if as_at else [],
        kept_out=as_at is None and _is_kept_out(user_id),
    )


def _is_kept_out(user_id: int) -> bool:
    kept = relations.kept_out("u.id")
    return bool(bulk.select(f"SELECT 1 FROM people_user u WHERE u.id = %s AND {kept}", [user_id]))


def _aside(user_id: int, pupil_id: int, moment: datetime) -> list[Aside]:
    restrictions = Restriction.objects.filter(
        user_id=user_id, pupil_id=pupil_id, recorded_at__lte=moment
    )
    denials = Denial.objects.filter(user_id=user_id, recorded_at__lte=moment, ended_at__lte=moment)
    return [
        *(
            Aside(one, reason)
            for one in restrictions.order_by(*BY_DAY)
            if (reason := _over(one, moment, ended="lifted"))
        ),
        *(
            Aside(denial, f"until {dates.in_words(dates.day_of(denial.ended_at))}")
            for denial in denials.select_related("establishment").order_by("pk")
            if denial.ended_at
        ),
    ]


def _child(pupil_id: int, moment: datetime) -> list[Aside]:
    rolls = Enrolment.objects.filter(pupil_id=pupil_id, recorded_at__lte=moment)
    episodes = CareEpisode.objects.filter(pupil_id=pupil_id, recorded_at__lte=moment)
    return [
        *(
            Aside(r, _over(r, moment))
            for r in rolls.select_related("establishment").order_by(*BY_DAY)
        ),
        *(Aside(e, _over(e, moment)) for e in episodes.order_by(*BY_DAY)),
    ]


def _since(user_id: int, pupil_id: int, moment: datetime) -> list[Aside]:
    day = dates.day_of(moment)
    later = Q(recorded_at__gt=moment, starts_on__lte=day, user_id=user_id)
    over = Q(pupil_id=pupil_id) | Q(pupil__isnull=True)
    grants = Grant.objects.filter(later & over).select_related(
        "establishment", "subject_area", "school_class"
    )
    restrictions = Restriction.objects.filter(later, pupil_id=pupil_id)
    return [
        *(Aside(grant, "") for grant in grants.order_by(*BY_DAY)),
        *(Aside(restriction, "") for restriction in restrictions.order_by(*BY_DAY)),
    ]


def _over(record: Dated, moment: datetime, *, ended: str = "ended") -> str:
    """Why a record does not hold at the moment; blank where it does."""
    day = dates.day_of(moment)
    if record.ended_at is not None and record.ended_at <= moment:
        how = {
            Ending.REPLACED: "replaced",
            Ending.UNDONE: "undone",
            Ending.MERGED: "moved to the user with whom this one was merged",
        }.get(Ending(record.ended_how), ended)
        return f"{how} on {dates.in_words(dates.day_of(record.ended_at))}"
    if record.starts_on > day:
        return f"begins on {dates.in_words(record.starts_on)}"
    if record.ends_on is not None and record.ends_on < day:
        return f"ended on {dates.in_words(record.ends_on)}"
    return ""


def _was_there(recorded_at: datetime, gone_at: datetime | None, moment: datetime) -> bool:
    return recorded_at <= moment and (gone_at is None or gone_at > moment)


def _bearing(user_id: int, pupil_id: int, moment: datetime) -> QuerySet[Grant]:
    """What the user had been given up to then over the pupil, an establishment or all."""
    return (
        Grant.objects.filter(user_id=user_id, recorded_at__lte=moment)
        .filter(Q(pupil_id=pupil_id) | Q(pupil__isnull=True))
        .select_related("establishment", "subject_area", "school_class", "pupil", "user")
        .order_by("starts_on", "pk")
    )


@dataclass(frozen=True)
class _There:
    """Where the child is on roll on the day (ids of establishments), whether in care, and in which
    classes; and at which establishments the user is denied."""

    schools: set[int | None]
    in_care: bool
    classes: set[int]
    asleep: set[int | None]


_ENDED: dict[str, str] = {
    Ending.REMOVED: "removed",
    Ending.MERGED: "moved to the user with whom this one was merged",
}


def _reason(grant: Grant, reaches: bool, day: date, there: _There) -> str:
    if reaches:
        return "reaches this child"
    if grant.ended_at is not None and dates.day_of(grant.ended_at) <= day:
        how = _ENDED.get(grant.ended_how, "ended")
        return f"was {how} on {dates.in_words(dates.day_of(grant.ended_at))}"
    if grant.starts_on > day:
        return f"begins on {dates.in_words(grant.starts_on)}"
    if grant.ends_on is not None and grant.ends_on < day:
        return f"ended on {dates.in_words(grant.ends_on)}"
    if grant.establishment_id is not None and grant.establishment_id in there.asleep:
        return SLEEPS if grant.establishment_id in there.schools else SLEEPS_ELSEWHERE
    role = role_of(grant.role)
    if role.opens is Opens.NOBODY:
        return "opens no child"
    if role.over in (Over.ESTABLISHMENT, Over.SUBJECT_AREA, Over.CLASS):
        if grant.establishment_id is None:
            return "waits for a school: none is known yet"
        if grant.establishment_id not in there.schools:
            return "this child is not on roll there"
    if role.opens is Opens.IN_CARE_ON_ROLL and not there.in_care:
        return "this child is on roll there and not in care"
    if role.opens is Opens.IN_THE_CLASS and grant.school_class_id not in there.classes:
        return "this child is not in that class"
    if role.opens is Opens.IN_ITS_CLASSES:
        return "this child is in no class of that subject area"
    if role.over is Over.ORGANISATION and grant.pupil_id is not None:
        return "puts this child first in their list; opens nothing by itself"
    return "does not reach this child"
