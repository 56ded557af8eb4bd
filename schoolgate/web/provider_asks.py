"""What a browser's session keeps while its user is at an identity provider: sealed, for ten
minutes, for one answer, and for the purpose for which they went (S12, S27)."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import Enum

from django.http import HttpRequest
from django.utils import timezone

from schoolgate.kit.refusal import Refusal
from schoolgate.kit.sealed import Unsealable, seal, unseal
from schoolgate.sign_in.openid import Begun

LASTS_SECONDS = 10 * 60
MOST = 5  # in one browser at a time
BEGIN_AGAIN = (
    "Begin again: this was begun in another browser or too long ago, or it is done already."
)
_KEY = "provider-asks"


class Purpose(Enum):
    """What somebody goes to a provider for."""

    SIGN_IN = "sign in"
    LINK = "link"
    SET_UP = "set up"


@dataclass(frozen=True)
class Ask:
    """``bound_to``: an address of ours to go on to (sign in), the id of the session in which it was
    asked (link), or the token of an invitation (set up)."""

    provider: str
    purpose: Purpose
    bound_to: str
    begun: Begun


def keep(request: HttpRequest, ask: Ask) -> None:
    """Remember what was asked, and forget the oldest of too many."""
    told = {
        **asdict(ask), "purpose": ask.purpose.value, "at": timezone.now().timestamp(),
    }  # fmt: skip
    kept = dict(request.session.get(_KEY) or {})
    kept[_place(ask.begun.state)] = seal(json.dumps(told))
    request.session[_KEY] = dict(list(kept.items())[-MOST:])


def take(request: HttpRequest, provider: str) -> Ask:
    """What the answer that is in the request's address was asked for. It is asked for once.

    Refusal when this browser asked nothing such, not of this provider, or too long ago.
    """
    kept = dict(request.session.get(_KEY) or {})
    sealed = kept.pop(_place(request.GET.get("state", "")), None)
    if sealed is None:
        raise Refusal(BEGIN_AGAIN)
    request.session[_KEY] = kept
    try:
        told = json.loads(unseal(sealed))
    except Unsealable:
        raise Refusal(BEGIN_AGAIN) from None
    age = timezone.now().timestamp() - told.pop("at")
    ask = Ask(**{**told, "purpose": Purpose(told["purpose"]), "begun": Begun(**told["begun"])})
    if ask.provider != provider or not 0 <= age <= LASTS_SECONDS:
        raise Refusal(BEGIN_AGAIN)
    return ask


def _place(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
