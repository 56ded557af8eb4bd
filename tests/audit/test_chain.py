"""Tampering by somebody with all rights over the database is found, and where it was (S53)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC
from itertools import groupby

import pytest
from django.db import connection

from schoolgate.audit import actions as audit
from schoolgate.audit import chain
from schoolgate.audit.models import Event, EventBatch
from schoolgate.audit.queries import Break, heads, verify
from tests import factories


@pytest.fixture
def log(db: None) -> list[EventBatch]:
    """Five batches of one event each: three users, a pupil, and its identifier."""
    for _ in range(3):
        factories.user()
    factories.pupil()
    return list(EventBatch.objects.order_by("position"))


@contextlib.contextmanager
def unprotected() -> Iterator[Callable[[str], None]]:
    """Work as a database superuser who has put the triggers out of the way."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        yield cursor.execute
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")


def exported() -> dict[int, str]:
    """The heads as they stand, as somebody would keep them elsewhere."""
    return {position: head for position, _, _, head in heads()}


def test_s53_a_log_that_nobody_touched_is_whole(log: list[EventBatch]) -> None:
    assert [batch.position for batch in log] == [1, 2, 3, 4, 5]
    assert list(verify()) == []
    assert list(verify(exported())) == []


# What is set in an event of batch 3, or in batch 3 itself.
EVENT_EDITS = {
    "verb": "verb = 'removed'",
    "kind": "kind = 'pupil'",
    "object_id": "object_id = 0",
    "fields": "fields = 'email'",
    "user_id": "user_id = NULL",
    "pupil_id": "pupil_id = 0",
    "pupils": "pupils = '1,2'",
    "n": "n = 2",
}
BATCH_EDITS = {
    "at": "at = '2020-01-01 00:00:00+00'",
    "actor": "actor = 'user'",
    "actor_id": "actor_id = 7",
    "import_id": "import_id = 7",
    "count": "count = 2",
    "head": "head = previous",
    "digest": "digest = previous",
    "previous": "previous = head",
}


@pytest.mark.parametrize("field", EVENT_EDITS)
def test_s53_an_edited_event_is_found_in_its_batch(log: list[EventBatch], field: str) -> None:
    with unprotected() as run:
        run(f"UPDATE audit_event SET {EVENT_EDITS[field]} WHERE batch_id = {log[2].pk}")

    assert list(verify()) == [Break(3, "an event in it was changed")]


@pytest.mark.parametrize("field", BATCH_EDITS)
def test_s53_an_edited_batch_is_found(log: list[EventBatch], field: str) -> None:
    with unprotected() as run:
        run(f"UPDATE audit_eventbatch SET {BATCH_EDITS[field]} WHERE position = 3")

    assert 3 in {found.position for found in verify()}
    assert {found.position for found in verify()} <= {3, 4}


def test_s53_every_column_of_the_log_is_one_that_an_edit_was_tried_on() -> None:
    in_events = {field.column for field in Event._meta.concrete_fields}
    in_batches = {field.column for field in EventBatch._meta.concrete_fields}

    assert in_events - EVENT_EDITS.keys() == {"id", "batch_id"}  # moved and deleted below
    assert in_batches - BATCH_EDITS.keys() == {"id", "position"}


def test_s53_an_event_taken_out_or_put_in_is_found_in_its_batch(log: list[EventBatch]) -> None:
    with unprotected() as run:
        run(f"DELETE FROM audit_event WHERE batch_id = {log[1].pk}")
        Event.objects.create(batch_id=log[3].pk, n=2, verb="viewed", kind="pupil")

    assert list(verify()) == [
        Break(2, "it has 0 events and was sealed with 1"),
        Break(4, "it has 2 events and was sealed with 1"),
    ]


def test_s53_an_event_moved_to_another_batch_is_found_in_both(log: list[EventBatch]) -> None:
    with unprotected() as run:
        run(f"UPDATE audit_event SET batch_id = {log[3].pk}, n = 2 WHERE batch_id = {log[1].pk}")

    assert [found.position for found in verify()] == [2, 4]


