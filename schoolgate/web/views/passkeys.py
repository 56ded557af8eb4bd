"""Passkeys: signing in with one, and one's own (NEW11)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from schoolgate.audit.actions import batch
from schoolgate.kit.refusal import Refusal
from schoolgate.sign_in import guesses, log, passkeys, recovery_codes, sessions
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Door, Outcome, Passkey, Second
from schoolgate.sign_in.notices import tell_of_change
from schoolgate.web import fresh_codes
from schoolgate.web import passkey_asking as asking
from schoolgate.web.entering import Halfway, enter, halfway, standing_of
from schoolgate.web.forms.account import RemoveForm
from schoolgate.web.forms.passkeys import NewPasskeyForm, PasskeyForm
from schoolgate.web.forms.sign_in import SecondStepForm, SignInForm
from schoolgate.web.origin import network_of, origin
from schoolgate.web.permissions import (
    account_start,
    actor,
    confirmed,
    current_session,
    public,
    visitor,
)
from schoolgate.web.views.account import others_out, outcome
from schoolgate.web.views.sign_in import TOO_MANY, local, second_page

# One sentence for every failure: it must not tell who has an account, or is inactive (S9).
NO = "Try again, or sign in another way: nobody is signed in with this passkey."
_SIGN_IN, _SECOND, _ADD = "sign-in", "second", "add"


@public
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signs in with a passkey alone; or, between the factors, shows one as the second."""
    if request.POST.get("step") == _SECOND:
        return _second(request)
    if asking.is_begun(request):
        return asking.ask_for_any(request, _SIGN_IN)
    back, network = local(request), network_of(origin(request).address)
    if not guesses.is_open(Kind.PASSKEY_ADDRESS, network):
        _note(request, Outcome.TOO_MANY, None)
        return _sign_in_page(request, back, TOO_MANY)
    user, claimed = asking.whose(request, _SIGN_IN)
    if user is None:
        guesses.may_try(Kind.PASSKEY_ADDRESS, network)
        _note(request, Outcome.FAILED, claimed)
        return _sign_in_page(request, back, NO)
    enter(request, user, door=Door.PASSKEY, second=Second.PASSKEY)
    return HttpResponseRedirect(back)


def _note(request: HttpRequest, outcome: Outcome, user_id: int | None) -> None:
    log.note(outcome, door=Door.PASSKEY, user_id=user_id, origin=origin(request))


def _sign_in_page(request: HttpRequest, back: str, failed: str) -> HttpResponse:
    shown = {"form": SignInForm(), "next": back, "failed": failed}
    return render(request, "web/sign_in.html", shown)


def _second(request: HttpRequest) -> HttpResponse:
    half = halfway(request)
    if half is None:
        if asking.is_begun(request):
            return asking.refuse("Begin again: it has taken too long.")
        return redirect("sign-in")
    if asking.is_begun(request):
        return asking.ask_for_one_of(request, _SECOND, half.user.pk)
    failed = _second_failed(request, half)
    if not failed:
        enter(request, half.user, door=half.door, second=Second.PASSKEY)
        return HttpResponseRedirect(half.back)
    return second_page(request, half, SecondStepForm(), failed)


def _second_failed(request: HttpRequest, half: Halfway) -> str:
    """What is said where no passkey of theirs answers; nothing where one does."""
    outcome = Outcome.SECOND_FAILED
    if not guesses.may_try(Kind.SECOND, half.user.pk):
        outcome = Outcome.TOO_MANY
    elif asking.is_one_of(request, _SECOND, half.user.pk):
        guesses.take_back(Kind.SECOND, half.user.pk)
        return ""
    log.note(
        outcome, door=half.door, user_id=half.user.pk, second=Second.PASSKEY,
        origin=origin(request),
    )  # fmt: skip
    return TOO_MANY if outcome == Outcome.TOO_MANY else NO


@account_start
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def add(request: HttpRequest) -> HttpResponse:
    """Makes a passkey for whoever is signed in."""
    person = visitor(request)
    form = NewPasskeyForm(request.POST or None, initial={"name": origin(request).device})
    if asking.is_begun(request):
        if not form.is_valid():
            return asking.refuse(_problem_of(form))
        begun = passkeys.begin_making(
            asking.site(request), user_id=person.pk, shown=person.get_username(), name=str(person)
        )
        return asking.ask(request, _ADD, person.pk, begun)
    if request.method == "POST" and form.is_valid():
        try:
            codes = _add(request, form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return _added(request, form.cleaned_data, codes)
    return render(request, "web/passkey_add.html", {"form": form})


def _added(request: HttpRequest, told: dict[str, Any], codes: list[str]) -> HttpResponse:
    request.session.cycle_key()
    messages.success(request, f"{told['name']} has been added.{outcome(told['others'])}")
    if not codes:
        return redirect("account-factors")
    fresh_codes.keep(request, codes)
    return redirect("account-codes")


def _problem_of(form: PasskeyForm) -> str:
    return str(next(iter(form.errors.values()))[0])


def _add(request: HttpRequest, told: dict[str, Any]) -> list[str]:
    """Give the user the passkey; their recovery codes, where they had none."""
    by, session, user_id = actor(request), current_session(request), visitor(request).pk
    challenge = asking.take(request, _ADD, user_id)
    made = passkeys.read_made(asking.site(request), challenge, asking.answer(request))
    with batch(by=by) as events:
        passkeys.make(user_id=user_id, made=made, name=told["name"], by=by)
        tell_of_change([user_id], at=events.at)
        codes = recovery_codes.make_first(user_id=user_id, by=by)
        if session.second == Second.NONE:
            sessions.prove_second(session, Second.PASSKEY)
        others_out(request, told["others"])
    return codes


@account_start
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def one(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Renames or removes a passkey of whoever is signed in; another's does not exist."""
    passkey = passkeys.of(visitor(request).pk).filter(pk=passkey_id).first()
    if passkey is None:
        raise Http404
    form = PasskeyForm(request.POST or None, initial={"name": passkey.name})
    if request.method != "POST":
        return _one_page(request, passkey, PasskeyForm(initial={"name": passkey.name}))
    try:
        if request.POST.get("step") == "remove":
            form = PasskeyForm(initial={"name": passkey.name})
            return _remove(request, passkey)
        if form.is_valid():
            passkeys.rename(passkey, name=form.cleaned_data["name"], by=actor(request))
            messages.success(request, f"{form.cleaned_data['name']} has been saved.")
            return redirect("account-factors")
    except Refusal as refusal:
        return _one_page(request, passkey, form, failed=str(refusal))
    return _one_page(request, passkey, form)


def _remove(request: HttpRequest, passkey: Passkey) -> HttpResponse:
    known, by = standing_of(request), actor(request)
    others = "others" in request.POST
    with batch(by=by) as events:
        passkeys.remove(passkey, must_have_one=known is None or known.is_required, by=by)
        tell_of_change([passkey.user_id], at=events.at)
        others_out(request, others)
    messages.success(request, f"{passkey.name} has been removed.{outcome(others)}")
    return redirect("account-factors")


def _one_page(
    request: HttpRequest, passkey: Passkey, form: PasskeyForm, failed: str = ""
) -> HttpResponse:
    shown = {"passkey": passkey, "form": form, "remove": RemoveForm(), "failed": failed}
    return render(request, "web/passkey.html", shown)
