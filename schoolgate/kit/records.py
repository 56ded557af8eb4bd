"""Records that say both when they hold and when they were known (two clocks).

Nothing that ever decided a scope is erased: a record is written once, and later at most *ended*.
A past day is answered from what was on record at the end of that day (NEW6).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import connection, models

from schoolgate.kit import bulk


class Source(models.TextChoices):
    """Where a record came from."""

    BY_HAND = "hand", "by hand"
    IMPORT = "import", "import"
    SET_UP = "set-up", "set-up"
    SYNC = "sync", "sync"


class Ending(models.TextChoices):
    """Why a record was ended."""

    NOT_ENDED = "", "not ended"
    REMOVED = "removed", "removed by a person"
    REPLACED = "replaced", "replaced by a newer record"
    UNDONE = "undone", "undone with its import"
    MERGED = "merged", "merged with another user"
    SEVERED = "severed", "severed for good"


class Known(models.Model):
    """When a record was written, by whom and from where; and when it was ended, by whom and why.

    ``by_id`` names a user, ``import_id`` an import; they are ids and no foreign keys, because this
    room is below both and the record outlives them.
    """

    recorded_at = models.DateTimeField()
    recorded_by_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=8, choices=Source.choices)
    import_id = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by_id = models.BigIntegerField(null=True)
    ended_how = models.CharField(max_length=8, choices=Ending.choices, blank=True, default="")
    ended_import_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class Dated(Known):
    """A known record that holds over days: the first included, the last (if any) included too."""

    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        abstract = True


class Thing(models.Model):
    """A person or place that is never erased by a change, only gone.

    ``touched_at`` and ``touched_import_id`` tell when it was last changed after it was made, and
    by which import (none: by a person), so that undo keeps what others changed (NEW3).
    """

    recorded_at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True)
    touched_at = models.DateTimeField(null=True)
    touched_import_id = models.BigIntegerField(null=True)
    gone_at = models.DateTimeField(null=True)
    gone_how = models.CharField(max_length=8, choices=Ending.choices, blank=True, default="")
    gone_import_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Stamp:
    """When, by whom and from where a transaction writes its records."""

    at: datetime
    by_id: int | None
    source: str
    import_id: int | None = None


MANY = 100  # rows that change what the database should know of a table
_KNOWN = ["id", "recorded_at", "recorded_by_id", "source", "import_id", "ended_how"]
_THING = ["id", "recorded_at", "import_id", "gone_how"]


def insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    stamp: Stamp,
) -> Iterator[tuple[list[int], list[tuple[Any, ...]]]]:
    """Write ``rows`` (values of ``columns``) as new records; yields the ids and rows of each chunk.

    Nothing is written beyond what the caller takes from the iterator.
    """
    is_known = issubclass(model, Known)
    stamped: tuple[Any, ...] = (
        (stamp.at, stamp.by_id, stamp.source, stamp.import_id, "")
        if is_known
        else (stamp.at, stamp.import_id, "")
    )
    names = [*(_KNOWN if is_known else _THING), *columns]
    count = 0
    for chunk in bulk.chunks(rows):
        ids = bulk.new_ids(model, len(chunk))
        bulk.load(
            model._meta.db_table,
            names,
            ((id_, *stamped, *row) for id_, row in zip(ids, chunk, strict=True)),
        )
        count += len(chunk)
        yield ids, chunk
    _analyse_if_many(model, count)


def _analyse_if_many(model: type[models.Model], count: int) -> None:
    """Tell the database at once what so many rows have made of a table; it may not look itself."""
    if count > MANY:
        bulk.analyse(model._meta.db_table)


def end(model: type[models.Model], ids: Iterable[int], *, how: Ending, stamp: Stamp) -> list[int]:
    """End those of the records ``ids`` that are still on record; returns the ids that were ended.

    They keep saying what held until now: a past day is still answered from them.
    """
    table = model._meta.db_table
    with bulk.temporary("ending", "id BIGINT PRIMARY KEY"):
        bulk.load("ending", ["id"], ((id_,) for id_ in set(ids)))
        ended = bulk.select(
            f"UPDATE {table} SET ended_at = %s, ended_by_id = %s, ended_how = %s,"
            " ended_import_id = %s"
            " WHERE ended_at IS NULL AND id IN (SELECT id FROM ending) RETURNING id",
            [stamp.at, stamp.by_id, how.value, stamp.import_id],
        )
    return sorted(id_ for (id_,) in ended)


def set_field(model: type[models.Model], field: str, values: Iterable[tuple[int, Any]]) -> None:
    """Set one field of many rows: ``values`` are pairs of id and new value."""
    meta = cast("models.Field[Any, Any]", model._meta.get_field(field))
    table = model._meta.db_table
    # On SQLite a value keeps its form in an untyped column, and a CAST would spoil a date.
    kind, value = "", "s.value"
    if bulk.on_postgresql():
        kind, value = "TEXT", f"CAST(s.value AS {meta.db_type(connection)})"
    with bulk.temporary("setting", f"id BIGINT PRIMARY KEY, value {kind}"):
        bulk.load(
            "setting",
            ["id", "value"],
            ((id_, str(given) if kind and given is not None else given) for id_, given in values),
        )
        bulk.analyse("setting")
        bulk.execute(
            f'UPDATE {table} SET "{meta.column}" = {value} FROM setting s WHERE s.id = {table}.id'
        )


def touch(model: type[models.Model], ids: Iterable[int], *, stamp: Stamp) -> None:
    """Note on things that they were changed now (undo keeps what somebody else touched)."""
    table = model._meta.db_table
    with bulk.temporary("touching", "id BIGINT PRIMARY KEY"):
        bulk.load("touching", ["id"], ((id_,) for id_ in set(ids)))
        bulk.execute(
            f"UPDATE {table} SET touched_at = %s, touched_import_id = %s"
            " WHERE id IN (SELECT id FROM touching)",
            [stamp.at, stamp.import_id],
        )


def remove(model: type[models.Model], ids: Iterable[int], *, how: Ending, stamp: Stamp) -> None:
    """Let things be gone from now on. They stay on record for the days on which they were there."""
    table = model._meta.db_table
    with bulk.temporary("removing", "id BIGINT PRIMARY KEY"):
        count = bulk.load("removing", ["id"], ((id_,) for id_ in set(ids)))
        bulk.execute(
            f"UPDATE {table} SET gone_at = %s, gone_how = %s, gone_import_id = %s"
            " WHERE gone_at IS NULL AND id IN (SELECT id FROM removing)",
            [stamp.at, how.value, stamp.import_id],
        )
    _analyse_if_many(model, count)
