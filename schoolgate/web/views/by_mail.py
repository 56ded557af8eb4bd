"""Asking for mail at the sign-in page, and what the mail leads to: a new password, or a way in.

Nothing here looks at who has the name before its answer is made: that is the worker's (S11).
"""

import secrets
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_http_methods

from schoolgate.access.sign_in import may_enter
from schoolgate.kit.names import email_key
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people.models import User
from schoolgate.sign_in import asked, guesses, log
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import AskedKind, Door, Outcome
from schoolgate.web.entering import first_factor_passed
from schoolgate.web.forms.by_mail import CodeForm, NameForm
from schoolgate.web.forms.sign_in import ChoosePasswordForm
from schoolgate.web.origin import network_of, origin
from schoolgate.web.permissions import public
from schoolgate.web.views.invitation import masked
from schoolgate.web.views.sign_in import TOO_MANY, local

# One sentence whether the code is wrong, old, used, or never was: nobody is told which.
WRONG_CODE = (
    "Check the code, then try again, or ask for another: it works for ten minutes, once, and only"
    " in this browser."
)
_DOORS = {AskedKind.RESET: Door.PASSWORD, AskedKind.CODE: Door.CODE}
# What the browser's session remembers of a code that was asked for in it.
_ASKED = "asked-for-code"


@public
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Asks for a link to choose a new password."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and mail_is_set_up():
        _ask(request, AskedKind.RESET, form.cleaned_data["name"])
        return redirect(reverse("forgotten") + "?asked=yes")
    context = {"form": form, "asked": "asked" in request.GET, "has_mail": mail_is_set_up()}
    return render(request, "web/forgotten.html", context)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, reset: str) -> HttpResponse:
    """Chooses a new password. Opening the link changes nothing (S19); the form uses it up.

    The second factor is asked for afterwards as it is after any password (S25). A link that does
    not work, whatever the reason, gets the same page.
    """
    found = asked.find_reset(reset)
    person = may_enter(found.user_id if found else None)
    if person is None:
        return render(request, "web/reset_over.html", status=404)
    form = ChoosePasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            user_id = asked.redeem_reset(reset, password=form.cleaned_data["password"])
        except Refusal:
            return render(request, "web/reset_over.html", status=404)
        user = may_enter(user_id)
        if user is None:
            return redirect("sign-in")
        return first_factor_passed(request, user, Door.PASSWORD, reverse("home"))
    return render(request, "web/reset.html", {"form": form, "address": masked(person.email)})


@public
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Asks for a code, which works in this browser alone."""
    form = NameForm(request.POST or None)
    back = local(request)
    if request.method == "POST" and form.is_valid() and mail_is_set_up():
        name, before = form.cleaned_data["name"], _remembered(request)
        known = Remembered(secrets.token_urlsafe(32), _counted_as(name), back)
        asked_now = _ask(request, AskedKind.CODE, name, known.word, instead_of=before.word)
        if not asked_now and before.word:
            # The code that there is, and its name: under another, ten more tries would be at it.
            known = before._replace(back=back)
        request.session[_ASKED] = list(known)
        return redirect("sign-in-code-enter")
    context = {"form": form, "next": back, "has_mail": mail_is_set_up()}
    return render(request, "web/sign_in_code.html", context)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Takes the code; where none was asked for in this browser, back to asking."""
    known = _remembered(request)
    if not known.word:
        return redirect("sign-in-code")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user, problem = _whose(request, known, form.cleaned_data["code"])
        if user is not None:
            del request.session[_ASKED]
            return first_factor_passed(request, user, Door.CODE, known.back)
        form.add_error("code", problem)
    return render(request, "web/sign_in_code_enter.html", {"form": form})


def _whose(request: HttpRequest, known: "Remembered", code: str) -> tuple[User | None, str]:
    """The user whose code this is, or what is said; whoever it is, by as much work."""
    came = origin(request)
    network = network_of(came.address)
    counted = guesses.may_try(Kind.CODE, known.name)
    if not (guesses.is_open(Kind.ADDRESS, network) and counted):
        log.note(Outcome.TOO_MANY, door=Door.CODE, user_id=None, origin=came)
        return None, TOO_MANY
    user_id, right = asked.use_code(known.word, code)
    user = may_enter(user_id)
    # By the user besides, and silently, as at the password: two names are no twenty tries.
    account = ("user", user_id) if user_id else ("name", known.name)
    within = guesses.may_try(Kind.CODE, *account)
    if right and within and user is not None:
        guesses.take_back(Kind.CODE, known.name)
        guesses.take_back(Kind.CODE, *account)
        return user, ""
    guesses.may_try(Kind.ADDRESS, network)
    log.note(Outcome.FAILED, door=Door.CODE, user_id=user_id, origin=came)
    return None, WRONG_CODE


class Remembered(NamedTuple):
    """What the browser's session knows of the code that was asked for in it: the word under which
    it was, what tries at that name are counted under, and where to go afterwards."""

    word: str = ""
    name: str = ""
    back: str = ""


def _remembered(request: HttpRequest) -> Remembered:
    return Remembered(*request.session.get(_ASKED, ()))


def _counted_as(name: str) -> str:
    # Not the name itself: people type passwords there.
    told = salted_hmac("schoolgate.web.by_mail", email_key(name), algorithm="sha256")
    return told.hexdigest()


def _ask(
    request: HttpRequest, kind: AskedKind, name: str, word: str = "", instead_of: str = ""
) -> bool:
    """Ask for mail, unless there was too much of it already: of that nothing is told. Whether it
    was asked for."""
    came = origin(request)
    named = guesses.may_try(Kind.MAIL_NAME, kind.value, email_key(name))
    placed = guesses.may_try(Kind.MAIL_ADDRESS, network_of(came.address))
    if named and placed:
        asked.ask(kind, name=name, browser_word=word, instead_of=instead_of)
    outcome = Outcome.ASKED if named and placed else Outcome.TOO_MANY
    log.note(outcome, door=_DOORS[kind], user_id=None, name=name, origin=came)
    return named and placed
