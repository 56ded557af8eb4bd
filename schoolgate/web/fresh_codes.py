"""Recovery codes just made, until their user has kept them: sealed in the browser's session, for
ten minutes at the most. They are nowhere else."""

import json

from django.http import HttpRequest
from django.utils import timezone

from schoolgate.kit.sealed import Unsealable, seal, unseal
from schoolgate.web.permissions import visitor

_KEY = "fresh-codes"
_SECONDS = 10 * 60


def keep(request: HttpRequest, codes: list[str]) -> None:
    """Let the page of recovery codes show these to whoever is signed in."""
    known = [visitor(request).pk, timezone.now().timestamp(), codes]
    request.session[_KEY] = seal(json.dumps(known))


def fresh(request: HttpRequest) -> list[str]:
    """The codes that are still to be shown; none when there are none, or their time is over."""
    try:
        user_id, since, codes = json.loads(unseal(request.session.get(_KEY, "")))
    except (Unsealable, ValueError):
        return []
    if user_id != visitor(request).pk or timezone.now().timestamp() - since > _SECONDS:
        forget(request)
        return []
    return [str(code) for code in codes]


def forget(request: HttpRequest) -> None:
    """Show them no more."""
    request.session.pop(_KEY, None)
