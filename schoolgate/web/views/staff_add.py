"""My school > Staff > Add: somebody whom the school's information system has not brought (PP2)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import UserToAdd, add_users
from schoolgate.access.authority import may_manage_accounts, may_run
from schoolgate.access.levels import change_to
from schoolgate.access.proposals import NEW_USER, deciding, preview_of
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import staff
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web.forms.staff import StaffForm
from schoolgate.web.permissions import actor, authority, runs_school
from schoolgate.web.views.staff_form import a_form, areas_of, names_of, page_of_form
from schoolgate.web.views.staff_standing import DETAILS, LEVELS, in_words, with_levels
from schoolgate.web.views.user_add import notes_on
from schoolgate.web.views.user_preview import CHANGED, Shown, access_of, of_address, show
from schoolgate.web.words import invitation_sent

_INVITES = (
    "Send the invitation when this is saved",
    "An e-mail with a link with which they set up their sign-in",
    True,
)


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The form; then what it would do; then it is saved, if it would still do that."""
    if request.method != "POST":
        return _page(request, school, _form(request, school))
    form, step = _form(request, school, request.POST), request.POST.get("step")
    if step == "take":
        return _take(request, school, form)
    if not form.is_valid() or step == "change":
        return _page(request, school, form)
    if step != "save":
        return show(request, _shown(request, school, form))
    try:
        return _save(request, school)
    except Refusal as refusal:
        form = _form(request, school, request.POST)
        if form.is_valid():
            return show(request, _shown(request, school, form), problems=[str(refusal)])
        return _page(request, school, form)


def _form(request: HttpRequest, school: Establishment, *given: Any) -> StaffForm:
    return a_form(request, school, *given, invites=_INVITES)


def _save(request: HttpRequest, school: Establishment) -> HttpResponse:
    with deciding(by=actor(request)):
        form = _form(request, school, request.POST)
        if not form.is_valid():
            return _page(request, school, form)
        shown = _shown(request, school, form)
        if shown.mark != request.POST.get("shown"):
            return show(request, shown, problems=[CHANGED])
        if unanswered := shown.unanswered(request):
            return show(request, shown, unanswered=unanswered)
        given = form.cleaned_data
        facts = NewUser(
            given["email"],
            "",
            given["first_name"],
            given["last_name"],
            given["job_title"],
            given["phone"],
            school.pk,
        )
        grants = change_to(NEW_USER, school.pk, form.levels()).adding
        new = UserToAdd(facts, grants, invite=given["invite"], staff_of=school.pk)
        add_users([new], by=actor(request))
    invited = invitation_sent("Their invitation") if given["invite"] else "They are not invited."
    messages.success(
        request, f"{given['first_name']} {given['last_name']} has been added. {invited}"
    )
    return redirect("school-staff", school.pk)


def _shown(request: HttpRequest, school: Establishment, form: StaffForm) -> Shown:
    given, by = form.cleaned_data, actor(request)
    change = change_to(NEW_USER, school.pk, form.levels())
    told = preview_of(NEW_USER, adding=change.adding, reader=by)
    areas = names_of(areas_of(school))
    then = with_levels({name: given[name] for name in DETAILS}, form.levels())
    levels = [
        (label, in_words(name, getattr(then, name), areas) or "–")
        for name, label in LEVELS.items()
        if name != "finance" or then.finance
    ]
    return Shown(
        title=f"Check before you save: {given['first_name']} {given['last_name']}",
        facts=[
            ("E-mail address", given["email"]),
            ("Job title", given["job_title"] or "–"),
            ("Phone", given["phone"] or "–"),
            ("On the staff of", school.name),
            *levels,
            ("Invitation", "Is sent when you save" if given["invite"] else "Is not sent"),
        ],
        access=access_of(request, told, is_new=True),
        questions=of_address(given["email"], None, naming=authority(request).everything),
        carried=form.carried(),
        notes=notes_on(given),
        back=(reverse("school-staff", args=[school.pk]), f"Staff of {school.name}"),
        register_only=not authority(request).everything,
    )


def _take(request: HttpRequest, school: Establishment, form: StaffForm) -> HttpResponse:
    """Puts somebody who is here already on the staff, and leads to where their levels are set."""
    form.is_valid()
    person: User | None = form.taken_by
    if person is None:
        return _page(request, school, form)
    by = actor(request)
    try:
        with deciding([person.pk], by=by):
            may_run(by, [school.pk])
            may_manage_accounts(by, [person.pk])
            staff.record([staff.NewPost(person.pk, school.pk)], by=by, source=Source.BY_HAND)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _page(request, school, form)
    messages.success(request, f"{person} is on the staff now. Set what they are here.")
    return redirect("school-staff-edit", school.pk, person.pk)


def _page(request: HttpRequest, school: Establishment, form: StaffForm) -> HttpResponse:
    return render(request, "web/staff_add.html", page_of_form(request, school, form))
