"""Editing one user by hand (LAC12). An edit that somebody else was quicker than is refused, and
nothing that was typed is lost (S57)."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.access.actions import NewGrant
from schoolgate.access.holdings import grants_of, removed_before
from schoolgate.access.own_roles import user_roles
from schoolgate.access.proposals import deciding, preview_of
from schoolgate.access.roles import DESIGNATED_TEACHER
from schoolgate.access.sign_in import SignInBackend
from schoolgate.intake.checks import is_urn
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.establishments import described
from schoolgate.schools.models import Establishment
from schoolgate.schools.today import establishments
from schoolgate.web.forms.users import EditForm
from schoolgate.web.permissions import actor, is_super_user, only_super_user, visitor
from schoolgate.web.views.user import there
from schoolgate.web.views.user_add import notes_on
from schoolgate.web.views.user_preview import (
    CHANGED,
    Question,
    Shown,
    access_of,
    of_address,
    of_closed,
    show,
)
from schoolgate.web.views.user_standing import (
    LABELS,
    Standing,
    fact_in_words,
    from_token,
    held_by,
    last_change,
    standing_of,
)
from schoolgate.web.words import invitation_sent

_PLAIN = ("first_name", "last_name", "email", "job_title", "phone")


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, user_id: int) -> HttpResponse:
    """The form; then what it would do; then it is saved, if it would still do that."""
    person = there(user_id)
    now = standing_of(person)
    if request.method != "POST":
        return _page(request, person, _form(person, now), now)
    if _is_stale(request, now):
        return _stale(request, person, now)
    form = _form(person, now, request.POST)
    step = request.POST.get("step")
    if not form.is_valid():
        return _page(request, person, form, now)
    if step in ("change", "add-school"):
        return _page(request, person, _form(person, now, _carried(form)), now)
    if step != "save":
        return show(request, _shown(request, person, now, form), person=person)
    try:
        return _save(request, user_id)
    except Refusal as refusal:
        shown = _shown(request, person, now, form)
        return show(request, shown, person=person, problems=[str(refusal)])


def _save(request: HttpRequest, user_id: int) -> HttpResponse:
    with deciding([user_id], by=actor(request)):
        person = there(user_id)
        now = standing_of(person)
        if _is_stale(request, now):
            return _stale(request, person, now)
        form = _form(person, now, request.POST)
        if not form.is_valid():
            return _page(request, person, form, now)
        shown = _shown(request, person, now, form)
        if shown.mark != request.POST.get("shown"):
            return show(request, shown, person=person, problems=[CHANGED])
        if unanswered := shown.unanswered(request):
            return show(request, shown, person=person, unanswered=unanswered)
        change = _change(person, now, form)
        save_users([change.saved], by=actor(request))
    messages.success(request, f"{there(user_id)} has been saved.{_aftermath(change.saved)}")
    if person.pk == visitor(request).pk and "email" in change.saved.fields:
        mine = SignInBackend().get_user(person.pk)  # whoever changes their own stays signed in
        if mine is not None:
            update_session_auth_hash(request, mine)
    del request.authority  # type: ignore[attr-defined]
    return redirect("user", user_id) if is_super_user(request) else redirect("home")


def _aftermath(saved: UserToSave) -> str:
    words = ""
    if "email" in saved.fields:
        words += " From now on they sign in with the new address; both addresses are told."
    if saved.invite and saved.active is not False:
        words += f" {invitation_sent('Their invitation')}"
    return words


def _is_stale(request: HttpRequest, now: Standing) -> bool:
    return from_token(request.POST.get("was", "")) != now


def _form(person: User, now: Standing, given: QueryDict | None = None) -> EditForm:
    """The form with what was typed, or (None) with how the user stands."""
    typed = given.getlist("schools") if given is not None else []
    urns = {*now.schools, *filter(is_urn, typed)}
    initial: dict[str, Any] = {name: getattr(now, name) for name in LABELS}
    initial["establishment"] = person.workplace
    return EditForm(
        given,
        initial=initial,
        person=person,
        schools=establishments().filter(urn__in=urns).order_by("name_key", "pk"),
        can_invite=not person.is_set_up and now.status == "active",
    )


def _carried(form: EditForm) -> QueryDict:
    """What the form holds, with the school that was typed as one of the choices."""
    carried = QueryDict(mutable=True)
    for name, value in form.carried():
        carried.appendlist(name, value)
    return carried


@dataclass(frozen=True)
class Change:
    """What saving would do: as the action takes it, and the schools and roles that are new."""

    saved: UserToSave
    schools: list[Establishment]
    active: bool


def _change(person: User, now: Standing, form: EditForm) -> Change:
    given = form.cleaned_data
    fields: dict[str, Any] = {
        name: given[name] for name in _PLAIN if given[name] != getattr(now, name)
    }
    school = given["establishment"]
    if (school.urn if school else "") != now.establishment:
        fields["workplace"] = school.pk if school else None
    adding, ending, replaced, new = _grants(person, form)
    active = given["status"] == "active"
    saved = UserToSave(
        person.pk,
        fields,
        adding,
        ending,
        replaced,
        active if given["status"] != now.status else None,
        invite=bool(given.get("invite")),
    )
    return Change(saved, new, active)


def _grants(
    person: User, form: EditForm
) -> tuple[list[NewGrant], list[int], list[int], list[Establishment]]:
    """The grants to give, to take away and to replace; and the schools that are new."""
    given, today = form.cleaned_data, timezone.localdate()
    wanted = [form.places[urn] for urn in given["schools"] if urn in form.places]
    held = held_by(person.pk)
    roles = set(standing_of(person).roles)
    teaching = [grant for grant in held if grant.role == DESIGNATED_TEACHER.code]
    there = {grant.establishment_id for grant in teaching}
    ending = list(
        grants_of(person.pk)
        .filter(role__in=roles - set(given["roles"]))
        .values_list("pk", flat=True)
    )
    adding = [
        NewGrant(person.pk, code, None, None, today)
        for code in given["roles"]
        if code not in roles and code != DESIGNATED_TEACHER.code
    ]
    if DESIGNATED_TEACHER.code not in given["roles"]:
        return adding, ending, [], []
    new = [school for school in wanted if school.pk not in there]
    places: list[int | None] = [school.pk for school in new]
    if not wanted and None not in there:
        places = [None]
    adding += [NewGrant(person.pk, DESIGNATED_TEACHER.code, place, None, today) for place in places]
    kept = {school.pk for school in wanted}
    ending += [
        grant.pk
        for grant in teaching
        if grant.establishment_id and grant.establishment_id not in kept
    ]
    waiting = [grant.pk for grant in teaching if grant.establishment_id is None and wanted]
    return adding, ending, waiting, new


def _shown(request: HttpRequest, person: User, now: Standing, form: EditForm) -> Shown:
    given = form.cleaned_data
    change = _change(person, now, form)
    told = preview_of(
        person.pk,
        adding=change.saved.adding,
        ending=[*change.saved.ending, *change.saved.replaced],
        active=change.active,
    )
    return Shown(
        title=f"Check before you save: {given['first_name']} {given['last_name']}",
        facts=_facts(now, form, change),
        access=access_of(request, told, is_new=False),
        questions=_questions(person, given, change),
        carried=[*form.carried(), ("was", now.token())],
        notes=[*notes_on(given), *_notes(person, change)],
        extra={"compares": True, "action": reverse("user-edit", args=[person.pk])},
    )


def _facts(now: Standing, form: EditForm, change: Change) -> list[tuple[str, ...]]:
    """The lines that differ: label, before, after."""
    then = _typed(form)
    facts: list[tuple[str, ...]] = [
        (label, now.in_words(name), fact_in_words(name, then[name]))
        for name, label in LABELS.items()
        if then[name] != getattr(now, name)
    ]
    if change.saved.invite:
        facts.append(("Invitation", "", "Is sent when you save"))
    return facts


def _typed(form: EditForm) -> dict[str, Any]:
    """What the form holds, in the words of :class:`Standing`."""
    given = form.cleaned_data
    typed = {name: given[name] for name in LABELS}
    typed["establishment"] = given["establishment"].urn if given["establishment"] else ""
    typed["roles"] = [code for code in user_roles() if code in given["roles"]]
    typed["schools"] = sorted(given["schools"])
    return typed


def _questions(person: User, given: dict[str, Any], change: Change) -> list[Question]:
    school = given["establishment"]
    fresh = {s.urn: s for s in change.schools}
    if school and "workplace" in change.saved.fields:
        fresh[school.urn] = school
    removed = removed_before(
        person.pk, DESIGNATED_TEACHER.code, establishments=[s.pk for s in change.schools]
    )
    return [
        *of_address(given["email"], person),
        *of_closed(fresh.values()),
        *(
            Question(
                f"removed-{s.pk}",
                f"Say whether to restore it: somebody has removed {s.name} from this user.",
                f"Yes, restore {described(s)}",
            )
            for s in change.schools
            if ("establishment", s.pk) in removed
        ),
    ]


def _notes(person: User, change: Change) -> list[str]:
    notes = []
    if not (change.saved.fields or change.saved.adding or change.saved.ending) and (
        change.saved.active is None and not change.saved.invite
    ):
        notes.append("Nothing is different from what is on record.")
    if "email" in change.saved.fields:
        notes.append(
            "They sign in with the new address from then on, and are signed out wherever they are"
            " signed in now. Both addresses are told. An invitation to the old one stops working."
        )
    if change.saved.active is False:
        notes.append("They cannot sign in and see nobody from the moment you save.")
    return notes


def _stale(request: HttpRequest, person: User, now: Standing) -> HttpResponse:
    """Somebody was quicker: what they changed, and the form with what this person typed.

    A field that this person left as it was takes what the other made of it.
    """
    was = from_token(request.POST.get("was", ""))
    form = _form(person, now, request.POST)
    form.is_valid()
    typed = _carried(form) if not form.errors else request.POST.copy()
    changed = []
    for name, label in LABELS.items():
        if was is None or getattr(was, name) == getattr(now, name):
            continue
        mine = _value(typed, name)
        if mine == getattr(was, name):
            _put(typed, name, getattr(now, name))
            mine = getattr(now, name)
        words = (was.in_words(name), now.in_words(name), fact_in_words(name, mine))
        changed.append((label, *words))
    form = _form(person, now, typed)
    form.is_valid()
    more = {"stale": True, "changed": changed, "last": last_change(person.pk)}
    return _page(request, person, form, now, **more)


def _value(typed: QueryDict, name: str) -> Any:
    """What was typed for a fact, as :class:`Standing` has it."""
    if name in ("roles", "schools"):
        given = typed.getlist(name)
        return [c for c in user_roles() if c in given] if name == "roles" else sorted(given)
    if name == "school_unknown":
        return bool(typed.get(name))
    text = typed.get(name, "")
    if name == "establishment":
        found = establishments().filter(urn__in=text.replace(")", " ").replace(",", " ").split())
        return next(iter(found.values_list("urn", flat=True)), text)
    return text


def _put(typed: QueryDict, name: str, value: Any) -> None:
    if isinstance(value, list):
        typed.setlist(name, value)
    elif name == "establishment":
        typed[name] = f"URN {value}" if value else ""
    elif isinstance(value, bool):
        typed.setlist(name, ["on"] if value else [])
    else:
        typed[name] = value


def _page(
    request: HttpRequest, person: User, form: EditForm, now: Standing, **more: Any
) -> HttpResponse:
    return render(
        request,
        "web/user_edit.html",
        {"person": person, "form": form, "was": now.token(), "failed": more.get("stale"), **more},
    )
