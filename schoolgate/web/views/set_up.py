"""The one-time set-up link of an empty organisation."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import set_up_first_administrator
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser, set_up_link_works
from schoolgate.people.models import User
from schoolgate.people.queries import users_called
from schoolgate.schools.actions import name_organisation
from schoolgate.sign_in.models import Door, Second
from schoolgate.web.entering import enter
from schoolgate.web.forms.sign_in import SetUpForm
from schoolgate.web.permissions import public


@public
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing (S19); the form makes the first LA Super User."""
    if not set_up_link_works(token):
        return render(request, "web/set_up_over.html", status=404)
    form = SetUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = _make(token, form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            enter(request, user, door=Door.SET_UP, second=Second.NONE)
            return redirect("home")
    return render(request, "web/set_up.html", {"form": form})


def _make(token: str, given: dict[str, Any]) -> User:
    if users_called(given["email"]):
        raise Refusal("Enter another e-mail address: somebody has this one already.")
    new = NewUser(
        email=given["email"],
        username="",
        first_name=given["first_name"],
        last_name=given["last_name"],
    )
    with transaction.atomic():
        user = set_up_first_administrator(
            token=token, new=new, password=given["password"], by=SYSTEM
        )
        if given["organisation"]:
            name_organisation(name=given["organisation"], by=SYSTEM)
    return user
