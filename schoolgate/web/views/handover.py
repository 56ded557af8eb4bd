"""Handover: what a leaver holds goes to a colleague, after a look at who gains and loses what."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import scope
from schoolgate.access.handover import (
    Handover,
    hand_over,
    led_by,
    pupils_held_by,
    shifts,
    sort_out,
)
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import known_roles
from schoolgate.access.proposals import deciding
from schoolgate.access.staff_list import staff_of
from schoolgate.audit.actions import viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil
from schoolgate.web import words
from schoolgate.web.forms.handover import ALL, HandoverForm, StaffField, staff_meant
from schoolgate.web.paging import sought
from schoolgate.web.permissions import actor, only_super_user, runs_school, visitor
from schoolgate.web.search import user_described
from schoolgate.web.views.user import there
from schoolgate.web.views.user_preview import CHANGED, LISTED, Children

TICKS = 300  # of a form; more than that are handed over all together


@dataclass(frozen=True)
class _Leaver:
    """Who hands over, and where: at a school, or pupils anywhere (None)."""

    person: User
    school: Establishment | None

    @property
    def back(self) -> str:
        if self.school:
            return reverse("school-staff", args=[self.school.pk])
        return reverse("user", args=[self.person.pk])

    def held(self, request: HttpRequest) -> QuerySet[Grant]:
        """What can be handed over: of pupils, those whom the reader sees."""
        if self.school:
            found = led_by(self.person.pk, self.school.pk)
            return found.order_by("subject_area__name_key", "pk")
        mine = scope.pupils_by_work(visitor(request).pk)
        found = pupils_held_by(self.person.pk).filter(pupil__in=mine.values("pk"))
        return found.order_by("pupil__last_key", "pupil__first_key", "pk")


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def user_handover(request: HttpRequest, user_id: int) -> HttpResponse:
    """Hands over the pupils who are linked or assigned to a user."""
    return _handover(request, _Leaver(there(user_id), None))


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def school_handover(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    """Hands over the subject areas that a member of staff leads."""
    person = staff_of(school.pk).filter(pk=user_id).first()
    if person is None:
        raise Http404
    return _handover(request, _Leaver(person, school))


@runs_school
@require_safe
def suggest_staff(request: HttpRequest, school: Establishment) -> HttpResponse:
    """Staff of the school whom the words typed so far may mean."""
    found = staff_meant(sought(request), staff_of(school.pk))
    return JsonResponse({"found": [user_described(user) for user in found]})


def _handover(request: HttpRequest, leaver: _Leaver) -> HttpResponse:
    held = list(leaver.held(request).select_related("pupil", "subject_area", "establishment"))
    form = _form(request, leaver, held)
    if request.method == "POST" and form.is_valid():
        colleague = form.cleaned_data["colleague"]
        if colleague.pk == leaver.person.pk:
            form.add_error("colleague", f"Choose somebody else: that is {leaver.person}.")
        elif request.POST.get("step") == "save":
            return _save(request, leaver, form)
        else:
            return _ask(request, leaver, form, held)
    named = [grant.pupil_id for grant in held[:TICKS] if grant.pupil_id]
    viewed(by=actor(request), kind="user", object_id=leaver.person.pk, pupil_ids=named)
    return render(
        request,
        "web/handover.html",
        {
            "person": leaver.person, "school": leaver.school, "back": leaver.back, "form": form,
            "any": bool(held), "too_many": len(held) > TICKS,
        },
    )  # fmt: skip


def _form(request: HttpRequest, leaver: _Leaver, held: Sequence[Grant]) -> HandoverForm:
    form = HandoverForm(request.POST if request.method == "POST" else None)
    known = known_roles()
    what: Any = form.fields["what"]
    what.choices = [(str(g.pk), _named(g, words.role_name(g.role, known))) for g in held[:TICKS]]
    if len(held) > TICKS:
        del form.fields["what"], form.fields["which"]
    if leaver.school:
        old = form.fields["colleague"]
        form.fields["colleague"] = StaffField(
            leaver.school.pk, staff_of(leaver.school.pk), label=old.label,
            help_text="Their name or e-mail address", error_messages=old.error_messages,
        )  # fmt: skip
    return form


def _named(grant: Grant, role: str) -> str:
    if grant.pupil is not None:
        return f"{grant.pupil.last_name}, {grant.pupil.first_name} ({role})"
    return f"{grant.subject_area.name if grant.subject_area else ''} ({role})"


def _chosen(form: HandoverForm, held: Sequence[Grant]) -> list[Grant]:
    if form.cleaned_data.get("which", ALL) != "some":
        return list(held)
    ticked = set(form.cleaned_data["what"])
    return [grant for grant in held if str(grant.pk) in ticked]


@dataclass(frozen=True)
class _Shown:
    """What the page says of a handover, and the mark by which it is known again."""

    found: Handover
    gained: Children
    lost: Children
    moving: list[str]
    held: list[str]
    blocked: list[str]
    mark: str

    @property
    def named(self) -> list[int]:
        return sorted({p.pk for some in (self.gained, self.lost) for p in some.first})


def _shown(
    request: HttpRequest, leaver: _Leaver, form: HandoverForm, grants: Sequence[Grant]
) -> _Shown:
    colleague = form.cleaned_data["colleague"]
    found = sort_out(grants, to_id=colleague.pk)
    both = shifts(
        found, from_id=leaver.person.pk, to_id=colleague.pk, reader_id=visitor(request).pk
    )
    gained, lost = both[colleague.pk].gained, both[leaver.person.pk].lost
    known = known_roles()
    names = {grant.pk: _named(grant, words.role_name(grant.role, known)) for grant in grants}
    told = (found, sorted(gained), sorted(lost), colleague.pk)
    return _Shown(
        found,
        _children(gained),
        _children(lost),
        moving=[names[pk] for pk in found.moving],
        held=[names[pk] for pk in found.held],
        blocked=[names[pk] for pk in found.blocked],
        mark=hashlib.sha256(repr(told).encode()).hexdigest()[:32],
    )


def _children(ids: set[int]) -> Children:
    first = Pupil.objects.filter(pk__in=ids).order_by("last_key", "first_key", "pk")[:LISTED]
    return Children(sorted(ids), list(first))


def _ask(
    request: HttpRequest, leaver: _Leaver, form: HandoverForm, held: Sequence[Grant],
    failed: str = "",
) -> HttpResponse:  # fmt: skip
    """Shows who would gain and lose whom."""
    chosen = _chosen(form, held)
    shown = _shown(request, leaver, form, chosen)
    named = {grant.pupil_id for grant in chosen if grant.pupil_id} | set(shown.named)
    viewed(by=actor(request), kind="question", object_id=leaver.person.pk, pupil_ids=sorted(named))
    colleague = form.cleaned_data["colleague"]
    return render(
        request,
        "web/handover_ask.html",
        {
            "person": leaver.person, "school": leaver.school, "back": leaver.back,
            "colleague": colleague, "shown": shown, "failed": failed,
            "which": form.cleaned_data.get("which", ALL), "what": form.cleaned_data.get("what", []),
        },
    )  # fmt: skip


def _save(request: HttpRequest, leaver: _Leaver, form: HandoverForm) -> HttpResponse:
    """Hands over, if it is still what was shown; else shows it again."""
    colleague, by = form.cleaned_data["colleague"], actor(request)
    related = leaver.held(request).select_related("pupil", "subject_area", "establishment")
    try:
        with deciding([leaver.person.pk, colleague.pk], by=by):
            held = list(related)
            chosen = _chosen(form, held)
            if request.POST.get("shown") != _shown(request, leaver, form, chosen).mark:
                raise Refusal(CHANGED)
            found = hand_over(chosen, to_id=colleague.pk, by=by)
    except Refusal as refusal:
        return _ask(request, leaver, form, list(related), str(refusal))
    count = len(found.moving) + len(found.held)
    thing = "subject area" if leaver.school else "pupil"
    messages.success(
        request,
        f"{count:,} {thing}{'' if count == 1 else 's'} of {leaver.person} handed over to"
        f" {colleague}.",
    )
    return redirect(leaver.back)
