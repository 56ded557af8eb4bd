"""My pupils, and one pupil's record."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.access.holdings import assigned_to, care_shown
from schoolgate.audit.actions import viewed
from schoolgate.schools import today as register
from schoolgate.schools.models import Pupil
from schoolgate.web.forms.pupils import PupilFilters
from schoolgate.web.paging import page_of, sought
from schoolgate.web.permissions import actor, is_family_only, signed_in, visitor
from schoolgate.web.search import named

ORDER = ("last_key", "first_key", "pk")


@dataclass(frozen=True)
class Line:
    """A pupil as a list shows them. ``in_care``: so that the reader may know of it."""

    pupil: Pupil
    upn: str
    schools: list[str]
    in_care: bool
    is_assigned: bool


@signed_in
@require_safe
def my_pupils(request: HttpRequest) -> HttpResponse:
    """The pupils whom the reader may see: those assigned to them first, then by surname (LAC7).

    Not those whom they see by a licence alone; whoever has no others is led to their children."""
    if is_family_only(request):
        return redirect("children")
    user, day = visitor(request), timezone.localdate()
    wanted = sought(request)
    pupils = named(scope.pupils_by_work(user.pk), wanted)
    # Whoever sees some pupils only because of care must not learn of it by a filter either.
    filters = PupilFilters(request.GET) if scope.sees_every_pupil(user.pk) else None
    if filters is not None:
        pupils = filters.applied_to(pupils, day)
    assigned = assigned_to(user.pk, day)
    page = page_of(
        request,
        [
            register.with_register(pupils.filter(pk__in=assigned), day),
            register.with_register(pupils.exclude(pk__in=assigned), day),
        ],
        ORDER,
    )
    shown = Pupil.objects.filter(pk__in=[pupil.pk for pupil in page.rows])
    first = set(assigned.filter(pk__in=shown.values("pk")).values_list("pk", flat=True))
    told = set(care_shown(user.pk, shown).values_list("pk", flat=True))
    lines = [
        line(pupil, is_assigned=pupil.pk in first, care=pupil.pk in told) for pupil in page.rows
    ]
    viewed(by=actor(request), kind="list", object_id=None, pupil_ids=[p.pk for p in page.rows])
    return render(
        request,
        "web/my_pupils.html",
        {
            "lines": lines,
            "page": page,
            "q": wanted,
            "filters": filters,
            "search_label": "Search by last name or UPN",
        },
    )


def visible(request: HttpRequest, pupil_id: int) -> Pupil:
    """The pupil whose record the reader may see; Http404 for any other, as for none, and for one
    whom they see by a licence alone."""
    found = scope.pupils_by_work(visitor(request).pk).filter(pk=pupil_id).first()
    if found is None:
        raise Http404
    return found


def told_of_care(request: HttpRequest, pupil: Pupil) -> bool:
    """Whether the reader may know of this pupil, whom they see, if they are in care, and who works
    with them: not when they see them by the register alone."""
    return care_shown(visitor(request).pk, Pupil.objects.filter(pk=pupil.pk)).exists()


def line(pupil: Pupil, *, is_assigned: bool = False, care: bool = False) -> Line:
    """A pupil from ``register.with_register`` as a list shows them; ``care``: whether the reader
    may know of it (see :func:`told_of_care`)."""
    return Line(
        pupil,
        register.upn(pupil),
        register.schools(pupil),
        care and register.in_care_since(pupil) is not None,
        is_assigned,
    )
