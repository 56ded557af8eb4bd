"""My pupils, and one pupil's record."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.access.holdings import assigned_to, restrictions_on, shows_past_care
from schoolgate.access.models import Grant
from schoolgate.audit.actions import viewed
from schoolgate.kit.names import identifier_key, name_key
from schoolgate.people.models import User
from schoolgate.schools import today as register
from schoolgate.schools.models import CareEpisode, IdentifierKind, Pupil, PupilIdentifier
from schoolgate.web import words
from schoolgate.web.forms.why import WhyForm
from schoolgate.web.paging import beginning, page_of, sought
from schoolgate.web.permissions import actor, is_super_user, signed_in, visitor

ORDER = ("last_key", "first_key", "pk")


@dataclass(frozen=True)
class Line:
    """A pupil as a list shows them."""

    pupil: Pupil
    upn: str
    schools: list[str]
    in_care: bool
    is_assigned: bool


@dataclass(frozen=True)
class Seen:
    """A user who can see the pupil, and one grant through which."""

    user: User
    role: str
    place: str
    origin: words.Origin
    grant: Grant


@signed_in
@require_safe
def my_pupils(request: HttpRequest) -> HttpResponse:
    """The pupils whom the reader may see: those assigned to them first, then by surname (LAC7)."""
    user, day = visitor(request), timezone.localdate()
    wanted = sought(request)
    pupils = named(scope.pupils_visible_to(user.pk), wanted)
    assigned = assigned_to(user.pk, day)
    page = page_of(
        request,
        [
            register.with_register(pupils.filter(pk__in=assigned), day),
            register.with_register(pupils.exclude(pk__in=assigned), day),
        ],
        ORDER,
    )
    first = set(assigned.filter(pk__in=[p.pk for p in page.rows]).values_list("pk", flat=True))
    lines = [line(pupil, is_assigned=pupil.pk in first) for pupil in page.rows]
    viewed(by=actor(request), kind="list", object_id=None, pupil_ids=[p.pk for p in page.rows])
    return render(
        request,
        "web/my_pupils.html",
        {
            "lines": lines,
            "page": page,
            "q": wanted,
            "any_assigned": bool(first),
            "search_label": "Search by last name or UPN",
        },
    )


@signed_in
@require_safe
def pupil(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """A pupil's record, and who can see it (NEW6)."""
    child = visible(request, pupil_id)
    user, day = visitor(request), timezone.localdate()
    openings = scope.users_who_can_see(child.pk)
    restrictions = list(restrictions_on(child.pk)) if is_super_user(request) else []
    origins = words.Origins([*(o.grant for o in openings), *restrictions])
    enrolments = child.enrolments.filter(register.holds(day)).select_related("establishment")
    episodes = _episodes(user, child)
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(
        request,
        "web/pupil.html",
        {
            "pupil": child,
            "identifiers": _identifiers(child),
            "places": [(register.place_of(e), e) for e in enrolments.order_by("-starts_on", "pk")],
            "in_care": _now(episodes, day),
            "past_episodes": [e for e in episodes if e.ends_on and e.ends_on < day],
            "seen_by": [
                Seen(
                    o.user,
                    words.role_name(o.grant.role),
                    words.place(o.grant),
                    origins.of(o.grant),
                    o.grant,
                )
                for o in openings
            ],
            "restrictions": [(r, origins.of(r)) for r in restrictions],
            "today": day,
            "super_user": is_super_user(request),
            "why_form": WhyForm() if is_super_user(request) else None,
        },
    )


def visible(request: HttpRequest, pupil_id: int) -> Pupil:
    """The pupil, through scope; Http404 for one whom the reader may not see, as for none."""
    found = scope.pupils_visible_to(visitor(request).pk).filter(pk=pupil_id).first()
    if found is None:
        raise Http404
    return found


def named(pupils: QuerySet[Pupil], wanted: str) -> QuerySet[Pupil]:
    """Those of ``pupils`` whose last name or UPN (a former one too) begins with ``wanted``.

    Two words are also read as a first and a last name, in either order.
    """
    if not wanted:
        return pupils
    found = Q()
    if key := name_key(wanted):
        found |= beginning("last_key", key)
    parts = [name_key(part) for part in wanted.replace(",", " ").split()]
    if len(parts) > 1 and parts[0] and parts[-1]:
        found |= beginning("first_key", parts[0]) & beginning("last_key", parts[-1])
        found |= beginning("first_key", parts[-1]) & beginning("last_key", parts[0])
    if number := identifier_key(wanted):
        bearing = PupilIdentifier.objects.filter(
            beginning("value_key", number),
            kind__in=[IdentifierKind.UPN, IdentifierKind.FORMER_UPN],
            ended_at__isnull=True,
        )
        found |= Q(pk__in=bearing.values("pupil_id"))
    return pupils.filter(found) if found else pupils.none()


def line(pupil: Pupil, *, is_assigned: bool = False) -> Line:
    """A pupil from ``register.with_register`` as a list shows them."""
    return Line(
        pupil,
        register.upn(pupil),
        register.schools(pupil),
        register.in_care_since(pupil) is not None,
        is_assigned,
    )


def _identifiers(child: Pupil) -> list[tuple[str, str]]:
    order = list(IdentifierKind)
    found = child.identifiers.filter(ended_at__isnull=True).order_by("pk")
    return [
        (IdentifierKind(i.kind).label, i.value)
        for i in sorted(found, key=lambda i: order.index(IdentifierKind(i.kind)))
    ]


def _episodes(user: User, child: Pupil) -> list[CareEpisode]:
    """The episodes that the reader's roles show, newest first."""
    day = timezone.localdate()
    episodes = child.care_episodes.filter(ended_at__isnull=True, starts_on__lte=day)
    if not shows_past_care(user.pk, child.pk):
        episodes = episodes.filter(register.holds(day))
    return list(episodes.order_by("-starts_on", "-pk"))


def _now(episodes: list[CareEpisode], day: date) -> CareEpisode | None:
    return next((e for e in episodes if e.ends_on is None or e.ends_on >= day), None)
