"""What has gone out by mail and may not work any more: links, codes, changes of address (S3)."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk
from schoolgate.outbox import actions as outbox
from schoolgate.sign_in.models import AddressChange, AskedByMail, AskedKind

# The kinds of mail, and how events name what was asked for.
MAIL = {AskedKind.RESET: "password-reset", AskedKind.CODE: "sign-in-code"}
TOLD = {AskedKind.RESET: "password link", AskedKind.CODE: "sign-in code"}
CONFIRM_ADDRESS, ADDRESS_ASKED = "address-confirm", "address-asked"
KEPT = timedelta(days=1)
_WHY = "It stopped working before it was sent."


def void(user_ids: Iterable[int], *, by: Actor, changes: bool = True, stops: bool = True) -> None:
    """Let nothing that was mailed to these users to come in, or to change their address, work.

    ``changes=False`` leaves a change of address that waits; ``stops=False`` leaves the owner of an
    earlier address the link that stops the change: who has taken an account over could else take
    that away with a new password.
    """
    wanted = set(user_ids)
    if not wanted:
        return
    with batch(by=by) as events:
        ended = [
            (TOLD[kind], id_, user_id)
            for kind in AskedKind
            for id_, user_id in end_asked(wanted, kind, at=events.at)
        ]
        if changes:
            ended += [
                ("address change", id_, user_id) for id_, user_id in _end_changes(wanted, events.at)
            ]
        if stops:
            _blank_stops(wanted)
        events.add(("cancelled", kind, id_, "", user_id, None, "") for kind, id_, user_id in ended)


def end_asked(user_ids: Iterable[int], kind: AskedKind, *, at: datetime) -> list[tuple[int, int]]:
    """End what these users asked for and was looked up, and call its mail back; ids and users."""
    wanted = set(user_ids)
    with _listed(wanted):
        # Whoever makes a secret at this moment is waited for: it dies too.
        live = (
            "SELECT a.id FROM sign_in_askedbymail a JOIN voiding_links w ON w.id = a.user_id"
            f" WHERE a.ended_at IS NULL AND a.kind = '{kind.value}' ORDER BY a.id{_locked('a')}"
        )
        ended = bulk.select(
            "UPDATE sign_in_askedbymail SET ended_at = %s WHERE ended_at IS NULL"
            f" AND id IN ({live}) RETURNING id, user_id",
            [at],
        )
    if ended:
        outbox.cancel(MAIL[kind], wanted, at=at, why=_WHY)
    return sorted((id_, user_id) for id_, user_id in ended)


def _end_changes(user_ids: set[int], at: datetime) -> list[tuple[int, int]]:
    """End the changes of address that wait to be confirmed, and call back their mail."""
    with _listed(user_ids):
        live = (
            "SELECT c.id FROM sign_in_addresschange c JOIN voiding_links w ON w.id = c.user_id"
            f" WHERE c.ended_at IS NULL ORDER BY c.id{_locked('c')}"
        )
        ended = bulk.select(
            "UPDATE sign_in_addresschange SET ended_at = %s, confirm_hash = ''"
            f" WHERE ended_at IS NULL AND id IN ({live}) RETURNING id, user_id",
            [at],
        )
    if ended:
        outbox.cancel(CONFIRM_ADDRESS, user_ids, at=at, why=_WHY)
    return sorted((id_, user_id) for id_, user_id in ended)


def _blank_stops(user_ids: set[int]) -> None:
    with _listed(user_ids):
        known = (
            "SELECT c.id FROM sign_in_addresschange c JOIN voiding_links w ON w.id = c.user_id"
            f" WHERE c.stop_hash <> '' ORDER BY c.id{_locked('c')}"
        )
        bulk.execute(f"UPDATE sign_in_addresschange SET stop_hash = '' WHERE id IN ({known})")


@contextlib.contextmanager
def _listed(user_ids: set[int]) -> Iterator[None]:
    """The users in a table of this connection, ``voiding_links``."""
    with bulk.temporary("voiding_links", "id BIGINT PRIMARY KEY"):
        bulk.load("voiding_links", ["id"], ((id_,) for id_ in user_ids))
        bulk.analyse("voiding_links")
        yield


def _locked(table: str) -> str:
    return f" FOR NO KEY UPDATE OF {table}" if bulk.on_postgresql() else ""


def sweep() -> int:
    """Delete what was asked for more than a day ago and works no longer, and changes of address
    that nobody can stop any more; how many rows."""
    now = timezone.now()
    asked = AskedByMail.objects.filter(asked_at__lt=now - KEPT).exclude(expires_at__gt=now)
    changes = AddressChange.objects.filter(stop_until__lt=now)
    return asked.delete()[0] + changes.delete()[0]
