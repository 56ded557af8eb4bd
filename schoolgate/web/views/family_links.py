"""Connecting an adult and a child by hand, from either page, with what it would open (ITS7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access import families, held_links, scope
from schoolgate.access.families import NewLink, as_grant
from schoolgate.access.family_list import removed_last
from schoolgate.access.holdings import not_linked_yet
from schoolgate.access.models import Restriction
from schoolgate.access.own_roles import role_of
from schoolgate.access.proposals import NEW_USER, deciding, preview_of
from schoolgate.audit.actions import viewed
from schoolgate.kit import dates
from schoolgate.kit.names import name_key
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools import today as register
from schoolgate.schools.models import Pupil
from schoolgate.web.forms.families import AdultToAdd, AdultToConnect, ChildToConnect, LinkForm
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.pupils import visible
from schoolgate.web.views.user import there
from schoolgate.web.views.user_add import notes_on
from schoolgate.web.views.user_preview import (
    CHANGED,
    Question,
    Shown,
    access_of,
    of_address,
    show,
)


@dataclass(frozen=True)
class Way:
    """From which page two are connected. ``person`` or ``child``: who is given by the address."""

    template: str
    back: tuple[str, str]
    form: Callable[..., LinkForm]
    person: User | None = None
    child: Pupil | None = None


@dataclass(frozen=True)
class Meant:
    """Whom a valid form means: ``person`` is None for one who is to be made."""

    person: User | None
    name: str
    child: Pupil
    link: NewLink
    kept: list[held_links.Kept]


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Connects somebody who is a user to a child."""
    child = visible(request, pupil_id)
    return _asked(request, Way("web/connect.html", _to(child), AdultToConnect, child=child))


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add_adult(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Makes a user and connects them to a child."""
    child = visible(request, pupil_id)
    return _asked(request, Way("web/connect_new.html", _to(child), AdultToAdd, child=child))


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def connect_child(request: HttpRequest, user_id: int) -> HttpResponse:
    """Connects a user to a child whom the reader sees."""
    person = there(user_id)
    mine = scope.pupils_visible_to(visitor(request).pk)

    def form(*args: Any) -> LinkForm:
        return ChildToConnect(*args, pupils=mine)

    back = (reverse("user", args=[person.pk]), str(person))
    return _asked(request, Way("web/connect_child.html", back, form, person=person))


def _to(child: Pupil) -> tuple[str, str]:
    return reverse("pupil", args=[child.pk]), str(child)


def _asked(request: HttpRequest, way: Way) -> HttpResponse:
    """The form; then what it would do; then it is saved, if it would still do that."""
    if request.method != "POST":
        return _page(request, way, way.form())
    form = way.form(request.POST)
    if not form.is_valid() or request.POST.get("step") == "change" or _obstacle(way, form):
        return _page(request, way, form)
    if request.POST.get("step") != "save":
        return show(request, _shown(request, way, form), person=way.person)
    try:
        return _save(request, way)
    except Refusal as refusal:
        form = way.form(request.POST)
        if form.is_valid():
            problems = [str(refusal)]
            return show(request, _shown(request, way, form), person=way.person, problems=problems)
        return _page(request, way, form)


def _page(request: HttpRequest, way: Way, form: LinkForm) -> HttpResponse:
    about = way.person or way.child
    named = [way.child.pk] if way.child else form.offered
    kind = "user" if way.person else "pupil"
    viewed(by=actor(request), kind=kind, object_id=about.pk if about else None, pupil_ids=named)
    here = {"form": form, "person": way.person, "pupil": way.child, "back": way.back}
    return render(request, way.template, here)


def _obstacle(way: Way, form: LinkForm) -> bool:
    """Whether the two are connected already, which the form is told."""
    meant = _meant(way, form)
    if meant.person is None or not_linked_yet([as_grant(meant.link)]):
        return False
    form.add_error(
        "licence",
        f"Choose something else: {meant.name} is connected to {meant.child} as"
        f" {role_of(meant.link.licence).name} already.",
    )
    return True


def _meant(way: Way, form: LinkForm) -> Meant:
    given = form.cleaned_data
    child: Pupil = way.child or given["pupil"]
    person: User | None = way.person or given.get("user")
    user_id = person.pk if person else NEW_USER
    link = NewLink(
        user_id, child.pk, given["licence"], given["relationship"] or None,
        given["starts_on"] or timezone.localdate(), given["ends_on"],
    )  # fmt: skip
    if person:
        name, keys = str(person), (person.first_key, person.last_key)
    else:
        names = (given["first_name"], given["last_name"])
        name, keys = " ".join(names), (name_key(names[0]), name_key(names[1]))
    return Meant(person, name, child, link, held_links.kept_alike(user_id, *keys, child.pk))


def _save(request: HttpRequest, way: Way) -> HttpResponse:
    by = actor(request)
    with deciding([way.person.pk] if way.person else [], by=by):
        form = way.form(request.POST)
        if not form.is_valid() or _obstacle(way, form):
            return _page(request, way, form)
        shown = _shown(request, way, form)
        if shown.mark != request.POST.get("shown"):
            return show(request, shown, person=way.person, problems=[CHANGED])
        if unanswered := shown.unanswered(request):
            return show(request, shown, person=way.person, unanswered=unanswered)
        meant = _meant(way, form)
        if meant.person:
            held = families.connect([meant.link], by=by)
        else:
            new, invite = _new(form.cleaned_data), form.cleaned_data["invite"]
            held = families.add_adult(new, [meant.link], invite=invite, by=by).held
    messages.success(
        request,
        f"{meant.name} waits for the word of a second LA Super User before they are connected."
        if held
        else f"{meant.name} is connected to {meant.child} now.",
    )
    return redirect(way.back[0])


def _new(given: dict[str, Any]) -> NewUser:
    return NewUser(
        given["email"], given["username"], given["first_name"], given["last_name"],
        phone=given["phone"],
    )  # fmt: skip


def _shown(request: HttpRequest, way: Way, form: LinkForm) -> Shown:
    meant, given = _meant(way, form), form.cleaned_data
    link, person = meant.link, meant.person
    active = not there(person.pk).is_denied if person else True  # type: ignore[attr-defined]
    told = preview_of(link.user_id, adding=[] if meant.kept else [as_grant(link)], active=active)
    invitation = (
        "Is sent when you save" if given.get("invite") and not meant.kept else "Is not sent"
    )
    return Shown(
        title=f"Check before you save: {meant.name} and {meant.child}",
        facts=[
            ("Adult", f"{meant.name}, {person.get_username() if person else _address(given)}"),
            ("Child", str(meant.child)),
            ("As", role_of(link.licence).name),
            ("What they are to the child", link.relationship or "–"),
            ("From", dates.in_words(link.starts_on)),
            ("Until", dates.in_words(link.ends_on) if link.ends_on else "open"),
            *([] if person else [("Invitation", invitation)]),
        ],
        access=access_of(request, told, is_new=True),
        questions=_questions(meant, given),
        carried=form.carried(),
        notes=_notes(meant, given, active=active),
        standing=" ".join(f"{kept.user.pk} {kept.how}" for kept in meant.kept),
        back=way.back,
        extra={"pupil_ids": [meant.child.pk]},
    )


def _address(given: dict[str, Any]) -> str:
    return str(given["email"] or given["username"])


def _questions(meant: Meant, given: dict[str, Any]) -> list[Question]:
    if meant.person is None:
        return of_address(given["email"], None)
    gone = removed_last(meant.person.pk, meant.link.licence, meant.child.pk)
    if gone is None or gone.ended_at is None:
        return []
    who = User.objects.filter(pk=gone.ended_by_id or 0).first()
    day = dates.in_words(dates.day_of(gone.ended_at))
    return [
        Question(
            f"removed-{gone.pk}",
            f"Say whether to connect them again: {who or 'somebody'} removed {meant.name} from"
            f" {meant.child} on {day}.",
            f"Yes, {meant.name} and {meant.child} are to be connected again",
        )
    ]


def _notes(meant: Meant, given: dict[str, Any], *, active: bool) -> list[str]:
    notes = [] if meant.person else notes_on(given)
    if meant.kept:
        notes.append(
            "This connection will wait for the word of a second LA Super User, because somebody"
            f" with this name, or one like it, was kept from {meant.child}."
        )
        notes += kept_in_words(meant.kept)
    if meant.person and restricted(meant.person, meant.child):
        notes.append(
            f"A restriction keeps {meant.name} from {meant.child}: while it stands they do not see"
            " this child, connected or not."
        )
    if not active:
        notes.append("They are inactive, and see nobody until somebody reactivates them.")
    return notes


def kept_in_words(found: list[held_links.Kept]) -> list[str]:
    """Who was kept from a child, when, by whom and why."""
    people = User.objects.in_bulk({kept.by_id for kept in found if kept.by_id})
    sentences = []
    for kept in found:
        by = f" by {people[kept.by_id]}" if kept.by_id in people else ""
        why = f" The reason is: {kept.reason}" if kept.reason else ""
        day = dates.in_words(dates.day_of(kept.at))
        name = f"{kept.user}, {kept.user.get_username()},"
        sentences.append(f"{name} was {kept.how} on {day}{by}.{why}")
    return sentences


def restricted(person: User, child: Pupil) -> bool:
    """Whether a restriction stands between the two today."""
    standing = Restriction.objects.filter(register.holds(timezone.localdate()))
    return standing.filter(user=person, pupil=child).exists()
