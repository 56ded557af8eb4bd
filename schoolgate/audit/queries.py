"""Reading the log, and verifying its chain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from schoolgate.audit import chain
from schoolgate.audit.models import Event, EventBatch, EventPupil


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and in words what was found there."""

    position: int
    problem: str


def events_about(pupil_ids: Sequence[int]) -> QuerySet[Event]:
    """The events that name one of these children, alone or in a list; by two index lookups."""
    marks = ", ".join(["%s"] * len(pupil_ids)) or "NULL"
    found = RawSQL(
        f"SELECT a.id FROM audit_event a WHERE a.pupil_id IN ({marks}) UNION ALL SELECT b.id"
        " FROM audit_eventpupil p JOIN audit_event b ON b.batch_id = p.batch_id AND b.n = p.n"
        f" WHERE p.pupil_id IN ({marks})",
        [*pupil_ids, *pupil_ids],
    )
    return Event.objects.filter(pk__in=found)


def heads() -> Iterator[tuple[int, str, int, str]]:
    """Each batch's position, moment (ISO, UTC), number of events and head, in order."""
    for batch in EventBatch.objects.order_by("position").iterator(chunk_size=2000):
        yield batch.position, batch.at.isoformat(), batch.count, batch.head


def verify(against: dict[int, str] | None = None) -> Iterator[Break]:
    """Every place where the log is not what it was when written.

    Recomputes each digest and head from the stored facts, and the index of children from the
    lists in them. With ``against``, heads that were
    exported earlier (position to head), it also finds a log that was cut off or written anew.
    """
    expected, previous = 1, chain.BEGINNING
    known = dict(against or {})
    batches: set[int] = set()
    whole: dict[int, int] = {}
    for batch in EventBatch.objects.order_by("position").iterator(chunk_size=500):
        batches.add(batch.pk)
        if batch.position != expected:
            yield Break(expected, f"batches {expected} to {batch.position - 1} are missing")
        if batch.previous != previous:
            yield Break(batch.position, "it does not follow from the batch before it")
        broken = list(_within(batch))
        yield from broken
        if not broken:
            whole[batch.pk] = batch.position
        exported = known.pop(batch.position, None)
        if exported is not None and exported != batch.head:
            yield Break(batch.position, "its head is not the one that was exported")
        expected, previous = batch.position + 1, batch.head
    for position in sorted(known):
        yield Break(position, "it was exported and is no longer there: the log was cut off")
    yield from _children(whole)
    yield from _stray(batches)


def _within(batch: EventBatch) -> Iterator[Break]:
    rows = (
        Event.objects.filter(batch_id=batch.pk)
        .order_by("n")
        .values_list("n", "verb", "kind", "object_id", "fields", "user_id", "pupil_id", "pupils")
    )
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for n, *facts in rows.iterator(chunk_size=5000):
            count += 1
            yield chain.line(n, tuple(facts))  # type: ignore[arg-type]  # as values_list gives

    digest = chain.digest(lines())
    if count != batch.count:
        yield Break(batch.position, f"it has {count} events and was sealed with {batch.count}")
    elif digest != batch.digest:
        yield Break(batch.position, "an event in it was changed")
    if batch.head != chain.head(
        previous=batch.previous,
        position=batch.position,
        batch_id=batch.pk,
        at=batch.at,
        actor=batch.actor,
        actor_id=batch.actor_id,
        import_id=batch.import_id,
        count=batch.count,
        digest=batch.digest,
    ):
        yield Break(batch.position, "its own facts (who, when, how many) were changed")


def _stray(batches: set[int]) -> Iterator[Break]:
    for batch_id in Event.objects.values_list("batch_id", flat=True).distinct().order_by():
        if batch_id not in batches:
            yield Break(0, f"events of a batch {batch_id} that is not in the chain")


def _children(whole: dict[int, int]) -> Iterator[Break]:
    """Where the index of children says something else than the lists of sound batches."""
    told = (
        (batch_id, n, int(pupil), 0)
        for batch_id, n, pupils in Event.objects.exclude(pupils="")
        .order_by("batch_id", "n")
        .values_list("batch_id", "n", "pupils")
        .iterator(chunk_size=2000)
        if batch_id in whole
        for pupil in sorted(map(int, pupils.split(",")))
    )
    indexed = (
        (batch_id, n, pupil, 1)
        for batch_id, n, pupil in EventPupil.objects.order_by("batch_id", "n", "pupil_id")
        .values_list("batch_id", "n", "pupil_id")
        .iterator(chunk_size=5000)
        if batch_id in whole
    )
    for batch_id, rows in groupby(merge(told, indexed), key=lambda row: row[0]):
        sides: tuple[set[tuple[int, int]], set[tuple[int, int]]] = (set(), set())
        for _, n, pupil, side in rows:
            sides[side].add((n, pupil))
        if sides[0] != sides[1]:
            yield Break(whole[batch_id], "the index of the children it names was changed")
