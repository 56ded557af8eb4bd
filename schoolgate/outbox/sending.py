"""Sending what is due: taken up in small lots, each mail's outcome committed by itself (S52).

One conditional UPDATE takes a lot up and moves its ``due_at`` on: that is the lease. A worker that
dies leaves mails that are due again when it has run out; one that was handed over and not yet
marked goes out a second time, with the same Message-ID. Logs hold ids only.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from schoolgate.kit import bulk
from schoolgate.outbox.carriers import Down, Lost, NotNow, Refused, carrier_to
from schoolgate.outbox.messages import Due, Text, message
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.places import Folder, Server

LOT = 50
LEASE = timedelta(minutes=5)
# How long a mail waits after its first, second ... try; after the last it has failed.
WAITS = [timedelta(minutes=m) for m in (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60)]
MOST_ATTEMPTS = len(WAITS) + 1
RECORD_PAUSE = 0.5
_NOT_WANTED = "No longer wanted when it was to be sent."
_NEVER_ENDED = "Try again: sending this mail did not come to an end."
_NO_TEXT = "Try again, and report it if that does not help: the text could not be made."
_NO_ADDRESS = "Correct the e-mail address: no mail can be sent to the one that is there."

# Makes the texts of mails of one kind, by mail id. A mail that is no longer wanted gets none.
Texts = Callable[[Sequence[Due]], Mapping[int, Text]]

log = logging.getLogger(__name__)


class Round(Enum):
    """What a look into the outbox came to."""

    NOTHING = "nothing was due"
    WORKED = "what was due was tried"
    DOWN = "no mail can be handed over"


def send_some(
    texts: Mapping[str, Texts], place: Server | Folder, *, stopping: threading.Event
) -> Round:
    """Take up what is due, at most a lot, and hand it over."""
    lot = _take()
    if not lot:
        return Round.NOTHING
    until = time.monotonic() + LEASE.total_seconds() / 2
    left = _with_texts(lot, texts)
    if not left:
        return Round.WORKED
    lost = False
    try:
        with carrier_to(place) as carrier:
            while left and not stopping.is_set() and time.monotonic() < until:
                mail, text = left[0]
                try:
                    carrier.hand_over(mail.id, message(mail, text), mail.address)
                except ValueError:
                    _fail(mail, _NO_ADDRESS)
                except Refused as refused:
                    _fail(mail, str(refused))
                except NotNow as trouble:
                    _later(mail, str(trouble))
                    if lost and isinstance(trouble, Lost):
                        raise Down(str(trouble)) from None
                    lost = isinstance(trouble, Lost)
                else:
                    _record(mail, state=State.SENT, ended_at=timezone.now(), address="", problem="")
                    lost = False
                left.pop(0)
    except Down as down:
        log.warning("mail: nothing can be handed over now")
        for mail, _ in left:
            _later(mail, str(down))
        return Round.DOWN
    for mail, _ in left:
        _record(mail, due_at=timezone.now(), attempts=mail.attempts - 1)
    return Round.WORKED


def _take() -> list[Due]:
    """The mails now leased to this worker, those longest due first."""
    now = timezone.now()
    due = (
        "SELECT id FROM outbox_mail WHERE state = %s AND due_at <= %s"
        f" ORDER BY due_at, id LIMIT {LOT}"
    )
    # Several workers at once pass by what another has just taken.
    among = f"= ANY(ARRAY({due} FOR UPDATE SKIP LOCKED))" if bulk.on_postgresql() else f"IN ({due})"
    waiting = State.WAITING.value
    with transaction.atomic():
        ids = bulk.select(
            "UPDATE outbox_mail SET due_at = %s, attempts = attempts + 1"
            f" WHERE state = %s AND due_at <= %s AND id {among} RETURNING id",
            [now + LEASE, waiting, now, waiting, now],
        )
        found = Mail.objects.filter(pk__in=[id_ for (id_,) in ids]).order_by("posted_at", "pk")
        lot = [
            Due(m.pk, m.kind, m.user_id, m.address, m.subject_id, m.posted_at, m.attempts)
            for m in found
        ]
    for mail in lot:
        if mail.attempts > MOST_ATTEMPTS:
            _fail(mail, _NEVER_ENDED)
    return [mail for mail in lot if mail.attempts <= MOST_ATTEMPTS]


def _with_texts(lot: Sequence[Due], texts: Mapping[str, Texts]) -> list[tuple[Due, Text]]:
    """The mails that are still wanted, with their texts; what the texts need is committed."""
    made: dict[int, Text] = {}
    put_off = set()
    for kind in {mail.kind for mail in lot}:
        of_kind = [mail for mail in lot if mail.kind == kind]
        try:
            with transaction.atomic():
                made.update(texts[kind](of_kind))
        except DatabaseError:
            raise
        except Exception:
            # One of them, perhaps: each by itself, so that the others go out.
            for mail in of_kind:
                try:
                    with transaction.atomic():
                        made.update(texts[kind]([mail]))
                except DatabaseError:
                    raise
                except Exception as error:
                    log.error("mail %s: unexpected %s", mail.id, type(error).__name__)
                    _later(mail, _NO_TEXT)
                    put_off.add(mail.id)
    unwanted = [mail for mail in lot if mail.id not in made and mail.id not in put_off]
    for mail in unwanted:
        _record(
            mail, state=State.CANCELLED, ended_at=timezone.now(), address="", problem=_NOT_WANTED
        )
    return [(mail, made[mail.id]) for mail in lot if mail.id in made]


def _later(mail: Due, why: str) -> None:
    """Try again after a pause that grows; after the last try the mail has failed."""
    if mail.attempts >= MOST_ATTEMPTS:
        _fail(mail, why)
    else:
        _record(mail, due_at=_after(mail), problem=why[:500])


def _after(mail: Due) -> datetime:
    return timezone.now() + WAITS[max(0, mail.attempts - 1)]


def _fail(mail: Due, why: str) -> None:
    log.warning("mail %s: failed", mail.id)
    _record(mail, state=State.FAILED, ended_at=timezone.now(), problem=why[:500])


def _record(mail: Due, **outcome: object) -> None:
    """Write what came of a mail, if it is still this worker's.

    Waits out a database that does not answer (an import may hold SQLite's lock): a mail that was
    handed over is not to be handed over again for that.
    """
    deadline = time.monotonic() + LEASE.total_seconds() / 2
    mine = Mail.objects.filter(pk=mail.id, attempts=mail.attempts, state=State.WAITING)
    while True:
        try:
            mine.update(**outcome)
        except (DatabaseError, InterfaceError) as error:
            log.warning("mail %s: not noted yet (%s)", mail.id, type(error).__name__)
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(RECORD_PAUSE)
        else:
            return
