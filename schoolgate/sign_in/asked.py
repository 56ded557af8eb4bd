"""What people ask for at the sign-in page to be mailed: a link to choose a new password, or a code.

The page writes the same row for every name (S11). The worker finds whose name it is, and as the
mail is sent its secret is made: 256 random bits for a link, of which the SHA-256 is kept; six
digits for a code, of which an HMAC is kept (S15).
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from schoolgate.audit.actions import SYSTEM, batch, user_actor
from schoolgate.kit.names import LONGEST_ADDRESS, email_key
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.tokens import hash_of, new_token
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.people.models import User
from schoolgate.sign_in import links, log, notices, sessions
from schoolgate.sign_in.models import AskedByMail, AskedKind, SessionEnding

# How long a secret works once its mail is sent, and how late after asking that may be.
LASTS = {AskedKind.RESET: timedelta(hours=1), AskedKind.CODE: timedelta(minutes=10)}
LATEST = {AskedKind.RESET: timedelta(days=1), AskedKind.CODE: timedelta(hours=1)}
MOST_TRIES = 5
LOT = 50
USE_ANOTHER = "Ask for a new link: this one has been used, replaced, or is too old."

# Whom a name stands for: the id of whoever has it, and the user if they may come in.
Find = Callable[[str], tuple[int | None, User | None]]


def ask(kind: AskedKind, *, name: str, browser_word: str = "", instead_of: str = "") -> None:
    """Write down that mail was asked for under this name: one row, whoever that is, if anybody.

    ``browser_word``: what only the browser that asks knows, for a code; ``instead_of``: the one it
    had before, whose code works no longer (S18).
    """
    now = timezone.now()
    with transaction.atomic():
        _of_browser(instead_of).update(ended_at=now)
        AskedByMail.objects.create(
            kind=kind,
            name_key=email_key(name)[:LONGEST_ADDRESS],
            browser_hash=hash_of(browser_word) if browser_word else "",
            asked_at=now,
        )


def look_up(find: Find) -> int:
    """Find out whose names those are that mail was asked for under, and post it; how many rows.

    A name is forgotten once it was looked up. Two workers at once never take the same row.
    """
    waiting = AskedByMail.objects.filter(looked_at__isnull=True).order_by("pk")
    if not waiting.exists():
        return 0  # without a transaction: on SQLite it would hold up who writes
    with batch(by=SYSTEM) as events:
        rows = list(waiting.select_for_update(skip_locked=True)[:LOT])
        found = [(row, user) for row in rows if (user := _to_be_told(row, find, events.at))]
        AskedByMail.objects.filter(pk__in=[row.pk for row in rows]).update(
            looked_at=events.at, name_key=""
        )
        resets = {user.pk: row.pk for row, user in found if row.kind == AskedKind.RESET}
        links.end_asked(resets, AskedKind.RESET, at=events.at)
        for row, user in found:
            replaced = row.kind == AskedKind.RESET and resets[user.pk] != row.pk
            AskedByMail.objects.filter(pk=row.pk).update(
                user=user,
                email_key=user.email_key,
                ended_at=events.at if replaced else F("ended_at"),
            )
        outbox.post(
            (
                NewMail(links.MAIL[AskedKind(row.kind)], user.pk, user.email, row.pk, urgent=True)
                for row, user in found
            ),
            at=events.at,
        )
        events.add(
            ("asked for", links.TOLD[AskedKind(row.kind)], row.pk, "", user.pk, None, "")
            for row, user in found
        )
    return len(rows)


def _to_be_told(row: AskedByMail, find: Find, at: datetime) -> User | None:
    """The user whose name it is, if mail may go to them and it is not too late for it."""
    user_id, user = find(row.name_key)
    if user_id is not None:
        log.recognise(row.name_key, user_id, since=row.asked_at)
    in_time = row.asked_at > at - LATEST[AskedKind(row.kind)]
    return user if user and user.email_key and in_time else None


def make_secrets(wanted: Mapping[int, str], *, at: datetime) -> dict[int, str]:
    """A new secret for each row that is still wanted; for the worker that sends the mail.

    ``wanted`` gives the key of the address that the mail goes to by row. One that has ended, or
    whose user is gone or has another address by now, gets none. A mail that goes out once more has
    a secret of its own, and whichever arrives works.
    """
    ready = {}
    with transaction.atomic():
        rows = _working().filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
        for row in rows:
            kind = AskedKind(row.kind)
            if row.email_key != wanted[row.pk] or row.asked_at <= at - LATEST[kind]:
                continue
            asked_as = row.pk
            if row.secret_hash:
                row.pk, row.tries = None, 0
                row.save()
            secret, row.secret_hash = _new_secret(row)
            row.expires_at = at + LASTS[kind]
            row.save(update_fields=["secret_hash", "expires_at"])
            ready[asked_as] = secret
    return ready


def _new_secret(row: AskedByMail) -> tuple[str, str]:
    """A secret, and what is kept of it."""
    if row.kind == AskedKind.RESET:
        token = new_token()
        return token, hash_of(token)
    code = f"{secrets.randbelow(10**6):06}"
    return code, _hash_of_code(row.pk, code)


def find_reset(token: str) -> AskedByMail | None:
    """What the link's token opens now, with its user; None for any other. Changes nothing (S19)."""
    return (
        _working()
        .filter(kind=AskedKind.RESET, secret_hash=hash_of(token), expires_at__gt=timezone.now())
        .select_related("user")
        .first()
    )


