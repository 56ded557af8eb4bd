"""My account: what is on record of the user who is signed in, and what they change themselves."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import ends
from schoolgate.access.proposals import deciding
from schoolgate.access.sign_in import is_password_of
from schoolgate.audit.actions import batch
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people.actions import change_users, set_password
from schoolgate.people.models import User
from schoolgate.sign_in import guesses, links, recovery_codes, sessions
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Passkey, SessionEnding, Totp
from schoolgate.sign_in.notices import tell_of_change
from schoolgate.web.forms.account import DetailsForm, PasswordForm
from schoolgate.web.permissions import actor, confirmed, current_session, signed_in, visitor
from schoolgate.web.provider_choices import other_accounts
from schoolgate.web.views.sign_in import TOO_MANY

_LABELS = {"phone": "Phone", "job_title": "Job title"}
_SIGNER = signing.Signer(salt="schoolgate.web.views.account")


@signed_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """What there is, each with the way to change it."""
    person = visitor(request)
    found = {
        "person": person,
        "app": Totp.objects.filter(user=person).exists(),
        "passkeys": Passkey.objects.filter(user=person).count(),
        "codes": recovery_codes.left(person.pk),
        **other_accounts(person.pk),
        "devices": sessions.live(person.pk).count(),
    }
    return render(request, "web/account.html", found)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest) -> HttpResponse:
    """Phone and job title. What somebody else has changed meanwhile is not lost (S57)."""
    person = visitor(request)
    if request.method != "POST":
        return render(request, "web/account_details.html", {"form": _details(person)})
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return render(request, "web/account_details.html", {"form": form})
    with deciding([person.pk], by=actor(request)):
        now = _standing(User.objects.get(pk=person.pk))
        was = _seen(form.cleaned_data["seen"])
        typed = {name: form.cleaned_data[name] for name in _LABELS}
        mine = [name for name in _LABELS if was is None or typed[name] != was[name]]
        both = {name for name in mine if was is None or now[name] != was[name]}
        both = {name for name in both if now[name] != typed[name]}
        if not both:
            changes = [(person.pk, name, typed[name]) for name in mine if typed[name] != now[name]]
            change_users(changes, by=actor(request))
            messages.success(request, "Your details have been saved.")
            return redirect("account")
    kept = {name: typed[name] if name in mine else now[name] for name in _LABELS}
    form = DetailsForm({**kept, "seen": _sign(now)})
    changed = [(_LABELS[name], now[name] or "nothing") for name in _LABELS if name in both]
    return render(
        request, "web/account_details.html", {"form": form, "changed": changed, "failed": True}
    )


def _details(person: User) -> DetailsForm:
    now = _standing(person)
    return DetailsForm(initial={**now, "seen": _sign(now)})


def _standing(person: User) -> dict[str, str]:
    return {name: getattr(person, name) for name in _LABELS}


def _sign(standing: dict[str, str]) -> str:
    return _SIGNER.sign_object(standing, compress=True)


def _seen(text: str) -> dict[str, str] | None:
    """How it was when the page was opened; None where that is not to be known."""
    try:
        known: dict[str, str] = _SIGNER.unsign_object(text)
    except signing.BadSignature:
        return None
    return known


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponseBase:
    """A new password: by the one there is, or (without one) by having proved who one is lately."""
    view = _password if visitor(request).has_password else confirmed(_password)
    return view(request)


def _password(request: HttpRequest) -> HttpResponseBase:
    person = visitor(request)
    form = PasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid() and _is_allowed(request, form):
        given = form.cleaned_data
        with batch(by=actor(request)) as events:
            set_password(user=person, password=given["password"], by=actor(request))
            tell_of_change([person.pk], at=events.at)
            links.void([person.pk], by=actor(request), stops=False)
            others_out(request, given["others"])
        request.session.cycle_key()
        messages.success(request, f"Your password has been changed.{outcome(given['others'])}")
        return redirect("account")
    return render(request, "web/account_password.html", {"form": form, "person": person})


def _is_allowed(request: HttpRequest, form: PasswordForm) -> bool:
    """Whether the password that is replaced was typed rightly. Guesses are counted (S24)."""
    if "current" not in form.fields:
        return True
    problem = wrong_password(visitor(request), form.cleaned_data["current"])
    if problem:
        form.add_error("current", problem)
    return not problem


def wrong_password(person: User, typed: str) -> str:
    """What is wrong with a password of whoever is signed in, in words; nothing when it is theirs.

    Tries are counted; one that was right is not (S24).
    """
    if not guesses.may_try(Kind.CONFIRM, person.pk):
        return TOO_MANY
    if not is_password_of(person, typed):
        return "Check your password, then try again: this is not the one you have now."
    guesses.take_back(Kind.CONFIRM, person.pk)
    return ""


def others_out(request: HttpRequest, wanted: bool) -> None:
    """End the sessions of the user on other devices, if that is wanted (S5)."""
    if wanted:
        here = current_session(request).pk
        ids, by = [visitor(request).pk], actor(request)
        sessions.end_all(ids, how=SessionEnding.CHANGED, by=by, but=here)


def outcome(others: bool) -> str:
    """What became of the sessions on other devices."""
    return " You are signed out everywhere else." if others else ""


@signed_in
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """What mail this user will be sent, and when; and what Schoolgate mails to anybody."""
    person = visitor(request)
    shown: dict[str, Any] = {
        "person": person,
        "coming": ends.notices_to_come(person.pk),
        "first": ends.FIRST_DAYS,
        "last": ends.LAST_DAYS,
        "mail_is_set_up": mail_is_set_up(),
    }
    return render(request, "web/account_notices.html", shown)
