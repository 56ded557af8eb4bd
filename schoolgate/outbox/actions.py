"""Posting mail and calling it back. Every function takes many and runs inside an action's batch."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk
from schoolgate.outbox.models import Mail, State

_COLUMNS = [
    "id", "kind", "user_id", "address", "subject_id", "import_id", "posted_at", "due_at",
    "attempts", "state", "problem",
]  # fmt: skip

# What somebody waits for at a page goes out before ten thousand invitations: it is due since then.
_AHEAD = timedelta(days=1)


class NewMail(NamedTuple):
    """A mail to post: its kind, the user it is meant for and the address it goes to.

    ``subject_id`` is the record it is about, ``not_before`` the moment before which it waits.
    ``urgent``: it goes out before all that is not.
    """

    kind: str
    user_id: int
    address: str
    subject_id: int | None = None
    not_before: datetime | None = None
    urgent: bool = False


def post(mails: Iterable[NewMail], *, at: datetime, import_id: int | None = None) -> int:
    """Put mail into the outbox, to be sent once the caller's transaction is committed; how many."""
    count = 0
    for chunk in bulk.chunks(mails):
        ids = bulk.new_ids(Mail, len(chunk))
        count += bulk.load(Mail._meta.db_table, _COLUMNS, _rows(ids, chunk, at, import_id))
    if count > bulk.CHUNK:
        bulk.analyse(Mail._meta.db_table)
    return count


def _rows(
    ids: list[int], mails: list[NewMail], at: datetime, import_id: int | None
) -> Iterator[tuple[Any, ...]]:
    waiting = State.WAITING.value
    for id_, mail in zip(ids, mails, strict=True):
        due_at = at - _AHEAD if mail.urgent else max(mail.not_before or at, at)
        yield (
            id_, mail.kind, mail.user_id, mail.address, mail.subject_id, import_id, at, due_at, 0,
            waiting, "",
        )  # fmt: skip


def cancel(kind: str, user_ids: Iterable[int], *, at: datetime, why: str) -> int:
    """Call back the mail of this kind that waits for these users, or has failed; how many.

    It is never sent, but one that is being handed over at this moment may still arrive.
    """
    with bulk.temporary("calling_back", "id BIGINT PRIMARY KEY"):
        bulk.load("calling_back", ["id"], ((id_,) for id_ in set(user_ids)))
        return bulk.execute(
            "UPDATE outbox_mail SET state = %s, ended_at = %s, address = '', problem = %s"
            " WHERE state IN (%s, %s) AND kind = %s"
            " AND user_id IN (SELECT id FROM calling_back)",
            [State.CANCELLED.value, at, why, State.WAITING.value, State.FAILED.value, kind],
        )


def try_again(mail_ids: Iterable[int] | None, *, by: Actor) -> int:
    """Let failed mail (these, or all of it) wait to be sent anew; how many."""
    with batch(by=by) as events:
        failed = Mail.objects.filter(state=State.FAILED)
        if mail_ids is not None:
            failed = failed.filter(pk__in=set(mail_ids))
        facts = list(failed.select_for_update().order_by("pk").values_list("pk", "user_id"))
        failed.update(state=State.WAITING, due_at=events.at, attempts=0, ended_at=None, problem="")
        events.add(("retried", "mail", id_, "", user_id, None, "") for id_, user_id in facts)
    return len(facts)
