"""Confirm it is you: asked before what a stranger at an open screen must not do (ASVS 7.5.3)."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.sign_in import factors, guesses, log, sessions, totp
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Door, Outcome, Second
from schoolgate.web import passkey_asking as asking
from schoolgate.web.forms.account import ConfirmCodeForm, ConfirmPasswordForm
from schoolgate.web.origin import origin
from schoolgate.web.permissions import account_start, current_session, visitor
from schoolgate.web.views.account import wrong_password
from schoolgate.web.views.sign_in import TOO_MANY, WRONG_CODE, local

NOT_THIS = "Try again, or with another of your passkeys: this one is not known here as yours."
_PURPOSE = "confirm"


@account_start
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """By the password, a code of the authenticator app or a passkey, whichever the user has."""
    person, back = visitor(request), local(request)
    if asking.is_begun(request):
        return asking.ask_for_one_of(request, _PURPOSE, person.pk)
    step = request.POST.get("step", "")
    given = request.POST if request.method == "POST" else None
    by_password = ConfirmPasswordForm(given if step == "password" else None)
    by_code = ConfirmCodeForm(given if step == "code" else None)
    kinds, failed = factors.kinds(person.pk), ""
    has_app = Second.TOTP in kinds
    if step == "password" and person.has_password and by_password.is_valid():
        problem = wrong_password(person, by_password.cleaned_data["password"])
        if not problem:
            return _proved(request, back)
        by_password.add_error("password", problem)
        _note(request, Second.NONE, problem)
    elif step == "code" and has_app and by_code.is_valid():
        problem = _wrong_code(person.pk, by_code.cleaned_data["code"])
        if not problem:
            return _proved(request, back)
        by_code.add_error("code", problem)
        _note(request, Second.TOTP, problem)
    elif step == "passkey":
        failed = _wrong_passkey(request, person.pk)
        if not failed:
            return _proved(request, back)
        _note(request, Second.PASSKEY, failed)
    forms = {
        "by_password": by_password if person.has_password else None,
        "by_code": by_code if has_app else None,
        "form": by_code if step == "code" else by_password,
        "has_passkey": Second.PASSKEY in kinds,
        "failed": failed,
        "next": back,
    }
    return render(request, "web/account_confirm.html", forms)


def _wrong_code(user_id: int, code: str) -> str:
    """What is wrong with a code of the app, in words. Tries are counted (S24)."""
    if not guesses.may_try(Kind.CONFIRM, user_id):
        return TOO_MANY
    if not totp.check(user_id, code):
        return WRONG_CODE
    guesses.take_back(Kind.CONFIRM, user_id)
    return ""


def _wrong_passkey(request: HttpRequest, user_id: int) -> str:
    """What is wrong with a passkey, in words. Tries are counted (S24)."""
    if not guesses.may_try(Kind.CONFIRM, user_id):
        return TOO_MANY
    if not asking.is_one_of(request, _PURPOSE, user_id):
        return NOT_THIS
    guesses.take_back(Kind.CONFIRM, user_id)
    return ""


def _proved(request: HttpRequest, back: str) -> HttpResponse:
    sessions.confirm(current_session(request), timezone.now())
    request.session.cycle_key()
    return HttpResponseRedirect(back)


def _note(request: HttpRequest, second: Second, problem: str) -> None:
    failed = Outcome.FAILED if second == Second.NONE else Outcome.SECOND_FAILED
    outcome = Outcome.TOO_MANY if problem == TOO_MANY else failed
    user_id = visitor(request).pk
    log.note(outcome, door=Door.PASSWORD, user_id=user_id, second=second, origin=origin(request))
