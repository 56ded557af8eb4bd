"""Offboard leavers (PP11): who is proposed, what each will lose, and then it is done, in bulk.

One page for a school's staff and one for all users. The first page takes the ticks; the second, in
answer to its form, shows what would go and carries the ids and a mark of what was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from schoolgate.access import leaving, scope
from schoolgate.access.holdings import users_with_status
from schoolgate.access.offboarding import Sorted, Step, offboard, sort_out
from schoolgate.access.proposals import deciding
from schoolgate.access.staff_list import staff_of
from schoolgate.audit.actions import viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import StaffRecord, SyncStatus, User
from schoolgate.schools.models import Establishment
from schoolgate.web.forms.users_filter import UserFilters
from schoolgate.web.paging import page_of, sought
from schoolgate.web.permissions import actor, only_super_user, runs_school, visitor
from schoolgate.web.search import called
from schoolgate.web.views.user_preview import CHANGED, LISTED, Children
from schoolgate.web.views.users import status_of

AT_MOST = 10_000  # users of one step
ON_A_PAGE = 50
NAME = ("last_key", "first_key", "pk")
_DONE = {
    Step.MAKE_INACTIVE: "now inactive",
    Step.DELETE: "deleted",
    Step.TAKE_OFF: "off the staff",
    Step.REACTIVATE: "active again",
}


@dataclass(frozen=True)
class Loss:
    """Somebody who leaves, and what they would no longer see: a number, or None for everyone."""

    user: User
    pupils: int | None


@dataclass(frozen=True)
class Shown:
    """What would go with leavers, as far as the reader may know it: see parts/leaving.html."""

    lines: Sequence[Loss]
    count: int
    alone: Children
    mark: str

    @property
    def more(self) -> int:
        return self.count - len(self.lines)

    @property
    def named(self) -> list[int]:
        """The children whom the page names."""
        return [pupil.pk for pupil in self.alone.first]


def shown(
    request: HttpRequest, user_ids: Sequence[int], establishment_id: int | None = None
) -> Shown:
    """What goes when these users are made inactive or deleted; with ``establishment_id``, when what
    they hold there sleeps or is taken away."""
    reader = visitor(request).pk
    told = leaving.of(user_ids, reader_id=reader, establishment_id=establishment_id)
    first = User.objects.filter(pk__in=user_ids).order_by(*NAME)[:LISTED]
    mine = scope.pupils_by_work(reader)
    named = mine.filter(pk__in=told.alone[:AT_MOST]).order_by(*NAME)[:LISTED]
    return Shown(
        [Loss(user, told.losses.get(user.pk, 0)) for user in first],
        len(user_ids),
        Children(told.alone, list(named)),
        repr((sorted(told.losses.items()), told.alone)),
    )


@dataclass(frozen=True)
class _Place:
    """Where people leave: a school, or the organisation (None)."""

    school: Establishment | None

    @property
    def id(self) -> int | None:
        return self.school.pk if self.school else None

    @property
    def address(self) -> str:
        if self.school:
            return reverse("school-staff-leavers", args=[self.school.pk])
        return reverse("leavers")

    @property
    def back(self) -> str:
        return reverse("school-staff", args=[self.school.pk]) if self.school else reverse("users")

    def not_syncing(self) -> QuerySet[StaffRecord]:
        """The staff records here of those who have left the MIS, or lack an address there."""
        live = StaffRecord.objects.filter(sync=SyncStatus.NOT_SYNCING, ended_at__isnull=True)
        return live.filter(establishment=self.school) if self.school else live

    def users(self) -> QuerySet[User]:
        """Everybody who may leave here, with their status, and whether they are ``not_syncing``."""
        there = staff_of(self.school.pk) if self.school else users_with_status()
        return there.annotate(not_syncing=Exists(self.not_syncing().filter(user=OuterRef("pk"))))

    def over(self, step: Step) -> int | None:
        """Over which establishment a step is done; None for one that is for good, everywhere."""
        return None if step is Step.DELETE else self.id

    def steps(self) -> list[Step]:
        return [step for step in Step if self.school or step is not Step.TAKE_OFF]


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def leavers(request: HttpRequest) -> HttpResponse:
    """Offboards users, for LA Super Users."""
    return _offboarding(request, _Place(None))


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def school_leavers(request: HttpRequest, school: Establishment) -> HttpResponse:
    """Offboards staff of a school: what they hold there."""
    return _offboarding(request, _Place(school))


def _offboarding(request: HttpRequest, place: _Place) -> HttpResponse:
    if request.method != "POST":
        return _list(request, place)
    step = next((one for one in place.steps() if one.value == request.POST.get("do")), None)
    ids = _wanted(request, place)
    if step is None or not ids:
        return _list(request, place, failed="Choose what to do." if ids else "Tick somebody first.")
    if len(ids) > AT_MOST:
        return _list(request, place, failed=f"Choose fewer: no more than {AT_MOST:,} at a time.")
    if request.POST.get("step") != "save":
        return _ask(request, place, step, ids)
    return _save(request, place, step, ids)


def _wanted(request: HttpRequest, place: _Place) -> list[int]:
    """The ids that the form carries, of users who are here: those ticked, or those of a group."""
    carried = request.POST.get("ids", "").split(".") + request.POST.getlist("tick")
    ids = {int(one) for one in carried if one.isascii() and one.isdigit() and len(one) < 18}
    users = place.users()
    if request.POST.get("who") == "not-syncing":
        found = users.filter(Q(not_syncing=True) | Q(pk__in=ids))
    elif request.POST.get("who") == "match" and not place.school:
        found = _found(request, users)
    else:
        found = users.filter(pk__in=sorted(ids)[:AT_MOST])
    return sorted(found.order_by().values_list("pk", flat=True)[: AT_MOST + 1])


def _found(request: HttpRequest, users: QuerySet[User]) -> QuerySet[User]:
    """Those whom the search, and for LA Super Users the filters, let through."""
    return UserFilters(request.GET).applied_to(called(users, sought(request)))


def _list(request: HttpRequest, place: _Place, *, failed: str = "") -> HttpResponse:
    """Those who are not syncing first, then everybody else."""
    words = sought(request)
    users = _found(request, place.users())
    asked = request.POST if request.method == "POST" else request.GET
    ticked = {int(one) for one in asked.getlist("tick") if one.isascii() and one.isdigit()}
    first = Q(not_syncing=True) | Q(pk__in=sorted(ticked)[:ON_A_PAGE])
    page = page_of(request, [users.filter(first), users.exclude(first)], NAME, size=ON_A_PAGE)
    filters = None if place.school else UserFilters(request.GET)
    return render(
        request,
        "web/leavers.html",
        {
            "place": place,
            "school": place.school,
            "page": page,
            "rows": [(user, status_of(user), user.not_syncing) for user in page.rows],  # type: ignore[attr-defined]
            "any_not_syncing": place.not_syncing().exists(),
            "ticked": ticked,
            "steps": [step.value for step in place.steps()],
            "chosen": asked.get("do") or Step.MAKE_INACTIVE.value,
            "q": words,
            "search_label": "Search by last name, e-mail address or user name",
            "any_wanted": bool(words or (filters and filters.chosen)),
            "filtered": [label for _, _, label in filters.chosen] if filters else [],
            "failed": failed,
        },
    )


def _ask(
    request: HttpRequest, place: _Place, step: Step, ids: Sequence[int], *, failed: str = ""
) -> HttpResponse:
    """Shows what would go with them, and whom it leaves out and why."""
    told = sort_out(step, ids, by=actor(request), establishment_id=place.id)
    seen = _seen(request, place, step, told)
    viewed(by=actor(request), kind="question", object_id=None, pupil_ids=seen.named)
    first = User.objects.in_bulk([pk for ids in told.left_out.values() for pk in ids[:LISTED]])
    return render(
        request,
        "web/leavers_ask.html",
        {
            "place": place,
            "school": place.school,
            "step": step.value,
            "ids": ".".join(map(str, ids)),
            "ready": len(told.ready),
            "shown": _mark(told, seen),
            "leaving": seen,
            "left_out": [
                (reason, len(out), [first[pk] for pk in out[:LISTED] if pk in first])
                for reason, out in told.left_out.items()
            ],
            "failed": failed,
        },
    )


def _seen(request: HttpRequest, place: _Place, step: Step, told: Sorted) -> Shown:
    if step is Step.REACTIVATE:
        first = User.objects.filter(pk__in=told.ready).order_by(*NAME)[:LISTED]
        none = Children([], [])
        return Shown([Loss(user, 0) for user in first], len(told.ready), none, "")
    return shown(request, told.ready, place.over(step))


def _mark(told: Sorted, seen: Shown) -> str:
    return told.mark(seen.mark)


def _save(request: HttpRequest, place: _Place, step: Step, ids: Sequence[int]) -> HttpResponse:
    """Does it, if it is still what was shown; else shows it again."""
    by = actor(request)
    try:
        with deciding(by=by):
            told = sort_out(step, ids, by=by, establishment_id=place.id)
            seen = _seen(request, place, step, told)
            if request.POST.get("shown") != _mark(told, seen):
                raise Refusal(CHANGED)
            if told.ready:
                offboard(step, told.ready, by=by, establishment_id=place.over(step))
    except Refusal as refusal:
        return _ask(request, place, step, ids, failed=str(refusal))
    if told.ready:
        who = "1 person is" if len(told.ready) == 1 else f"{len(told.ready):,} people are"
        messages.success(request, f"{who} {_DONE[step]}.")
    return redirect(place.back)
