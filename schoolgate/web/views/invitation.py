"""The page that an invitation's link opens: choose a password, and be signed in (PP6)."""

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.sign_in import SignInBackend
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.activity import signed_in as note_signed_in
from schoolgate.people.models import User
from schoolgate.web.forms.sign_in import ChoosePasswordForm
from schoolgate.web.permissions import public

_BACKEND = "schoolgate.access.sign_in.SignInBackend"


@public
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, link: str) -> HttpResponse:
    """Opening the link changes nothing, however often and by whatever (S19); the form does.

    A link that does not work, whatever the reason, gets the same page.
    """
    found = invitations.find(link)
    person = SignInBackend().get_user(found.user_id) if found else None
    if person is None:
        return _over(request)
    form = ChoosePasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            user = _redeem(link, form.cleaned_data["password"])
        except Refusal:
            return _over(request)
        login(request, user, backend=_BACKEND)
        return redirect("home")
    return render(request, "web/invitation.html", {"form": form, "address": masked(person.email)})


def _redeem(token: str, password: str) -> User:
    with transaction.atomic():
        user = invitations.redeem(token, password=password)
        # As the backend knows them: their last denial is part of the session (S2).
        known = SignInBackend().get_user(user.pk)
        if known is None:
            raise Refusal(invitations.USE_ANOTHER)
        note_signed_in(known.pk)
    return known


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "web/invitation_over.html", status=404)


def masked(address: str) -> str:
    """An address that its owner knows again and nobody else learns: d•••@abbey.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
