"""Codes of an authenticator app (TOTP, RFC 6238): six digits, another every 30 seconds.

A code works from 30 seconds before its time until 30 seconds after it, and once (S26).
"""

import hmac
import re

import pyotp
from django.utils import timezone

from schoolgate.audit.actions import Actor
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.sealed import Unsealable, seal, unseal
from schoolgate.sign_in import factors
from schoolgate.sign_in.models import Totp
from schoolgate.sign_in.notices import tell_of_change

STEP = 30
_EITHER_SIDE = 1
_CODE = re.compile(r"[0-9]{6}")
_KIND = "authenticator app"


def start() -> str:
    """A new secret, in base32: 160 bits. It is kept nowhere yet."""
    return pyotp.random_base32()


def uri(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code for an authenticator app holds; the app shows issuer and account."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def set_up(*, user_id: int, secret: str, code: str, by: Actor) -> None:
    """Let the app with this secret be the user's from now on, in place of an earlier one.

    ``code`` shows that the app has it, and works no more after this. Raises Refusal when it is
    not one of the app's.
    """
    step = _step_of(secret, code)
    if step is None:
        raise Refusal(
            "Enter the 6 digits that the app shows now: these are not from the app, or are too old."
            " If they look right, check that the clock of your phone is."
        )
    with factors.changing(user_id=user_id, by=by) as events:
        had = Totp.objects.filter(user_id=user_id).delete()[0]
        made = Totp.objects.create(
            user_id=user_id, sealed_secret=seal(secret), last_step=step, made_at=events.at
        )
        verb = "changed" if had else "added"
        events.add([(verb, _KIND, made.pk, "", user_id, None, "")])
        tell_of_change([user_id], at=events.at)


def check(user_id: int, code: str) -> bool:
    """Whether the code is one that the user's app shows about now; it is used up by this.

    One statement takes it, so that of two who bring it at once one is let in.
    """
    found = Totp.objects.filter(user_id=user_id).first()
    if found is None:
        return False
    try:
        step = _step_of(unseal(found.sealed_secret), code)
    except Unsealable:
        return False
    if step is None:
        return False
    unused = Totp.objects.filter(pk=found.pk, last_step__lt=step)
    return bool(unused.update(last_step=step, used_at=timezone.now()))


def remove(*, user_id: int, must_have_one: bool, by: Actor) -> None:
    """Take the user's app away. Raises Refusal where it is the last second factor of somebody who
    must have one."""
    with factors.removing(user_id=user_id, must_have_one=must_have_one, by=by) as events:
        found = Totp.objects.filter(user_id=user_id).first()
        if found is not None:
            events.add([("removed", _KIND, found.pk, "", user_id, None, "")])
            found.delete()
            tell_of_change([user_id], at=events.at)


def _step_of(secret: str, code: str) -> int | None:
    """The latest step about now whose code this is."""
    digits = "".join(code.split())
    if not _CODE.fullmatch(digits):
        return None
    app = pyotp.TOTP(secret, interval=STEP)
    now = int(timezone.now().timestamp()) // STEP
    near = range(now - _EITHER_SIDE, now + _EITHER_SIDE + 1)
    right = [step for step in near if hmac.compare_digest(app.generate_otp(step), digits)]
    return max(right, default=None)
