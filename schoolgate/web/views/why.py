"""Why can, or can't, this person see this child? (NEW6)"""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.why import why
from schoolgate.audit.actions import viewed
from schoolgate.kit.dates import end_of
from schoolgate.people.models import User
from schoolgate.web import words
from schoolgate.web.forms.why import WhyForm
from schoolgate.web.permissions import actor, only_super_user
from schoolgate.web.views.pupils import visible


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Takes the question. The answer's address has ids only, so that no log learns a name."""
    child = visible(request, pupil_id)
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        address = reverse("why", args=[child.pk, form.cleaned_data["user"].pk])
        day = form.cleaned_data["on"]
        return redirect(f"{address}?on={day.isoformat()}" if day else address)
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(request, "web/why_ask.html", {"pupil": child, "form": form})


@only_super_user
@require_safe
def answer(request: HttpRequest, pupil_id: int, user_id: int) -> HttpResponse:
    """Yes or no, and every grant and restriction that bears on it."""
    child = visible(request, pupil_id)
    if not User.objects.filter(pk=user_id).exists():
        raise Http404
    day = _day(request.GET.get("on", ""))
    found = why(user_id, child.pk, end_of(day) if day else None)
    origins = words.Origins([b.grant for b in found.grants])
    viewed(by=actor(request), kind="why", object_id=child.pk, pupil_ids=[child.pk])
    return render(
        request,
        "web/why.html",
        {
            "pupil": child,
            "why": found,
            "sentence": found.sentence(),
            "day": day,
            "bearings": [
                (b, words.role_name(b.grant.role), words.place(b.grant), origins.of(b.grant))
                for b in found.grants
            ],
            "form": WhyForm(),
        },
    )


def _day(text: str) -> date | None:
    """The past day that the address names; none for today, or for what is no such day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day < timezone.localdate() else None
