"""How often something may be tried (S24), counted in the database: for all processes, and whoever
tries, whether there is such a user or not (S13).

A limit of ten within five minutes means: after ten tries none is let through until five minutes
have passed since the tenth. Tries that are not let through prolong nothing.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from django.utils import timezone
from django.utils.crypto import salted_hmac

from schoolgate.kit import bulk
from schoolgate.sign_in.models import Guesses


class Limit(NamedTuple):
    """So many within such a time."""

    most: int
    within: timedelta


class Kind(StrEnum):
    """What is counted. Of a network address, behind which a whole school may be, failures are
    counted alone."""

    NAME = "name"
    ACCOUNT = "account"
    ADDRESS = "address"
    SECOND = "second"
    CONFIRM = "confirm"
    CODE = "code"
    MAIL_NAME = "mail-name"
    MAIL_ADDRESS = "mail-address"
    PASSKEY_ADDRESS = "passkey-address"
    PASSKEY_CHALLENGE = "passkey-challenge"
    PROVIDER_ADDRESS = "provider-address"
    LETTER_CODE = "letter-code"
    LETTER_ADDRESS = "letter-address"


_GUESSING = Limit(10, timedelta(minutes=5))
LIMITS = {
    Kind.NAME: _GUESSING,
    Kind.ACCOUNT: _GUESSING,
    Kind.ADDRESS: Limit(200, timedelta(minutes=5)),
    Kind.SECOND: _GUESSING,
    Kind.CONFIRM: _GUESSING,
    Kind.CODE: _GUESSING,
    Kind.MAIL_NAME: Limit(5, timedelta(minutes=15)),
    Kind.MAIL_ADDRESS: Limit(300, timedelta(minutes=15)),
    Kind.PASSKEY_ADDRESS: Limit(100, timedelta(minutes=5)),
    # A challenge is answered once, also where two answers come at the same moment.
    Kind.PASSKEY_CHALLENGE: Limit(1, timedelta(minutes=5)),
    Kind.PROVIDER_ADDRESS: Limit(300, timedelta(minutes=5)),
    # A day, for a letter works for weeks, and there are only so many days of birth (S15).
    Kind.LETTER_CODE: Limit(10, timedelta(days=1)),
    Kind.LETTER_ADDRESS: Limit(100, timedelta(minutes=5)),
}


def may_try(kind: Kind, *words: object) -> bool:
    """Count a try under these words; whether it is let through. One statement, so that of fifty at
    once no more than the limit are."""
    most, within = LIMITS[kind]
    now = timezone.now()
    over = "g.last_at <= %s"
    ((count,),) = bulk.select(
        "INSERT INTO sign_in_guesses AS g (key, count, last_at) VALUES (%s, 1, %s)"
        " ON CONFLICT (key) DO UPDATE SET"
        f" count = CASE WHEN {over} THEN 1 WHEN g.count > %s THEN g.count ELSE g.count + 1 END,"
        f" last_at = CASE WHEN {over} OR g.count < %s THEN excluded.last_at ELSE g.last_at END"
        " RETURNING count",
        [_key(kind, words), now, now - within, most, now - within, most],
    )
    return int(count) <= most


def take_back(kind: Kind, *words: object) -> None:
    """Not to count a try that was right; the others stay counted (S24)."""
    bulk.execute(
        "UPDATE sign_in_guesses SET count = count - 1 WHERE key = %s AND count > 0",
        [_key(kind, words)],
    )


def is_open(kind: Kind, *words: object) -> bool:
    """Whether another try would be let through. Counts nothing."""
    most, within = LIMITS[kind]
    found = Guesses.objects.filter(
        key=_key(kind, words), count__gte=most, last_at__gt=timezone.now() - within
    )
    return not found.exists()


def _key(kind: Kind, words: tuple[object, ...]) -> str:
    told = "\0".join([kind.value, *map(str, words)])
    return salted_hmac("schoolgate.sign_in.guesses", told, algorithm="sha256").hexdigest()
