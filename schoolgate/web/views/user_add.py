"""Adding one user by hand, with what they would see before it is saved (LAC11)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import UserToAdd, add_users
from schoolgate.access.actions import NewGrant
from schoolgate.access.own_roles import role_of, user_roles
from schoolgate.access.proposals import NEW_USER, deciding, preview_of
from schoolgate.access.roles import Over
from schoolgate.intake import checks
from schoolgate.kit.names import looks_garbled
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.schools.establishments import described
from schoolgate.schools.today import establishments
from schoolgate.web.forms.users import AddForm
from schoolgate.web.permissions import actor, only_super_user
from schoolgate.web.views.user_preview import (
    CHANGED,
    Question,
    Shown,
    access_of,
    of_address,
    of_closed,
    show,
)
from schoolgate.web.words import invitation_sent


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """The form; then what it would do; then it is saved, if it would still do that."""
    if request.method != "POST":
        return _page(request, AddForm(initial=_prefilled(request)))
    form = AddForm(request.POST)
    if not form.is_valid() or request.POST.get("step") == "change":
        return _page(request, form)
    if request.POST.get("step") != "save":
        return show(request, _shown(request, form))
    try:
        return _save(request)
    except Refusal as refusal:
        form = AddForm(request.POST)
        if form.is_valid():
            return show(request, _shown(request, form), problems=[str(refusal)])
        return _page(request, form)


def _save(request: HttpRequest) -> HttpResponse:
    with deciding(by=actor(request)):
        form = AddForm(request.POST)
        if not form.is_valid():
            return _page(request, form)
        shown = _shown(request, form)
        if shown.mark != request.POST.get("shown"):
            return show(request, shown, problems=[CHANGED])
        if unanswered := shown.unanswered(request):
            return show(request, shown, unanswered=unanswered)
        given = form.cleaned_data
        new = UserToAdd(_facts(given), _grants(given), given["status"] == "active", given["invite"])
        (user_id,) = add_users([new], by=actor(request))
    invited = given["invite"] and given["status"] == "active"
    messages.success(
        request,
        f"{given['first_name']} {given['last_name']} has been added."
        + " "
        + (invitation_sent("Their invitation") if invited else "They have not been invited."),
    )
    return redirect("user", user_id)


def _facts(given: dict[str, Any]) -> NewUser:
    school = given["establishment"]
    return NewUser(
        given["email"],
        "",
        given["first_name"],
        given["last_name"],
        given["job_title"],
        given["phone"],
        school.pk if school else None,
    )


def _grants(given: dict[str, Any]) -> list[NewGrant]:
    role, school = role_of(given["role"]), given["establishment"]
    over = school.pk if school and role.over is Over.ESTABLISHMENT else None
    return [NewGrant(NEW_USER, role.code, over, None, timezone.localdate())]


def _shown(request: HttpRequest, form: AddForm) -> Shown:
    given = form.cleaned_data
    school, active = given["establishment"], given["status"] == "active"
    told = preview_of(NEW_USER, adding=_grants(given), active=active)
    return Shown(
        title=f"Check before you save: {given['first_name']} {given['last_name']}",
        facts=[
            ("Role", role_of(given["role"]).name),
            ("E-mail address", given["email"]),
            ("Job title", given["job_title"] or "–"),
            ("Phone", given["phone"] or "–"),
            ("Establishment", described(school) if school else "–"),
            ("Status", "Active" if active else "Inactive"),
            ("Invitation", _invitation(given["invite"], active)),
        ],
        access=access_of(request, told, is_new=True),
        questions=_questions(given),
        carried=form.carried(),
        notes=notes_on(given),
    )


def _questions(given: dict[str, Any]) -> list[Question]:
    school = given["establishment"]
    return [*of_address(given["email"], None), *of_closed([school] if school else [])]


def _invitation(wanted: bool, active: bool) -> str:
    if not wanted:
        return "Is not sent"
    return "Is sent when you save" if active else "Is not sent: they are inactive"


def notes_on(given: dict[str, Any]) -> list[str]:
    """What is worth knowing and stops nothing, as of a row of a file."""
    notes = []
    if given["phone"] and not checks.is_phone(given["phone"]):
        notes.append("Check the phone number: it is not one that we understand. It is kept.")
    if any(looks_garbled(given[name]) for name in ("first_name", "last_name")):
        notes.append("Check the letters of the name: it looks as if it had been garbled.")
    return notes


def _prefilled(request: HttpRequest) -> dict[str, Any]:
    """What a link to this page fills in: a role by its code, an establishment by its id."""
    filled: dict[str, Any] = {}
    if (role := request.GET.get("role", "")) in user_roles():
        filled["role"] = role
    number = request.GET.get("establishment", "")
    is_id = number.isascii() and number.isdigit() and len(number) < 18
    if is_id and (school := establishments().filter(pk=int(number)).first()):
        filled["establishment"] = school
    return filled


def _page(request: HttpRequest, form: AddForm) -> HttpResponse:
    return render(request, "web/user_add.html", {"form": form})
