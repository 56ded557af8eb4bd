"""The codes that are printed on letters (S15, S16, S17, S20): their form, what is kept of one, and
when it works. They are made and used in ``people/printing.py``.

A printed code is short enough to type. So it is rate-limited and asked for with a second fact at
its door, and a keyed hash of it is kept, whose key is not in the database.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from schoolgate.kit import bulk
from schoolgate.people.models import InvitationEnding, PrintedCode, User

KIND = "letter"
# No letter or digit that looks like another, and no vowel: a code is no word.
ALPHABET = "346789CDFGHJKMNPQRTVWXY"
LENGTH, GROUP = 12, 4


def lasts() -> timedelta:
    """For how long a printed code works (a setting)."""
    return timedelta(days=settings.LETTER_DAYS)


def new_code() -> str:
    """A code as it is printed: XXXX-XXXX-XXXX, of 54 random bits."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(drawn[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def plain(code: str) -> str:
    """A code as it is compared: however it was typed."""
    return "".join(char for char in code.upper() if char.isalnum())


def hash_of(code: str, secret: str | None = None) -> str:
    """What is kept of a code: a keyed hash of it."""
    salt = "schoolgate.people.printed_codes"
    return salted_hmac(salt, plain(code), secret=secret, algorithm="sha256").hexdigest()


def find(code: str) -> PrintedCode | None:
    """The printed code that this is, if it works now. Changes nothing (S19)."""
    known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return _working().filter(code_hash__in=[hash_of(code, str(secret)) for secret in known]).first()


def find_by_id(code_id: int) -> PrintedCode | None:
    """The printed code with this id, if it works now."""
    return _working().filter(pk=code_id).first()


def _working() -> QuerySet[PrintedCode]:
    user = User.objects.filter(pk=OuterRef("user_id"), gone_at__isnull=True)
    return PrintedCode.objects.filter(
        Exists(user), ended_at__isnull=True, expires_at__gt=timezone.now()
    )


def live(expired: bool | None = None) -> QuerySet[PrintedCode]:
    """The code of the user of an outer query that was not used, replaced or cancelled."""
    found = PrintedCode.objects.filter(user_id=OuterRef("pk"), ended_at__isnull=True)
    if expired is None:
        return found
    now = timezone.now()
    late = Q(expires_at__lte=now)
    return found.filter(late if expired else ~late)


def expired() -> QuerySet[PrintedCode, int]:
    """The ids of the users whose live code is past its time."""
    late = PrintedCode.objects.filter(ended_at__isnull=True, expires_at__lte=timezone.now())
    return late.values_list("user_id", flat=True)


def end(user_ids: Iterable[int], *, how: InvitationEnding, at: datetime) -> list[tuple[int, int]]:
    """End the live printed codes of users; ids of codes and users. Two who end the same one find
    by the result which of them did."""
    return _update(user_ids, "ended_at = %s, ended_how = %s", [at, how.value], "")


def void(user_ids: Iterable[int], *, at: datetime) -> list[tuple[int, int]]:
    """Let codes that were printed work no longer, for what their users hold has changed (S17).

    They are then as those past their time, and wait to be printed again.
    """
    changed = InvitationEnding.CHANGED.value
    return _update(
        user_ids,
        "expires_at = %s, ended_how = %s",
        [at, changed],
        f" AND c.ended_how <> '{changed}'",
    )


def _update(
    user_ids: Iterable[int], change: str, values: list[object], only: str
) -> list[tuple[int, int]]:
    with bulk.temporary("uncoding", "id BIGINT PRIMARY KEY"):
        bulk.load("uncoding", ["id"], ((id_,) for id_ in set(user_ids)))
        bulk.analyse("uncoding")
        # Locked in the order of their ids: of two who want the same ones, one waits.
        lock = " FOR NO KEY UPDATE OF c" if bulk.on_postgresql() else ""
        wanted = (
            "SELECT c.id FROM people_printedcode c JOIN uncoding w ON w.id = c.user_id"
            f" WHERE c.ended_at IS NULL{only} ORDER BY c.id{lock}"
        )
        done = bulk.select(
            f"UPDATE people_printedcode SET {change} WHERE ended_at IS NULL AND id IN ({wanted})"
            " RETURNING id, user_id",
            values,
        )
    return sorted((id_, user_id) for id_, user_id in done)
