"""Severing a pupil's record for good (adoption, NEW14): asked for, taken back, confirmed by a
second person; and what waits."""

from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import scope, severing
from schoolgate.access.models import Severance
from schoolgate.audit.actions import viewed
from schoolgate.intake import severed as kept_of_files
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web.forms.sever import AskForm, ConfirmForm
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, confirmed, only_super_user, visitor
from schoolgate.web.views.pupils import visible


@dataclass(frozen=True)
class Waiting:
    """A severance that waits. ``pupil`` is None where the reader may not see them."""

    severance: Severance
    pupil: Pupil | None
    asked_by: User | None


@dataclass(frozen=True)
class Done:
    """A severance that was done: by whom, and of nobody by name."""

    severance: Severance
    asked_by: User | None
    confirmed_by: User | None


@only_super_user
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def sever(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Asks for a pupil to be severed; where that waits, takes it back or does it."""
    child = visible(request, pupil_id)
    found = severing.waiting_for(child.pk)
    step = request.POST.get("step", "")
    form = _form(request, step, found)
    if request.method == "POST" and form.is_valid():
        try:
            return _do(request, child, step, form)
        except Refusal as refusal:
            form.add_error("name" if "Type the child" in str(refusal) else None, str(refusal))
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    asker = User.objects.filter(pk=found.asked_by_id or 0).first() if found else None
    return render(
        request,
        "web/sever.html",
        {
            "pupil": child, "severance": found, "asker": asker, "form": form,
            "is_mine": asker is not None and asker.pk == visitor(request).pk,
        },
    )  # fmt: skip


def _form(request: HttpRequest, step: str, found: Severance | None) -> Form:
    if request.method != "POST":
        return ConfirmForm() if found else AskForm()
    if step == "ask":
        return AskForm(request.POST)
    return ConfirmForm(request.POST) if step == "confirm" else Form(request.POST)


def _do(request: HttpRequest, child: Pupil, step: str, form: Form) -> HttpResponse:
    by = actor(request)
    if step == "ask":
        severing.ask(child.pk, reason=form.cleaned_data["reason"], by=by)
        messages.success(request, "Asked for. Another LA Super User confirms it under Severed.")
    elif step == "withdraw":
        severing.withdraw(child.pk, by=by)
        messages.success(request, "Taken back: nothing happens to this record.")
    elif step == "confirm":
        kept_of_files.sever(child.pk, name=form.cleaned_data["name"], by=by)
        messages.success(request, "The record has been severed for good.")
        return redirect("severed")
    return redirect("pupil-sever", child.pk)


@only_super_user
@require_safe
def severed(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, and how often it was done. Nobody who was severed is named,
    nor is a child whom the reader may not see."""
    waiting = list(severing.waiting()[:200])
    mine = scope.pupils_visible_to(visitor(request).pk)
    pupils = mine.in_bulk([one.pupil_id for one in waiting])
    page = page_of(request, [severing.done()], ("-confirmed_at", "-pk"))
    ids = {one.asked_by_id for one in (*waiting, *page.rows)}
    ids |= {one.confirmed_by_id for one in page.rows}
    people = User.objects.in_bulk(ids - {None})
    viewed(by=actor(request), kind="list", object_id=None, pupil_ids=sorted(pupils))
    return render(
        request,
        "web/severed.html",
        {
            "waiting": [
                Waiting(one, pupils.get(one.pupil_id), people.get(one.asked_by_id or 0))
                for one in waiting
            ],
            "done": [
                Done(one, people.get(one.asked_by_id or 0), people.get(one.confirmed_by_id or 0))
                for one in page.rows
            ],
            "page": page,
        },
    )