def redeem_reset(token: str, *, password: str) -> int:
    """Set the password of the user to whom the link went, and use the link up (S16).

    Ends all their sessions (S5) and whatever else waits in their mail. Returns their id; they are
    not signed in by this. Raises Refusal when the link does not work, or somebody was quicker.
    """
    hashed = make_password(password)  # before anybody waits for a lock
    found = find_reset(token)
    if found is None or found.user_id is None:
        raise Refusal(USE_ANOTHER)
    by = user_actor(found.user_id)
    with batch(by=by) as events:
        user = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
        mine = _working().filter(pk=found.pk, expires_at__gt=events.at)
        if not mine.update(ended_at=events.at):
            raise Refusal(USE_ANOTHER)
        # A first one from a file, if it was that, is no more: this one is their own (S22).
        user.password, user.has_first_password, user.first_password_at = hashed, None, None
        user.first_password_import_id = None
        user.save(
            update_fields=[
                "password", "has_first_password", "first_password_at", "first_password_import_id",
            ]
        )  # fmt: skip
        events.add([("changed", "user", user.pk, "password", user.pk, None, "")])
        links.void([user.pk], by=by, stops=False)
        sessions.end_all([user.pk], how=SessionEnding.CHANGED, by=by)
        notices.tell_of_change([user.pk], at=events.at)
    return user.pk


def use_code(browser_word: str, code: str) -> tuple[int | None, bool]:
    """Whose code this is, and whether it is right; each works once, in the browser that asked.

    As much work and the same answer for a browser that asked under a name that nobody has. A fifth
    wrong try is the last one.
    """
    now = timezone.now()
    with transaction.atomic():
        tried = _of_browser(browser_word).filter(tries__lt=MOST_TRIES)
        rows = list(tried.order_by("pk").select_for_update(no_key=True))
        tried.update(tries=F("tries") + 1)
        right = [row.pk for row in rows if _is_right(row, code, now)]
        used = _working().filter(pk__in=right).update(ended_at=now)
        if used:
            _of_browser(browser_word).update(ended_at=now)
    user_id = next((row.user_id for row in rows if row.user_id), None)
    return user_id, bool(used)


def _is_right(row: AskedByMail, code: str, at: datetime) -> bool:
    same = constant_time_compare(row.secret_hash, _hash_of_code(row.pk, code))
    return same and row.expires_at is not None and row.expires_at > at


def _of_browser(word: str) -> QuerySet[AskedByMail]:
    """The codes that were asked for from the browser with this word and may still work."""
    return AskedByMail.objects.filter(
        kind=AskedKind.CODE, browser_hash=hash_of(word), ended_at__isnull=True
    )


def _working() -> QuerySet[AskedByMail]:
    """Rows of users who are there, set up (S8), and have the address that the mail goes to."""
    user = User.objects.filter(
        pk=OuterRef("user_id"), email_key=OuterRef("email_key"), gone_at__isnull=True
    ).exclude(Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX))
    return AskedByMail.objects.filter(Exists(user), ended_at__isnull=True)


def _hash_of_code(row_id: int, code: str) -> str:
    # A million codes are soon tried against a plain hash.
    return salted_hmac(
        "schoolgate.sign_in.code", f"{row_id} {code}", algorithm="sha256"
    ).hexdigest()
