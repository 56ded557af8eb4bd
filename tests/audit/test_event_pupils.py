"""A child's events are found by an index that follows from the log (NEW13, S53)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from schoolgate.audit.actions import SYSTEM, exported, viewed
from schoolgate.audit.models import Event, EventBatch, EventPupil
from schoolgate.audit.queries import events_about, heads, verify
from schoolgate.kit import bulk
from tests import factories
from tests.audit.test_chain import unprotected

if TYPE_CHECKING:
    from tests.cast import Cast


def pairs() -> set[tuple[int, int]]:
    """Event and pupil, as the index has them."""
    places = {(e.batch_id, e.n): e.pk for e in Event.objects.all()}
    return {(places[row.batch_id, row.n], row.pupil_id) for row in EventPupil.objects.all()}


def test_a_child_is_found_alone_and_in_lists(cast: Cast) -> None:
    a, b, c = (pupil.pk for pupil in cast.pupils[:3])
    before = {pk: set(events_about([pk]).values_list("pk", flat=True)) for pk in (a, b, c)}
    viewed(by=cast.as_ada, kind="list", object_id=None, pupil_ids=[a, b])
    of_two = Event.objects.latest("pk").pk
    viewed(by=cast.as_ada, kind="pupil", object_id=a, pupil_ids=[a])
    of_one = Event.objects.latest("pk").pk
    exported(by=cast.as_ada, kind="events", pupil_ids=[b, a])
    of_file = Event.objects.latest("pk").pk

    found = {pk: set(events_about([pk]).values_list("pk", flat=True)) - before[pk] for pk in before}

    assert found == {a: {of_two, of_one, of_file}, b: {of_two, of_file}, c: set()}
    assert before[a]  # being put on the register, on roll and into care are events too
    assert pairs() == {(of_two, a), (of_two, b), (of_file, a), (of_file, b)}
    assert list(verify()) == []


def test_a_child_named_twice_in_a_list_is_indexed_once(cast: Cast) -> None:
    viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[7, 7, 8])

    assert {pupil for _, pupil in pairs()} == {7, 8}
    assert list(verify()) == []


def test_events_of_a_transaction_that_fails_leave_no_index(cast: Cast) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[7, 8])
        raise ZeroDivisionError

    assert pairs() == set()


@pytest.mark.parametrize(
    "sql", ["UPDATE {} SET n = n", "DELETE FROM {}", "DELETE FROM {} WHERE pupil_id = 7"]
)
def test_s53_the_index_takes_no_change(cast: Cast, sql: str) -> None:
    viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[7, 8])
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format("audit_eventpupil"))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_eventpupil WHERE pupil_id = 7",
        "UPDATE audit_eventpupil SET pupil_id = 9 WHERE pupil_id = 7",
        "INSERT INTO audit_eventpupil (pupil_id, batch_id, n) SELECT 9, batch_id, n"
        " FROM audit_eventpupil WHERE pupil_id = 7",
    ],
)
def test_s53_an_index_that_hides_or_invents_a_child_is_found(cast: Cast, sql: str) -> None:
    viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[7, 8])
    place = EventBatch.objects.latest("position").position
    viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[8, 9])
    with unprotected() as run:
        run(sql)

    (found,) = verify()

    assert (found.position, found.problem) == (
        place, "the index of the children it names was changed",
    )  # fmt: skip


def test_finding_a_child_reads_no_other_events(cast: Cast) -> None:
    for _ in range(400):
        viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[70, 80])
    bulk.analyse("audit_event", "audit_eventpupil")
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    sql, params = events_about([cast.amira.pk]).query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # of so few events it would rather read all
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {sql}", params)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())

    assert "SCAN audit_event" not in plan.replace("SCAN audit_eventpupil", "")
    assert "Seq Scan" not in plan


@pytest.mark.usefixtures("unmigrated_database")
def test_s53_a_full_log_is_indexed_and_its_chain_stays_as_it_was() -> None:
    call_command("migrate", verbosity=0)
    for number in range(30):
        factories.user()
        viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[number, 100, 200 + number])
        viewed(by=SYSTEM, kind="pupil", object_id=100, pupil_ids=[100])
    call_command("migrate", "audit", "0001_initial", verbosity=0)
    assert "audit_eventpupil" not in connection.introspection.table_names()
    as_released = list(Event.objects.order_by("pk").values_list())
    chained = list(heads())

    call_command("migrate", verbosity=0)

    assert list(Event.objects.order_by("pk").values_list()) == as_released
    assert list(heads()) == chained
    assert EventPupil.objects.count() == 90
    assert EventPupil.objects.filter(pupil_id=100).count() == 30
    assert events_about([100]).count() == 60
    viewed(by=SYSTEM, kind="list", object_id=None, pupil_ids=[100, 9])
    assert events_about([9]).count() == 2
    assert list(verify({position: head for position, _, _, head in chained})) == []
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_eventpupil")
