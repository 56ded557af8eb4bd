"""Coming in: from the first factor over the second to a session, and who has one (NEW11, S25).

Every door ends here: a door proves who somebody is, and this decides what is still wanted.
"""

from dataclasses import dataclass

from django.contrib.auth import get_user, login, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from schoolgate.access import second_factor
from schoolgate.access.second_factor import Standing
from schoolgate.access.sign_in import BACKEND, may_enter
from schoolgate.audit.actions import batch, user_actor
from schoolgate.people.models import User
from schoolgate.sign_in import factors, log, sessions
from schoolgate.sign_in.models import Door, Outcome, Second, SessionEnding
from schoolgate.web.origin import origin

HALFWAY_SECONDS = 10 * 60
_SESSION, _HALF = "user-session", "half"


@dataclass(frozen=True)
class Halfway:
    """Somebody whose first factor was right, and who has yet to show the second."""

    user: User
    door: Door
    back: str


def first_factor_passed(
    request: HttpRequest, user: User, door: Door, back: str
) -> HttpResponseRedirect:
    """Where somebody goes who has shown a first factor: on to the second, or in.

    ``user`` comes from access/sign_in.py at this moment; ``back`` is an address of ours.
    """
    if not factors.has_factor(user.pk):
        enter(request, user, door=door, second=Second.NONE)
        return HttpResponseRedirect(back)
    log.note(Outcome.HALF, door=door, user_id=user.pk, origin=origin(request))
    leave(request)
    request.session.flush()  # a new key for what comes (S6)
    began = timezone.now().timestamp()
    request.session[_HALF] = [user.pk, door.value, back, began, _made_for(user)]
    return redirect("sign-in-second")


def halfway(request: HttpRequest) -> Halfway | None:
    """Who is between the factors in this browser; nobody who may not come in any more.

    Nor somebody who was denied since the first factor, though they be allowed again (S2), or whose
    password or address was changed.
    """
    try:
        user_id, door, back, since, known = request.session[_HALF]
    except (KeyError, TypeError, ValueError):
        return None
    user = may_enter(user_id)
    in_time = 0 <= timezone.now().timestamp() - since <= HALFWAY_SECONDS
    if not (user and in_time and constant_time_compare(known, _made_for(user))):
        del request.session[_HALF]
        return None
    return Halfway(user, Door(door), back)


def _made_for(user: User) -> str:
    """What a first factor was shown for; another when the user is denied, or changes either."""
    known = f"{user.get_session_auth_hash()} {user.password}"
    return salted_hmac("schoolgate.web.entering.half", known, algorithm="sha256").hexdigest()


def enter(request: HttpRequest, user: User, *, door: Door, second: Second) -> None:
    """Let the user in: a session of theirs, in a browser session with a new key (S6).

    When it cannot be written down, they are not in (S60).
    """
    leave(request)
    # The lock on the user first, that on the head of the log last, when the batch ends: whoever
    # signs in twice at once, or is edited meanwhile, waits and is in nobody's way.
    with batch(by=user_actor(user.pk)):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if second == Second.NONE:
            second_factor.begin_grace(user)
        session = sessions.open_session(
            user_id=user.pk, door=door, second=second, origin=origin(request)
        )
        log.note(
            Outcome.SIGNED_IN, door=door, user_id=user.pk, second=second, origin=origin(request)
        )
        login(request, user, backend=BACKEND)
        request.session.pop(_HALF, None)
        request.session[_SESSION] = session.pk


def leave(request: HttpRequest) -> None:
    """End the session of whoever is signed in in this browser, and forget the browser's own."""
    session_id = request.session.get(_SESSION)
    user_id = request.session.get("_auth_user_id")
    if session_id and user_id:
        by = user_actor(int(user_id))
        sessions.end([session_id], how=SessionEnding.SIGNED_OUT, by=by)
        logout(request)


def signed_in_user(request: HttpRequest) -> User | AnonymousUser:
    """Who is signed in, asked of the database (S4); how their session stands is put on the request
    as ``standing``."""
    user = get_user(request)
    if not isinstance(user, User):
        return AnonymousUser()
    session_id = request.session.get(_SESSION)
    known = second_factor.standing(user.pk, session_id) if isinstance(session_id, int) else None
    if known is None:
        request.session.flush()
        return AnonymousUser()
    sessions.see(known.session, timezone.now())
    # For this request alone: Django has no better place for it.
    request.standing = known  # type: ignore[attr-defined]
    return user


def standing_of(request: HttpRequest) -> Standing | None:
    """How the session of whoever asks stands; None for nobody signed in."""
    if not request.user.is_authenticated:
        return None
    return getattr(request, "standing", None)
