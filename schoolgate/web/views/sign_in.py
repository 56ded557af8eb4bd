"""Signing in with a password, the second step, and signing out."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from schoolgate.access import sign_in as access
from schoolgate.kit.names import email_key
from schoolgate.people.models import User
from schoolgate.sign_in import factors, guesses, log, recovery_codes, totp
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Door, Outcome, Second
from schoolgate.web.entering import Halfway, enter, first_factor_passed, halfway, leave
from schoolgate.web.forms.sign_in import SecondStepForm, SignInForm
from schoolgate.web.origin import network_of, origin
from schoolgate.web.permissions import public

# One sentence for every failure: it must not tell who has an account, or is inactive (S9).
NO = "Check your e-mail address or user name and your password, then try again."
# As little does this one: names that nobody has are counted too (S13).
TOO_MANY = "Wait five minutes, then try again: there have been too many tries."
WRONG_CODE = "Check the code, then try again: each works once, and one of an app for a minute."


@public
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page. Whoever is signed in already is led on."""
    back = local(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(back)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user, problem = _known(request, form.cleaned_data["name"], form.cleaned_data["password"])
        if user is not None:
            return first_factor_passed(request, user, Door.PASSWORD, back)
        form.add_error(None, problem)
    return render(request, "web/sign_in.html", {"form": form, "next": back})


def _known(request: HttpRequest, name: str, password: str) -> tuple[User | None, str]:
    """The user whose name and password these are, or what is said; whoever it is, by as much work.

    Tries are counted by the name, which is told, and by the user besides: somebody with an address
    and a user name is guessed at by both, and that these are one person's must not be told either.
    """
    key, network = email_key(name), network_of(origin(request).address)
    named = guesses.may_try(Kind.NAME, key)
    if not (guesses.is_open(Kind.ADDRESS, network) and named):
        _note(request, Outcome.TOO_MANY, access.candidate(name).user_id, name)
        return None, TOO_MANY
    found = access.candidate(name)
    account = ("user", found.user_id) if found.user_id else ("name", key)
    counted = guesses.may_try(Kind.ACCOUNT, *account)
    if access.is_password_of(found.user if counted else None, password):
        guesses.take_back(Kind.NAME, key)
        guesses.take_back(Kind.ACCOUNT, *account)
        return found.user, ""
    guesses.may_try(Kind.ADDRESS, network)
    _note(request, Outcome.FAILED, found.user_id, name)
    return None, NO


def _note(request: HttpRequest, outcome: Outcome, user_id: int | None, name: str) -> None:
    log.note(outcome, door=Door.PASSWORD, user_id=user_id, name=name, origin=origin(request))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """The second step, after a first factor that was right; without that, back to the beginning."""
    half = halfway(request)
    if half is None:
        return redirect("sign-in")
    form = SecondStepForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not guesses.may_try(Kind.SECOND, half.user.pk):
            _note_second(request, half, Outcome.TOO_MANY)
            form.add_error("code", TOO_MANY)
        elif (shown := _shown(half.user, form.cleaned_data["code"])) != Second.NONE:
            guesses.take_back(Kind.SECOND, half.user.pk)
            enter(request, half.user, door=half.door, second=shown)
            return HttpResponseRedirect(half.back)
        else:
            _note_second(request, half, Outcome.SECOND_FAILED)
            form.add_error("code", WRONG_CODE)
    return second_page(request, half, form)


def second_page(
    request: HttpRequest, half: Halfway, form: SecondStepForm, failed: str = ""
) -> HttpResponse:
    """The page of the second step; what suits the factors that the user has comes first."""
    kinds = factors.kinds(half.user.pk)
    shown = {
        "form": form,
        "half": half,
        "has_app": Second.TOTP in kinds,
        "has_passkey": Second.PASSKEY in kinds,
        "failed": failed,
    }
    return render(request, "web/sign_in_second.html", shown)


def _shown(user: User, code: str) -> Second:
    """What the code proves: a code of the user's app, or one of their recovery codes."""
    if totp.check(user.pk, code):
        return Second.TOTP
    return Second.RECOVERY_CODE if recovery_codes.use(user.pk, code) else Second.NONE


def _note_second(request: HttpRequest, half: Halfway, outcome: Outcome) -> None:
    log.note(outcome, door=half.door, user_id=half.user.pk, origin=origin(request))


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    leave(request)
    request.session.flush()
    return redirect("sign-in")


def local(request: HttpRequest) -> str:
    """Where to go after signing in: an address of ours only (S59)."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("home")
