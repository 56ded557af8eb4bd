"""The page that an invitation's link opens: choose a password, and be signed in (PP6)."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.sign_in import SignInBackend, may_enter
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.sign_in.models import Door, Second
from schoolgate.web.entering import enter
from schoolgate.web.forms.sign_in import ChoosePasswordForm
from schoolgate.web.permissions import public


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
            _redeem(request, link, form.cleaned_data["password"])
        except Refusal:
            return _over(request)
        return redirect("home")
    return render(request, "web/invitation.html", {"form": form, "address": masked(person.email)})


def _redeem(request: HttpRequest, token: str, password: str) -> None:
    with transaction.atomic():
        user = invitations.redeem(token, password=password)
        known = may_enter(user.pk)
        if known is None:
            raise Refusal(invitations.USE_ANOTHER)
        enter(request, known, door=Door.SET_UP, second=Second.NONE)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "web/invitation_over.html", status=404)


def masked(address: str) -> str:
    """An address that its owner knows again and nobody else learns: d•••@abbey.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
