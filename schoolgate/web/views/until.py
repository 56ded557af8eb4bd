"""Access until a date: the last day of what somebody holds, and whose access ends soon."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import ends
from schoolgate.access.holdings import grants_of
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import known_roles
from schoolgate.access.proposals import deciding
from schoolgate.access.staff_list import staff_of
from schoolgate.kit import dates
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web import words
from schoolgate.web.components import DayField, Ticks
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, runs_school
from schoolgate.web.views.user import there
from schoolgate.web.views.user_preview import CHANGED

SOON = timedelta(days=60)


class UntilForm(forms.Form):
    """Which of the roles, and until when."""

    what = forms.MultipleChoiceField(
        label="What ends?",
        widget=Ticks,
        error_messages={
            "required": "Tick what the day is for.",
            "invalid_choice": "Tick what the day is for: one of the ticks is there no more.",
        },
    )
    last_day = DayField(
        label="Last day",
        required=False,
        help_text="They still have it on that day. Leave empty for no end. For example 21/11/2026",
    )


@dataclass(frozen=True)
class Line:
    """One tick: a role over a place, or all the pupils linked under a role."""

    key: str
    label: str
    grants: Sequence[Grant]

    @property
    def ends(self) -> str:
        """When it ends, in words."""
        days = sorted({grant.ends_on or date.max for grant in self.grants})
        last = ", ".join("no end" if d == date.max else dates.in_words(d) for d in days[:3])
        return f"until {last}" if days[0] != date.max else "no end"


def lines_of(held: QuerySet[Grant]) -> list[Line]:
    """What somebody holds as ticks: the roles first, then the pupils of each role together."""
    known = known_roles()
    lines: list[Line] = []
    linked: dict[str, list[Grant]] = {}
    for grant in held.order_by("role", "establishment__name_key", "starts_on", "pk"):
        if grant.pupil_id is None:
            label = f"{words.role_name(grant.role, known)}, {words.place(grant)}"
            lines.append(Line(f"grant-{grant.pk}", label, [grant]))
        else:
            linked.setdefault(grant.role, []).append(grant)
    for role, grants in linked.items():
        count = "1 pupil" if len(grants) == 1 else f"{len(grants):,} pupils"
        lines.append(
            Line(f"role-{role}", f"{words.role_name(role, known)}, {count} linked", grants)
        )
    return lines


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def user_until(request: HttpRequest, user_id: int) -> HttpResponse:
    """The last day of all or some of what a user holds, for LA Super Users."""
    return _until(request, there(user_id), None)


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def school_until(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    """The same for what a member of staff holds at a school."""
    person = staff_of(school.pk).filter(pk=user_id).first()
    if person is None:
        raise Http404
    return _until(request, person, school)


def _until(request: HttpRequest, person: User, school: Establishment | None) -> HttpResponse:
    back = reverse("school-staff", args=[school.pk]) if school else _page_of(person)
    lines = lines_of(_held(person, school))
    form = _form(request, lines)
    stale = request.method == "POST" and request.POST.get("seen") != _mark(lines)
    if stale:
        form.add_error(None, CHANGED)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, person, school, form)
        except Refusal as refusal:
            form.add_error("last_day", str(refusal))
        else:
            messages.success(request, _saved(person, form.cleaned_data["last_day"]))
            return redirect(back)
    return render(
        request,
        "web/until.html",
        {
            "person": person, "school": school, "back": back, "form": form,
            "any": bool(lines), "seen": _mark(lines), "first": ends.FIRST_DAYS,
            "last": ends.LAST_DAYS,
        },
    )  # fmt: skip


def _page_of(person: User) -> str:
    return reverse("user", args=[person.pk])


def _held(person: User, school: Establishment | None) -> QuerySet[Grant]:
    """What the person holds or will hold; at the school alone, where there is one."""
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    held = grants_of(person.pk).filter(not_over).select_related("subject_area", "school_class")
    return held.select_related("establishment").filter(establishment=school) if school else held


def _form(request: HttpRequest, lines: Sequence[Line]) -> UntilForm:
    days = {grant.ends_on for line in lines for grant in line.grants}
    common = days.pop() if len(days) == 1 else None
    initial = {
        "what": [line.key for line in lines],
        "last_day": f"{common:%d/%m/%Y}" if common else "",
    }
    form = UntilForm(request.POST if request.method == "POST" else None, initial=initial)
    what: Any = form.fields["what"]
    what.choices = [(line.key, line.label) for line in lines]
    what.widget.hints = {line.key: line.ends.capitalize() for line in lines}
    return form


def _mark(lines: Sequence[Line]) -> str:
    told = [(grant.pk, str(grant.ends_on)) for line in lines for grant in line.grants]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _save(
    request: HttpRequest, person: User, school: Establishment | None, form: UntilForm
) -> None:
    with deciding([person.pk], by=actor(request)):
        lines = lines_of(_held(person, school))
        if request.POST.get("seen") != _mark(lines):
            raise Refusal(CHANGED)
        chosen = [line for line in lines if line.key in form.cleaned_data["what"]]
        ids = [grant.pk for line in chosen for grant in line.grants]
        ends.set_last_day(ids, form.cleaned_data["last_day"], by=actor(request))


def _saved(person: User, day: date | None) -> str:
    if day is None:
        return f"What was ticked of {person} has no end now."
    return f"What was ticked of {person} ends after {dates.in_words(day)}."


@only_super_user
@require_safe
def ending(request: HttpRequest) -> HttpResponse:
    """Whose access ends within sixty days, for LA Super Users."""
    return _ending(request, None)


@runs_school
@require_safe
def school_ending(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The same for what is held at a school."""
    return _ending(request, school)


def _ending(request: HttpRequest, school: Establishment | None) -> HttpResponse:
    found = ends.ending(within=SOON, establishment_id=school.pk if school else None)
    page = page_of(
        request,
        [found.select_related("user", "establishment", "subject_area", "school_class")],
        ("ends_on", "user__last_key", "user__first_key", "pk"),
    )
    known = known_roles()
    rows = [
        (same[0], words.role_name(same[0].role, known), _over(same), _change(same[0], school))
        for same in _together(page.rows)
    ]
    return render(
        request,
        "web/ending.html",
        {
            "school": school, "rows": rows, "page": page, "days": SOON.days,
            "back": reverse("school-staff", args=[school.pk]) if school else reverse("users"),
        },
    )  # fmt: skip


def _together(grants: Sequence[Grant]) -> list[list[Grant]]:
    """The links of one user to pupils under one role that end on one day together, in order."""

    def key(grant: Grant) -> tuple[object, ...]:
        return grant.ends_on, grant.user_id, grant.role, None if grant.pupil_id else grant.pk

    found: dict[tuple[object, ...], list[Grant]] = {}
    for grant in grants:
        found.setdefault(key(grant), []).append(grant)
    return list(found.values())


def _over(same: Sequence[Grant]) -> str:
    if same[0].pupil_id is None:
        return words.place(same[0])
    return "1 pupil linked to them" if len(same) == 1 else f"{len(same)} pupils linked to them"


def _change(grant: Grant, school: Establishment | None) -> str:
    if school:
        return reverse("school-staff-until", args=[school.pk, grant.user_id])
    return reverse("user-until", args=[grant.user_id])
