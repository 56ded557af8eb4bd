"""Correcting the e-mail address of a member of staff who was invited, and inviting them there."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.access.proposals import deciding
from schoolgate.access.staff_list import staff_of
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import last_problems
from schoolgate.people.invitations import ACTIVE
from schoolgate.schools.models import Establishment
from schoolgate.web import words
from schoolgate.web.forms.staff_address import AddressForm
from schoolgate.web.permissions import actor, authority, runs_school
from schoolgate.web.views.staff_deeds import Member, members


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    """Changes the address of one who has not set up, and sends the invitation to it.

    For whoever's account is not the reader's it does not exist (S62).
    """
    one = _theirs(request, school, user_id)
    form = AddressForm(
        request.POST or None,
        person=one.user,
        tells=authority(request).everything,
        initial={"email": one.user.email},
    )
    failed = _in_the_way(one)
    if request.method == "POST" and form.is_valid() and not failed:
        failed = _save(request, school, one, form)
        if not failed:
            messages.success(request, words.invitation_sent(f"An invitation to {one.user}"))
            return redirect("school-staff-invitations", school.pk)
    return render(
        request,
        "web/staff_address.html",
        {
            "school": school,
            "person": one.user,
            "form": form,
            "failed": failed,
            "was": one.user.email if failed else request.POST.get("was", one.user.email),
            "problem": last_problems([one.user.pk]).get(one.user.pk, ""),
        },
    )


def _theirs(request: HttpRequest, school: Establishment, user_id: int) -> Member:
    users = list(staff_of(school.pk).filter(pk=user_id))
    one = members(request, school, users).get(user_id) if users else None
    if one is None or not one.managed:
        raise Http404
    return one


def _in_the_way(one: Member) -> str:
    """Why no invitation can go to them, if so."""
    if one.invitation == ACTIVE:
        return f"{one.user} has set up their sign-in: an invitation is of no use to them."
    if one.is_inactive:
        return f"Reactivate {one.user} first: nobody who is inactive is invited."
    return ""


def _save(request: HttpRequest, school: Establishment, one: Member, form: AddressForm) -> str:
    """Saves and invites; what is in the way, if anything is."""
    typed: str = form.cleaned_data["email"]
    try:
        with deciding([one.user.pk], by=actor(request)):
            now = _theirs(request, school, one.user.pk)
            if failed := _in_the_way(now):
                return failed
            if now.user.email != request.POST.get("was", ""):
                return (
                    "Look at the address again before you send: somebody has changed it since you"
                    f" opened the page, to {now.user.email or 'none'}. What you typed is still"
                    " here."
                )
            fields = {} if typed == now.user.email else {"email": typed}
            save_users([UserToSave(now.user.pk, fields, invite=True)], by=actor(request))
    except Refusal as refusal:
        return str(refusal)
    return ""
