"""My school > Staff > Edit: somebody's details, and what they are in the school (PP7 to PP10).

What changes for which child is shown before it is saved. An edit that somebody else was quicker
than is refused, and nothing that was typed is lost (S57).
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from schoolgate.access import levels
from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.access.actions import shut_out
from schoolgate.access.authority import accounts_managed
from schoolgate.access.proposals import deciding, preview_of
from schoolgate.access.roles import DESIGNATED_TEACHER, FINANCE_MANAGER, TEACHER
from schoolgate.access.sign_in import SignInBackend
from schoolgate.access.staff_list import staff_of
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import staff
from schoolgate.people.invitations import BOUNCED, INVITED, invitation_states
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web.forms.staff import StaffForm, initially
from schoolgate.web.permissions import actor, authority, runs_school, visitor
from schoolgate.web.views.staff_form import a_form, areas_of, names_of, page_of_form
from schoolgate.web.views.staff_standing import (
    DETAILS,
    LABELS,
    Standing,
    from_token,
    in_words,
    standing_of,
    with_levels,
)
from schoolgate.web.views.user_add import notes_on
from schoolgate.web.views.user_preview import CHANGED, Shown, access_of, of_address, show
from schoolgate.web.words import invitation_sent, role_name


@dataclass(frozen=True)
class Member:
    """Somebody on the staff, as the reader may edit them.

    ``own``: their account is the reader's to change (S62); ``state``: how far their sign-in is set
    up; ``may_invite``: whether an invitation can go to them from here.
    """

    person: User
    school: Establishment
    now: Standing
    own: bool
    state: str
    may_invite: bool

    @property
    def has_link(self) -> bool:
        """Whether an invitation may have gone out to them that a change ends (S17)."""
        return self.state in (INVITED, BOUNCED)


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    """The form; then what it would do; then it is saved, if it would still do that."""
    member = _member(request, school, user_id)
    if request.method != "POST":
        return _page(request, member, _form(request, member))
    if _is_stale(request, member):
        return _stale(request, member)
    form = _form(request, member, request.POST)
    step = request.POST.get("step")
    if not form.is_valid() or step == "change":
        return _page(request, member, form)
    if step != "save":
        return show(request, _shown(request, member, form), person=member.person)
    try:
        return _save(request, school, user_id)
    except Refusal as refusal:
        shown = _shown(request, member, form)
        return show(request, shown, person=member.person, problems=[str(refusal)])


def _member(request: HttpRequest, school: Establishment, user_id: int) -> Member:
    """The user on the staff; Http404 for anybody else, as for nobody."""
    person = staff_of(school.pk).filter(pk=user_id).first()
    if person is None:
        raise Http404
    own = bool(accounts_managed(actor(request), [person.pk]))
    ready = bool(person.email) and not person.is_set_up
    return Member(
        person,
        school,
        standing_of(person, school),
        own,
        invitation_states([person.pk])[person.pk],
        own and ready and not shut_out([person.pk]),
    )


def _is_stale(request: HttpRequest, member: Member) -> bool:
    return from_token(request.POST.get("was", "")) != member.now


def _form(request: HttpRequest, member: Member, *given: QueryDict) -> StaffForm:
    """The form with what was typed, or with how they stand."""
    initial: dict[str, Any] = {name: getattr(member.now, name) for name in DETAILS}
    initial |= initially(member.now.levels, areas_of(member.school))
    return a_form(
        request,
        member.school,
        *given,
        initial=initial,
        person=member.person,
        own_account=member.own,
        invites=_invites(member),
    )


def _invites(member: Member) -> tuple[str, str, bool] | None:
    if not member.may_invite:
        return None
    if member.has_link:
        return (
            "Send a new invitation if this changes what they are, or their address",
            "The link that they have stops working then",
            True,
        )
    return "Send an invitation when this is saved", "No link that works is with them now", False


@dataclass(frozen=True)
class Change:
    """What saving would do, as the action takes it, and how they would stand then."""

    saved: UserToSave
    then: Standing


def _change(member: Member, form: StaffForm) -> Change:
    given, now = form.cleaned_data, member.now
    wish = form.levels(now.levels)
    details = {name: given.get(name, getattr(now, name)) for name in DETAILS}
    fields = {name: value for name, value in details.items() if value != getattr(now, name)}
    change = levels.change_to(member.person.pk, member.school.pk, wish)
    ends_link = change.any or "email" in fields
    invite = bool(given.get("invite")) and (ends_link or not member.has_link)
    saved = UserToSave(member.person.pk, fields, change.adding, change.ending, invite=invite)
    return Change(saved, with_levels(details, wish))


def _save(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    by = actor(request)
    with deciding([user_id], by=by):
        member = _member(request, school, user_id)
        if _is_stale(request, member):
            return _stale(request, member)
        form = _form(request, member, request.POST)
        if not form.is_valid():
            return _page(request, member, form)
        shown = _shown(request, member, form)
        if shown.mark != request.POST.get("shown"):
            return show(request, shown, person=member.person, problems=[CHANGED])
        if unanswered := shown.unanswered(request):
            return show(request, shown, person=member.person, unanswered=unanswered)
        saved = _change(member, form).saved
        if saved.ending:
            # Whoever is nothing here any more is still somebody on the staff.
            staff.record([staff.NewPost(user_id, school.pk)], by=by, source=Source.BY_HAND)
        save_users([saved], by=by)
    return _done(request, member, saved)


def _done(request: HttpRequest, member: Member, saved: UserToSave) -> HttpResponse:
    person = User.objects.get(pk=member.person.pk)
    words = f"{person} has been saved."
    if "email" in saved.fields:
        words += " From now on they sign in with the new address; both addresses are told."
    if saved.invite:
        words += f" {invitation_sent('Their invitation')}"
    messages.success(request, words)
    if person.pk == visitor(request).pk and "email" in saved.fields:
        mine = SignInBackend().get_user(person.pk)  # whoever changes their own stays signed in
        if mine is not None:
            update_session_auth_hash(request, mine)
    del request.authority  # type: ignore[attr-defined]
    if authority(request).runs(member.school.pk):
        return redirect("school-staff", member.school.pk)
    return redirect("home")


def _shown(request: HttpRequest, member: Member, form: StaffForm) -> Shown:
    change, everything = _change(member, form), authority(request).everything
    saved, then = change.saved, change.then
    told = preview_of(
        member.person.pk,
        adding=saved.adding,
        ending=saved.ending,
        active=None,
        reader=actor(request),
    )
    areas = names_of(areas_of(member.school))
    facts: list[tuple[str, ...]] = [
        (label, *(in_words(name, getattr(stand, name), areas) for stand in (member.now, then)))
        for name, label in LABELS.items()
        if getattr(then, name) != getattr(member.now, name)
    ]
    if saved.invite:
        facts.append(("Invitation", "", "Is sent when you save"))
    return Shown(
        title=f"Check before you save: {then.first_name} {then.last_name}",
        facts=facts,
        access=access_of(request, told, is_new=False),
        questions=of_address(then.email, member.person, naming=everything) if member.own else [],
        carried=[*form.carried(), ("was", member.now.token())],
        notes=_notes(request, member, form, saved),
        back=(reverse("school-staff", args=[member.school.pk]), f"Staff of {member.school.name}"),
        register_only=not everything,
        extra={"compares": True, "action": request.path},
    )


def _notes(request: HttpRequest, member: Member, form: StaffForm, saved: UserToSave) -> list[str]:
    notes = notes_on(form.cleaned_data) if member.own else []
    changes = bool(saved.adding or saved.ending)
    if not (saved.fields or changes or saved.invite):
        notes.append("Nothing is different from what is on record.")
    if member.has_link and (changes or "email" in saved.fields) and not saved.invite:
        notes.append(
            "The link of the invitation that they have stops working."
            + (" No new one is sent." if member.may_invite else " Ask for a new one to be sent.")
        )
    if "email" in saved.fields:
        notes.append(
            "They sign in with the new address from then on, and are signed out wherever they are"
            " signed in now. Both addresses are told."
        )
    is_me = member.person.pk == visitor(request).pk
    if is_me and member.now.admin and not form.cleaned_data["admin"]:
        notes.append("You take your own role away: from then on you cannot open these pages.")
    return notes


def _stale(request: HttpRequest, member: Member) -> HttpResponse:
    """Somebody was quicker: what they changed, and the form with what this person typed.

    A field that this person left as it was takes what the other made of it.
    """
    was, now = from_token(request.POST.get("was", "")), member.now
    form = _form(request, member, request.POST)
    form.is_valid()
    typed, areas = request.POST.copy(), names_of(areas_of(member.school))
    changed = []
    for name, label in LABELS.items():
        if was is None or getattr(was, name) == getattr(now, name):
            continue
        mine = _typed(form, name, was)
        if mine == getattr(was, name):
            _put(typed, name, initially(now.levels, form.areas), getattr(now, name))
            mine = getattr(now, name)
        values = (getattr(was, name), getattr(now, name), mine)
        changed.append((label, *(in_words(name, value, areas) for value in values)))
    form = _form(request, member, typed)
    form.is_valid()
    return _page(request, member, form, stale=True, failed=True, changed=changed)


def _typed(form: StaffForm, name: str, was: Standing) -> Any:
    """What was typed for a fact; where it cannot be read, or is not in the form, what it was."""
    if name in DETAILS:
        return form.cleaned_data.get(name, form.data.get(name, getattr(was, name)))
    if "admin" not in form.cleaned_data:
        return getattr(was, name)
    wish = form.levels(was.levels)
    return sorted(wish.subjects) if name == "subjects" else getattr(wish, name)


def _put(typed: QueryDict, name: str, initial: dict[str, Any], value: Any) -> None:
    if name == "subjects":
        typed["leads"] = initial["leads"]
        typed.setlist("subjects", initial["subjects"])
    elif isinstance(value, bool):
        typed.setlist(name, ["on"] if value else [])
    else:
        typed[name] = value


def _page(request: HttpRequest, member: Member, form: StaffForm, **more: Any) -> HttpResponse:
    person, school = member.person, member.school
    return render(
        request,
        "web/staff_edit.html",
        {
            **page_of_form(request, school, form),
            "person": person,
            "own": member.own,
            "facts": [(label, getattr(member.now, name)) for name, label in DETAILS.items()],
            "others": _others(request, member),
            "was": member.now.token(),
            **more,
        },
    )


def _others(request: HttpRequest, member: Member) -> list[str]:
    """What they are here besides, and is not set on this page."""
    kept = [TEACHER.code, DESIGNATED_TEACHER.code]
    if not authority(request).everything:
        kept.append(FINANCE_MANAGER.code)
    held = levels.held_in(member.person.pk, member.school.pk).filter(role__in=kept)
    return sorted(
        f"{role_name(grant.role)}{f' of {grant.school_class}' if grant.school_class else ''}"
        for grant in held
    )
