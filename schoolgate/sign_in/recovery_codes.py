"""Recovery codes: ten, on paper or in a safe place, each for once, where a second factor is lost.

They are shown when they are made and never again; of each only the SHA-256 is kept.
"""

import hashlib
import secrets

from django.utils import timezone

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.sign_in import factors
from schoolgate.sign_in.models import RecoveryCode
from schoolgate.sign_in.notices import tell_of_change

HOW_MANY = 10
# Without 0, O, 1 and I, which look alike: 32 letters, 5 bits each.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GROUPS, _OF = 4, 4  # 80 bits
_KIND = "recovery codes"


def make_new(*, user_id: int, by: Actor) -> list[str]:
    """Ten new codes, in groups ("ABCD-EFGH-JKLM-NPQR"); earlier ones work no more.

    They are returned this once and kept nowhere.
    """
    codes = [_code() for _ in range(HOW_MANY)]
    with factors.changing(user_id=user_id, by=by) as events:
        RecoveryCode.objects.filter(user_id=user_id).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user_id=user_id, code_hash=_hash(code), made_at=events.at)
            for code in codes
        )
        events.add([("made", _KIND, None, "", user_id, None, "")])
    return codes


def make_first(*, user_id: int, by: Actor) -> list[str]:
    """The same for a user who has none that works; otherwise none are made, and none returned.

    Whatever gives somebody their first second factor calls this.
    """
    with factors.changing(user_id=user_id, by=by):
        return [] if left(user_id) else make_new(user_id=user_id, by=by)


def use(user_id: int, code: str) -> bool:
    """Whether the code is one of the user's that works; it is used up by this, and they are told.

    It may be typed in small letters, and without hyphens or with spaces.
    """
    with batch(by=user_actor(user_id)) as events:
        unused = RecoveryCode.objects.filter(
            user_id=user_id, code_hash=_hash(code), used_at__isnull=True
        )
        used = unused.update(used_at=timezone.now())
        if used:
            events.add([("used", "recovery code", None, "", user_id, None, "")])
            tell_of_change([user_id], at=events.at)
    return bool(used)


def left(user_id: int) -> int:
    """How many codes of the user still work."""
    return RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True).count()


def _code() -> str:
    letters = [secrets.choice(LETTERS) for _ in range(_GROUPS * _OF)]
    return "-".join("".join(letters[i : i + _OF]) for i in range(0, len(letters), _OF))


def _hash(code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
