"""What users are called in the systems that files of parents come from: their SyncIDs (ITS5).

One SyncID is one user's; a user may have several, once a person has said that two are the same.
Every function takes many, is atomic and leaves its events.
"""

from collections.abc import Collection, Iterable

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.names import identifier_key
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.people.models import SyncId

_COLUMNS = ["user_id", "value", "value_key"]


def record(
    rows: Iterable[tuple[int, str]], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Note the SyncIDs of users: ``rows`` of user id and value.

    Raises IntegrityError when one is taken: callers check first and tell the person in words.
    """
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, source, import_id)
        given = ((user_id, value, identifier_key(value)) for user_id, value in rows)
        for ids, chunk in records.insert(SyncId, _COLUMNS, given, stamp=stamp):
            events.add(
                ("recorded", "sync id", id_, "", row[0], None, "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def end(
    ids: Iterable[int],
    *,
    how: Ending = Ending.REMOVED,
    by: Actor,
    import_id: int | None = None,
) -> None:
    """End SyncIDs: they find nobody any more, and may be given to somebody else."""
    wanted = list(ids)
    if not wanted:
        return
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        ended = records.end(SyncId, wanted, how=how, stamp=stamp)
        users = dict(SyncId.objects.filter(ended_at=events.at).values_list("pk", "user_id"))
        events.add(("ended", "sync id", id_, "", users[id_], None, "") for id_ in ended)


def end_of_users(
    user_ids: Collection[int], *, how: Ending, by: Actor, import_id: int | None = None
) -> None:
    """End all SyncIDs of users."""
    with bulk.temporary("leaving_sync_ids", "id BIGINT PRIMARY KEY"):
        bulk.load("leaving_sync_ids", ["id"], ((id_,) for id_ in set(user_ids)))
        bulk.analyse("leaving_sync_ids")
        found = bulk.select(
            "SELECT s.id FROM people_syncid s JOIN leaving_sync_ids l ON l.id = s.user_id"
            " WHERE s.ended_at IS NULL"
        )
    end((id_ for (id_,) in found), how=how, by=by, import_id=import_id)
