"""Changing the e-mail address of one's own account: asked for here, confirmed from the new address,
stopped from the old one (LAC12)."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.sign_in import may_enter
from schoolgate.kit.dates import day_of, in_words
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.sign_in import addresses, guesses
from schoolgate.sign_in.guesses import Kind
from schoolgate.web.forms.by_mail import NewAddressForm
from schoolgate.web.permissions import (
    actor,
    confirmed,
    current_session,
    is_in,
    public,
    signed_in,
    visitor,
)
from schoolgate.web.views.invitation import masked

_ENOUGH = "Wait a quarter of an hour, then try again: enough has been asked for already."


@signed_in
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Asks for another address; it counts once it is confirmed."""
    person, failed = visitor(request), ""
    form = NewAddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and mail_is_set_up():
        failed = _ask(request, form.cleaned_data["email"])
        if not failed:
            messages.success(request, "Open the link in the e-mail that goes to the new address.")
            return redirect("account-address")
    waiting = addresses.waiting(person.pk)
    context = {
        "form": form,
        "failed": failed,
        "person": person,
        "waiting": waiting,
        "until": in_words(day_of(waiting.confirm_until)) if waiting else "",
        "has_mail": mail_is_set_up(),
    }
    return render(request, "web/account_address.html", context)


def _ask(request: HttpRequest, email: str) -> str:
    """Asks; what is in the way, if anything is."""
    if not guesses.may_try(Kind.MAIL_NAME, "address", visitor(request).pk):
        return _ENOUGH
    try:
        addresses.ask(user_id=visitor(request).pk, new_email=email, by=actor(request))
    except Refusal as refusal:
        return str(refusal)
    return ""


@public
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, confirm: str) -> HttpResponse:
    """Opening the link changes nothing (S19); the form does, for the user who asked for it alone.

    Nobody else has use of a mail that went astray; and the page on which to sign in is not told
    the token.
    """
    if not is_in(request):
        return render(request, "web/address_sign_in.html")
    user = visitor(request)
    found = addresses.find_confirm(confirm, user.pk)
    if found is None:
        return render(request, "web/address_over.html", status=404)
    if request.method == "POST":
        session_id = current_session(request).pk
        try:
            addresses.confirm(confirm, user_id=user.pk, session_id=session_id, by=actor(request))
        except Refusal as refusal:
            context = {"sentence": str(refusal)}
            return render(request, "web/address_over.html", context, status=404)
        if now := may_enter(user.pk):
            update_session_auth_hash(request, now)  # the session is made for an address
        messages.success(request, f"You now sign in with {found.new_email}.")
        return redirect("account")
    return render(request, "web/address_confirm.html", {"change": found})


@public
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, stop: str) -> HttpResponse:
    """Opening the link changes nothing (S19); the form stops the change, and puts the old address
    back. Whoever has the link need not be signed in, nor be able to."""
    found = addresses.find_stop(stop)
    if found is None:
        return render(request, "web/address_over.html", {"stops": True}, status=404)
    if request.method == "POST":
        try:
            moved = addresses.stop(stop)
        except Refusal as refusal:
            context = {"stops": True, "sentence": str(refusal)}
            return render(request, "web/address_over.html", context, status=404)
        return render(request, "web/address_stopped.html", {"moved": moved})
    return render(request, "web/address_stop.html", {"address": masked(found.old_email)})
