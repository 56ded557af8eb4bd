"""Who is on the staff of an establishment, and whether they come from its MIS (PP1, PP2).

A staff record grants nothing. Every function takes many, is atomic and leaves its events.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.people.models import StaffRecord, SyncStatus


class NewPost(NamedTuple):
    """A user on the staff of an establishment; ``mis_id``: who they are in its MIS."""

    user_id: int
    establishment_id: int
    sync: str = SyncStatus.UNSYNCHRONISED
    mis_id: str = ""


_COLUMNS = ["user_id", "establishment_id", "sync", "mis_id"]


def record(
    posts: Iterable[NewPost], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Put users on the staff of establishments; who is on it already stays as they are."""
    wanted = {(post.user_id, post.establishment_id): post for post in posts}
    if not wanted:
        return
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        live = StaffRecord.objects.filter(
            ended_at__isnull=True, user_id__in={user_id for user_id, _ in wanted}
        )
        for key in live.values_list("user_id", "establishment_id"):
            wanted.pop(key, None)
        stamp = Stamp(events.at, by.user_id, source, import_id)
        for ids, chunk in records.insert(StaffRecord, _COLUMNS, wanted.values(), stamp=stamp):
            events.add(
                ("recorded", "staff record", id_, "", row[0], None, "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def set_sync(record_ids: Iterable[int], sync: SyncStatus, *, by: Actor) -> None:
    """Say anew whether these members of staff come from the MIS; what was said stays on record."""
    with batch(by=by):
        locks.while_writing()
        live = StaffRecord.objects.filter(pk__in=record_ids, ended_at__isnull=True)
        old = list(live.exclude(sync=sync))
        _end([one.pk for one in old], how=Ending.REPLACED, by=by)
        record(
            (NewPost(one.user_id, one.establishment_id, sync, one.mis_id) for one in old),
            by=by,
            source=Source.SYNC if sync != SyncStatus.UNSYNCHRONISED else Source.BY_HAND,
        )


def end(
    record_ids: Iterable[int],
    *,
    by: Actor,
    how: Ending = Ending.REMOVED,
    import_id: int | None = None,
) -> None:
    """Take users off the staff of establishments."""
    _end(list(record_ids), how=how, by=by, import_id=import_id)


def end_of_users(user_ids: Iterable[int], *, by: Actor) -> None:
    """Take users off the staff of every establishment."""
    live = StaffRecord.objects.filter(user_id__in=user_ids, ended_at__isnull=True)
    _end(list(live.values_list("pk", flat=True)), how=Ending.REMOVED, by=by)


def _end(ids: list[int], *, how: Ending, by: Actor, import_id: int | None = None) -> None:
    if not ids:
        return
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        users = dict(StaffRecord.objects.filter(pk__in=ids).values_list("pk", "user_id"))
        ended = records.end(StaffRecord, ids, how=how, stamp=stamp)
        events.add(("ended", "staff record", id_, "", users[id_], None, "") for id_ in ended)
