"""Asking a browser for a passkey: what it is told, and the challenge that is kept until it answers.

A form asks in two requests (assets/passkey.js): the first, with :data:`BEGIN`, is answered with
JSON; the second has the browser's answer in :data:`ANSWER`. The challenge waits in the browser's
session for one purpose and one user, and is good once.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from schoolgate.access.sign_in import may_enter
from schoolgate.people.models import User
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import guesses, passkeys
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.passkeys import Begun, Claim, Site

BEGIN, ANSWER = "passkey_begin", "passkey_answer"
_KEPT = "passkey"


def site(request: HttpRequest) -> Site:
    """Whose passkeys are asked for: those of the address that the settings name, else of the one
    that was asked."""
    address = urlsplit(settings.URL or f"{request.scheme}://{request.get_host()}")
    host = address.hostname or ""
    usual = {"http": 80, "https": 443}.get(address.scheme)
    port = "" if address.port in (None, usual) else f":{address.port}"
    known = Organisation.objects.order_by("pk").first()
    name = (known.name if known else "") or "Schoolgate"
    return Site(host, f"{address.scheme}://{host}{port}", name)


def is_begun(request: HttpRequest) -> bool:
    """Whether the browser asks what to ask for."""
    return request.method == "POST" and BEGIN in request.POST


def answer(request: HttpRequest) -> str:
    """What the browser answers; nothing where no device was asked."""
    return request.POST.get(ANSWER, "")


def ask(request: HttpRequest, purpose: str, user_id: int | None, begun: Begun) -> HttpResponse:
    """Tell the browser what to ask for, and keep the challenge for this purpose and user."""
    request.session[_KEPT] = [purpose, user_id, begun.challenge, timezone.now().timestamp()]
    return JsonResponse({"options": begun.options})


def refuse(sentence: str) -> HttpResponse:
    """Tell the browser that nothing can be asked for; the page shows the sentence."""
    return JsonResponse({"problem": sentence})


def take(request: HttpRequest, purpose: str, user_id: int | None) -> str | None:
    """The challenge that was kept for this purpose and user, if it is still good. None is left
    after it, whatever comes of it."""
    kept = request.session.pop(_KEPT, None)
    try:
        for_purpose, for_user, challenge, since = kept
    except (TypeError, ValueError):
        return None
    age = timezone.now().timestamp() - since
    if (for_purpose, for_user) != (purpose, user_id):
        return None
    if not 0 <= age <= passkeys.LASTS.total_seconds():
        return None
    # Two answers at once would both find it in the session; only one of them counts here.
    return challenge if guesses.may_try(Kind.PASSKEY_CHALLENGE, challenge) else None


def ask_for_any(request: HttpRequest, purpose: str) -> HttpResponse:
    """Ask for a passkey, whosever it is: the same for everybody (S9)."""
    return ask(request, purpose, None, passkeys.begin_proving(site(request)))


def ask_for_one_of(request: HttpRequest, purpose: str, user_id: int) -> HttpResponse:
    """Ask for a passkey of this user, who is known already."""
    begun = passkeys.begin_proving(site(request), user_id=user_id)
    return ask(request, purpose, user_id, begun)


def whose(request: HttpRequest, purpose: str) -> tuple[User | None, int | None]:
    """The user whose passkey answers, if they may come in; and the id of whoever has it.

    Does the same work for everybody, up to the first yes (S9, S10).
    """
    challenge = take(request, purpose, None)
    claim = Claim(answer(request))
    user = may_enter(claim.user_id)
    right = passkeys.is_right(site(request), challenge or "", claim)
    if not (right and user is not None and passkeys.use(claim)):
        return None, claim.user_id
    return user, claim.user_id


def is_one_of(request: HttpRequest, purpose: str, user_id: int) -> bool:
    """Whether a passkey of this user answers."""
    challenge = take(request, purpose, user_id)
    claim = Claim(answer(request))
    right = passkeys.is_right(site(request), challenge or "", claim)
    return right and claim.user_id == user_id and passkeys.use(claim)
