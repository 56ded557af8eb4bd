"""The door of a printed letter (ITS8, S15, S20): its code and a second fact, then a password."""

from typing import NamedTuple

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import letters
from schoolgate.access.sign_in import SignInBackend, may_enter
from schoolgate.audit.actions import user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people import printed_codes, printing
from schoolgate.people.models import PrintedCode, User
from schoolgate.sign_in import guesses, links, log, sessions
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Door, Outcome, SessionEnding
from schoolgate.web.entering import first_factor_passed
from schoolgate.web.forms.letter import LetterForm
from schoolgate.web.forms.sign_in import ChoosePasswordForm
from schoolgate.web.origin import network_of, origin
from schoolgate.web.permissions import public
from schoolgate.web.views.sign_in import TOO_MANY

# One sentence, whatever of it is wrong, and whoever has the code: nobody is told which (S9).
NO = (
    "Check the code and the date of birth, then try again, or ask for a new letter: a code works"
    " once, and no longer when a newer letter has been printed."
)
TOO_MANY_FOR_CODE = (
    "Try again tomorrow, or ask for a new letter: there have been too many tries with this code."
)
CLOSED = (
    "Keep your letter and try again later: signing in is not open to parents yet. Your code stays"
    " good until the day that the letter says."
)
# What the browser's session remembers of a letter that was opened in it, and for how long.
_OPENED, _SECONDS = "letter", 30 * 60


@public
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest) -> HttpResponse:
    """Asks for the code and the second fact. Looking changes nothing; the right two lead on."""
    form = LetterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code_id, problem = _opens(request, **form.cleaned_data)
        if code_id is not None:
            # A new key for what comes: whoever knew the old one is not led on beside them (S6).
            request.session.cycle_key()
            request.session[_OPENED] = [code_id, timezone.now().timestamp()]
            return redirect("letter-password")
        form.add_error(None, problem)
    return render(request, "web/letter.html", {"form": form})


@public
@require_safe
def opened(request: HttpRequest, code: str) -> HttpResponse:
    """The address in the QR code: the same page with the code filled in, whatever it is (S19)."""
    return render(request, "web/letter.html", {"form": LetterForm(initial={"code": code[:40]})})


def _opens(request: HttpRequest, code: str, fact: str) -> tuple[int | None, str]:
    """The id of the code that the two open, or what is said; whoever has it, by as much work."""
    came = origin(request)
    network, key = network_of(came.address), printed_codes.plain(code)
    counted = guesses.may_try(Kind.LETTER_CODE, key)
    if not (guesses.is_open(Kind.LETTER_ADDRESS, network) and counted):
        log.note(Outcome.TOO_MANY, door=Door.LETTER, user_id=None, origin=came)
        return None, TOO_MANY if counted else TOO_MANY_FOR_CODE
    proof = letters.prove(code, fact)
    if proof.code_id is not None:
        guesses.take_back(Kind.LETTER_CODE, key)
        return (None, CLOSED) if proof.is_closed else (proof.code_id, "")
    guesses.may_try(Kind.LETTER_ADDRESS, network)
    log.note(Outcome.FAILED, door=Door.LETTER, user_id=proof.user_id, origin=came)
    return None, NO


class _Opened(NamedTuple):
    code: PrintedCode
    person: User


@public
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Chooses the password, uses the code up, and lets them in; without a letter that was opened
    in this browser, back to the code."""
    known = _opened_before(request)
    if known is None:
        return redirect("letter")
    form = ChoosePasswordForm(request.POST or None, person=known.person)
    if request.method == "POST" and form.is_valid():
        try:
            return _enter(request, known.code, form.cleaned_data["password"])
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    name = known.person.username or known.person.email
    return render(request, "web/letter_password.html", {"form": form, "name": name})


def _opened_before(request: HttpRequest) -> _Opened | None:
    """The letter that was opened in this browser, if it still works and nothing stops its user."""
    try:
        code_id, since = request.session[_OPENED]
    except (KeyError, TypeError, ValueError):
        return None
    code = printed_codes.find_by_id(code_id)
    in_time = 0 <= timezone.now().timestamp() - since <= _SECONDS
    person = SignInBackend().get_user(code.user_id) if code and in_time else None
    if code is None or person is None:
        del request.session[_OPENED]
        return None
    return _Opened(code, person)


def _enter(request: HttpRequest, code: PrintedCode, password: str) -> HttpResponse:
    with transaction.atomic():
        user_id = printing.redeem(code.pk, password=password).pk
        known = may_enter(user_id)
        if known is None:
            raise Refusal(printing.USE_ANOTHER)
        # Of one who had a password before: whoever came in with that is out.
        by = user_actor(user_id)
        sessions.end_all([user_id], how=SessionEnding.CHANGED, by=by)
        links.void([user_id], by=by, changes=False, stops=False)
        return first_factor_passed(request, known, Door.LETTER, reverse("home"))
