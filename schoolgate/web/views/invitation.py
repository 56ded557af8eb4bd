"""The page that an invitation's link opens: choose a password or make a passkey, and be signed in
(PP6)."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.sign_in import SignInBackend, may_enter
from schoolgate.audit.actions import user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.models import User
from schoolgate.sign_in import passkeys, recovery_codes
from schoolgate.sign_in.models import Door, Second
from schoolgate.web import fresh_codes
from schoolgate.web import passkey_asking as asking
from schoolgate.web.entering import enter
from schoolgate.web.forms.sign_in import ChoosePasswordForm
from schoolgate.web.origin import origin
from schoolgate.web.permissions import public

_PURPOSE = "invitation"


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
    if asking.is_begun(request):
        # As on the page: whoever holds the link is not told whose it is.
        shown = masked(person.email)
        begun = passkeys.begin_making(
            asking.site(request), user_id=person.pk, shown=shown, name=shown
        )
        return asking.ask(request, _PURPOSE, person.pk, begun)
    if asking.ANSWER in request.POST:
        return _with_passkey(request, link, person)
    form = ChoosePasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"]
        try:
            _enter(request, lambda: invitations.redeem(link, password=password), Second.NONE)
        except Refusal:
            return _over(request)
        return redirect("home")
    return _page(request, person, form)


def _with_passkey(request: HttpRequest, link: str, person: User) -> HttpResponse:
    challenge = asking.take(request, _PURPOSE, person.pk)
    name = origin(request).device
    try:
        made = passkeys.read_made(asking.site(request), challenge, asking.answer(request))
        _enter(request, lambda: passkeys.set_up(link, made=made, name=name), Second.PASSKEY)
    except Refusal as refusal:
        if str(refusal) == invitations.USE_ANOTHER:
            return _over(request)
        return _page(request, person, ChoosePasswordForm(person=person), failed=str(refusal))
    by = user_actor(person.pk)
    fresh_codes.keep(request, recovery_codes.make_first(user_id=person.pk, by=by))
    return redirect("account-codes")


def _enter(request: HttpRequest, redeem: Callable[[], User], second: Second) -> None:
    with transaction.atomic():
        known = may_enter(redeem().pk)
        if known is None:
            raise Refusal(invitations.USE_ANOTHER)
        enter(request, known, door=Door.SET_UP, second=second)


def _page(
    request: HttpRequest, person: User, form: ChoosePasswordForm, failed: str = ""
) -> HttpResponse:
    shown = {"form": form, "address": masked(person.email), "failed": failed}
    return render(request, "web/invitation.html", shown)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "web/invitation_over.html", status=404)


def masked(address: str) -> str:
    """An address that its owner knows again and nobody else learns: d•••@abbey.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
