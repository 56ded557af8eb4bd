"""Why can, or can't, this person see this child? (NEW6)"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import scope
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.own_roles import known_roles
from schoolgate.access.roles import Role
from schoolgate.access.why import Aside, Why, why
from schoolgate.audit.actions import viewed
from schoolgate.kit.dates import end_of
from schoolgate.people.models import User
from schoolgate.schools.models import CareEpisode, Enrolment
from schoolgate.schools.today import place_of
from schoolgate.web import words
from schoolgate.web.forms.why import WhyForm, WhyPupilForm
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.pupils import visible
from schoolgate.web.views.user import there


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Takes the question. The answer's address has ids only, so that no log learns a name."""
    child = visible(request, pupil_id)
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _answered(child.pk, form.cleaned_data["user"].pk, form.cleaned_data["on"])
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(request, "web/why_ask.html", {"pupil": child, "form": form})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def ask_of_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """The same question from a user's page: about a pupil whom the reader may see."""
    person = there(user_id)
    pupils = scope.pupils_visible_to(visitor(request).pk)
    form = WhyPupilForm(request.POST or None, pupils=pupils)
    if request.method == "POST" and form.is_valid():
        return _answered(form.cleaned_data["pupil"].pk, person.pk, form.cleaned_data["on"])
    offered = [int(number) for number, _ in form.fields["pupil"].widget.found]
    viewed(by=actor(request), kind="user", object_id=person.pk, pupil_ids=offered)
    return render(request, "web/why_user.html", {"person": person, "form": form})


def _answered(pupil_id: int, user_id: int, day: date | None) -> HttpResponse:
    address = reverse("why", args=[pupil_id, user_id])
    return redirect(f"{address}?on={day.isoformat()}" if day else address)


@only_super_user
@require_safe
def answer(request: HttpRequest, pupil_id: int, user_id: int) -> HttpResponse:
    """Yes or no, and every grant and restriction that bears on it."""
    child = visible(request, pupil_id)
    if not User.objects.filter(pk=user_id).exists():
        raise Http404
    day = _day(request.GET.get("on", ""))
    found = why(user_id, child.pk, end_of(day) if day else None)
    viewed(by=actor(request), kind="why", object_id=child.pk, pupil_ids=[child.pk])
    return render(
        request,
        "web/why.html",
        {
            "pupil": child,
            "why": found,
            "sentence": found.sentence(),
            "day": day,
            "form": WhyForm(initial={"on": f"{day:%d/%m/%Y}"} if day else None),
            **_records(found, end_of(day) if day else timezone.now()),
        },
    )


def _records(found: Why, moment: datetime) -> dict[str, Any]:
    """What bears on the answer, each with where it came from and what became of it."""
    grants = [bearing.grant for bearing in found.grants]
    asides = [*found.aside, *found.child, *found.since]
    denials = [*([found.denial] if found.denial else []), *found.sleeping]
    origins = words.Origins([*grants, *found.restrictions, *denials, *(a.record for a in asides)])

    known = known_roles()

    def told(aside: Aside) -> dict[str, Any]:
        record = aside.record
        return {
            "record": record,
            "what": _what(record, known),
            "since": record.recorded_at if isinstance(record, Denial) else record.starts_on,
            "until": record.ended_at if isinstance(record, Denial) else record.ends_on,
            "reason": aside.reason,
            "origin": origins.of(record),
            "ending": origins.ending(record),
        }

    return {
        "bearings": [
            {
                "bearing": bearing,
                "role": words.held_as(bearing.grant, known),
                "place": words.place(bearing.grant),
                "origin": origins.of(bearing.grant),
                "ending": origins.ending(bearing.grant),
                "ended_later": bearing.grant.ended_at and bearing.grant.ended_at > moment,
            }
            for bearing in found.grants
        ],
        "in_force": [(r, origins.of(r), origins.ending(r)) for r in found.restrictions],
        "sleeping": [(denial, origins.of(denial)) for denial in found.sleeping],
        "denied_by": origins.of(found.denial) if found.denial else None,
        "aside": [told(aside) for aside in found.aside],
        "child": [told(aside) for aside in found.child],
        "since": [told(aside) for aside in found.since],
    }


def _what(
    record: Restriction | Denial | Enrolment | CareEpisode | Grant, known: Mapping[str, Role]
) -> str:
    match record:
        case Restriction():
            return f"Restriction: {record.reason}"
        case Denial():
            where = f" at {record.establishment.name}" if record.establishment else ""
            return f"Made inactive{where}"
        case Enrolment():
            return f"On roll at {place_of(record)}" if record.establishment else place_of(record)
        case CareEpisode():
            return "In care"
    return f"{words.held_as(record, known)}, {words.place(record)}"


def _day(text: str) -> date | None:
    """The past day that the address names; none for today, or for what is no such day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day < timezone.localdate() else None