def test_s53_two_events_that_changed_places_are_found(db: None) -> None:
    with audit.batch(by=audit.SYSTEM):
        factories.user()
        factories.user()
    with unprotected() as run:
        run("UPDATE audit_event SET n = n + 10")
        run("UPDATE audit_event SET n = 13 - n")

    assert list(verify()) == [Break(1, "an event in it was changed")]


def test_s53_a_batch_taken_out_with_its_events_is_missed(log: list[EventBatch]) -> None:
    with unprotected() as run:
        run(f"DELETE FROM audit_event WHERE batch_id = {log[2].pk}")
        run("DELETE FROM audit_eventbatch WHERE position = 3")

    assert list(verify()) == [
        Break(3, "batches 3 to 3 are missing"),
        Break(4, "it does not follow from the batch before it"),
    ]


def test_s53_events_of_a_batch_that_is_not_there_are_found(log: list[EventBatch]) -> None:
    with unprotected() as run:
        run("DELETE FROM audit_eventbatch WHERE position = 5")

    assert [found.position for found in verify()] == [0]
    assert str(log[4].pk) in next(verify()).problem


def test_s53_a_log_cut_off_at_its_end_is_found_against_exported_heads(
    log: list[EventBatch],
) -> None:
    kept = exported()
    with unprotected() as run:
        for batch in log[3:]:
            run(f"DELETE FROM audit_event WHERE batch_id = {batch.pk}")
            run(f"DELETE FROM audit_eventbatch WHERE id = {batch.pk}")

    assert list(verify()) == []  # the chain alone cannot tell
    assert [found.position for found in verify(kept)] == [4, 5]


def test_s53_a_log_emptied_is_found_against_exported_heads(log: list[EventBatch]) -> None:
    kept = exported()
    with unprotected() as run:
        run("DELETE FROM audit_event")
        run("DELETE FROM audit_eventbatch")

    assert list(verify()) == []
    assert [found.position for found in verify(kept)] == [1, 2, 3, 4, 5]


def test_s53_a_chain_forged_anew_is_found_against_exported_heads(log: list[EventBatch]) -> None:
    kept = exported()
    with unprotected() as run:
        run(f"UPDATE audit_event SET user_id = 4711 WHERE batch_id = {log[2].pk}")
        forge_chain()

    assert list(verify()) == []
    assert [found.position for found in verify(kept)] == [3, 4, 5]
    assert [found.position for found in verify({2: kept[2], 5: kept[5]})] == [5]


def forge_chain() -> None:
    """Compute every digest and head anew, as a forger who knows how would."""
    previous = chain.BEGINNING
    for batch in EventBatch.objects.order_by("position"):
        events = Event.objects.filter(batch_id=batch.pk).order_by("n")
        batch.digest = chain.digest(
            chain.line(
                e.n,
                (e.verb, e.kind, e.object_id, e.fields, e.user_id, e.pupil_id, e.pupils),
            )
            for e in events
        )
        batch.previous = previous
        batch.head = previous = chain.head(
            previous=previous, position=batch.position, batch_id=batch.pk, at=batch.at,
            actor=batch.actor, actor_id=batch.actor_id, import_id=batch.import_id,
            count=batch.count, digest=batch.digest,
        )  # fmt: skip
        batch.save()


def test_the_chain_can_be_verified_by_somebody_who_has_only_its_description(
    log: list[EventBatch],
) -> None:
    """Written from the description in audit/chain.py, with nothing of Schoolgate's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch_id, n, verb, kind, object_id, fields, user_id, pupil_id, pupils"
            " FROM audit_event ORDER BY batch_id, n"
        )
        events = {
            batch_id: [row[1:] for row in rows]
            for batch_id, rows in groupby(cursor.fetchall(), key=lambda row: row[0])
        }
    head = "0" * 64
    for batch in log:
        lines = "".join("\t".join(map(blank, row)) + "\n" for row in events[batch.pk])
        facts = (
            head, batch.position, batch.pk,
            batch.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            batch.actor, batch.actor_id, batch.import_id, batch.count,
            hashlib.sha256(lines.encode()).hexdigest(),
        )  # fmt: skip
        head = hashlib.sha256("\t".join(map(blank, facts)).encode()).hexdigest()
        assert head == batch.head


def blank(fact: object) -> str:
    """A fact as text; none is blank."""
    return "" if fact is None else str(fact)
