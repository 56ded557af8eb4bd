"""One pupil's record, who can see it, and what will change of that (NEW6)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access.holdings import restrictions_on, shows_past_care
from schoolgate.access.models import Restriction
from schoolgate.access.own_roles import known_roles
from schoolgate.access.seen_by import later
from schoolgate.access.severing import waiting_for
from schoolgate.audit.actions import viewed
from schoolgate.schools import today as register
from schoolgate.schools.models import CareEpisode, IdentifierKind, Pupil
from schoolgate.web import words
from schoolgate.web.forms.why import WhyForm
from schoolgate.web.permissions import actor, is_super_user, signed_in, visitor
from schoolgate.web.views.children import is_family_alone, is_own_child
from schoolgate.web.views.family import family_of
from schoolgate.web.views.pupils import told_of_care, visible
from schoolgate.web.views.seen_by import people


@dataclass(frozen=True)
class Blocked:
    """A restriction as the page shows it. ``state``: "Not yet", "Over" or blank."""

    restriction: Restriction
    origin: words.Origin
    state: str


@signed_in
@require_safe
def pupil(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """A pupil's record, and who can see it (NEW6). Family is led to the page of their child."""
    if is_family_alone(request, pupil_id):
        return redirect("child", pupil_id)
    child = visible(request, pupil_id)
    day = timezone.localdate()
    told = told_of_care(request, child)
    enrolments = child.enrolments.filter(register.holds(day)).select_related("establishment")
    here = {
        "pupil": child,
        "identifiers": _identifiers(child),
        "places": [(register.place_of(e), e) for e in enrolments.order_by("-starts_on", "pk")],
        "told": told,
    }
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    if told:
        here.update(_beyond_register(request, child, day))
    return render(request, "web/pupil.html", here)


def _beyond_register(request: HttpRequest, child: Pupil, day: date) -> dict[str, Any]:
    """What only a reader who is told of care is shown: that, and everybody else who sees them."""
    past_too = shows_past_care(visitor(request).pk, child.pk)
    super_user = is_super_user(request)
    episodes, known = _episodes(child, day, past_too=past_too), known_roles()
    own = is_own_child(request, child.pk)
    return {
        "in_care": _now(episodes, day),
        "past_episodes": [e for e in episodes if e.ends_on and e.ends_on < day],
        "past_too": past_too,
        "changes": [
            (change, [(words.held_as(g, known), words.place(g)) for g in change.grants])
            for change in later(child.pk)
            if not (own and all(known[g.role].is_licence for g in change.grants))
        ],
        "own_child": own,
        "restrictions": _restrictions(child, day) if super_user and not own else [],
        "super_user": super_user,
        "severance": waiting_for(child.pk) if super_user else None,
        "why_form": WhyForm() if super_user else None,
        **({} if own else family_of(request, child)),
        **people(request, child),
    }


def _restrictions(child: Pupil, day: date) -> list[Blocked]:
    found = list(restrictions_on(child.pk))
    origins = words.Origins(found)

    def state(one: Restriction) -> str:
        if one.starts_on > day:
            return "Not yet"
        return "Over" if one.ends_on is not None and one.ends_on < day else ""

    return [Blocked(one, origins.of(one), state(one)) for one in found]


def _identifiers(child: Pupil) -> list[tuple[str, str]]:
    order = list(IdentifierKind)
    found = child.identifiers.filter(ended_at__isnull=True).order_by("pk")
    return [
        (IdentifierKind(i.kind).label, i.value)
        for i in sorted(found, key=lambda i: order.index(IdentifierKind(i.kind)))
    ]


def _episodes(child: Pupil, day: date, *, past_too: bool) -> list[CareEpisode]:
    """The episodes that the reader's roles show, newest first."""
    episodes = child.care_episodes.filter(ended_at__isnull=True, starts_on__lte=day)
    if not past_too:
        episodes = episodes.filter(register.holds(day))
    return list(episodes.order_by("-starts_on", "-pk"))


def _now(episodes: list[CareEpisode], day: date) -> CareEpisode | None:
    return next((e for e in episodes if e.ends_on is None or e.ends_on >= day), None)
