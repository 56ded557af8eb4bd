"""Reading the log, and verifying its chain."""

from collections.abc import Iterator
from dataclasses import dataclass

from schoolgate.audit import chain
from schoolgate.audit.models import Event, EventBatch


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and in words what was found there."""

    position: int
    problem: str


def heads() -> Iterator[tuple[int, str, int, str]]:
    """Each batch's position, moment (ISO, UTC), number of events and head, in order."""
    for batch in EventBatch.objects.order_by("position").iterator(chunk_size=2000):
        yield batch.position, batch.at.isoformat(), batch.count, batch.head


def verify(against: dict[int, str] | None = None) -> Iterator[Break]:
    """Every place where the log is not what it was when written.

    Recomputes each digest and head from the stored facts. With ``against``, heads that were
    exported earlier (position to head), it also finds a log that was cut off or written anew.
    """
    expected, previous = 1, chain.BEGINNING
    known = dict(against or {})
    batches: set[int] = set()
    for batch in EventBatch.objects.order_by("position").iterator(chunk_size=500):
        batches.add(batch.pk)
        if batch.position != expected:
            yield Break(expected, f"batches {expected} to {batch.position - 1} are missing")
        if batch.previous != previous:
            yield Break(batch.position, "it does not follow from the batch before it")
        yield from _within(batch)
        exported = known.pop(batch.position, None)
        if exported is not None and exported != batch.head:
            yield Break(batch.position, "its head is not the one that was exported")
        expected, previous = batch.position + 1, batch.head
    for position in sorted(known):
        yield Break(position, "it was exported and is no longer there: the log was cut off")
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
