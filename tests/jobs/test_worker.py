"""The worker: an import is taken up once, again when its worker died, and never for ever."""

from __future__ import annotations

import io
import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from schoolgate.audit.actions import Actor, user_actor
from schoolgate.audit.models import Event, EventBatch
from schoolgate.intake import runs
from schoolgate.intake.models import Import, ImportFault, ImportFile, State
from schoolgate.jobs import worker
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from tests import cast as company

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.databases import OwnDatabase

FILE = (
    "User First Name,User Last Name,Email,Pupil Reference Number (UPN)\n"
    "Nell,Weaver,nell@council.example,\n"
)


@pytest.fixture
def cast(own_database: OwnDatabase) -> Cast:
    """The cast, committed to the test's own database."""
    return company.assemble()


def uploaded(by: Actor, content: str = FILE) -> Import:
    """An upload of one social worker that waits to be checked."""
    return runs.receive(
        kind="users",
        role="Social Worker",
        filename="users.csv",
        content=io.BytesIO(content.encode()),
        by=by,
    )


def now(run: Import) -> Import:
    """The import as it is stored now."""
    return Import.objects.get(pk=run.pk)


def change(run: Import, **fields: object) -> None:
    Import.objects.filter(pk=run.pk).update(**fields)


def test_an_upload_goes_through_check_apply_and_undo(cast: Cast) -> None:
    run = uploaded(cast.as_ada)
    assert worker.run_once()
    assert (now(run).state, now(run).lease_until, now(run).attempts) == (State.READY, None, 0)
    assert not worker.run_once()

    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=now(run).plan_digest)
    assert worker.run_once()
    assert (now(run).state, now(run).lease_until) == (State.DONE, None)
    assert User.objects.filter(email="nell@council.example", gone_at=None).exists()

    runs.request_undo(run.pk, by=cast.as_ada)
    assert worker.run_once()
    assert now(run).state == State.UNDONE
    assert not worker.run_once()


def test_the_oldest_upload_is_first(cast: Cast) -> None:
    first, second = uploaded(cast.as_ada), uploaded(cast.as_ada)
    assert worker.run_once()
    assert (now(first).state, now(second).state) == (State.READY, State.CHECKING)


def test_an_import_that_is_leased_is_left_alone_until_the_lease_runs_out(cast: Cast) -> None:
    run = uploaded(cast.as_ada)
    change(run, lease_until=timezone.now() + timedelta(seconds=60), attempts=1)
    assert not worker.run_once()
    change(run, lease_until=timezone.now() - timedelta(seconds=1))
    assert worker.run_once()
    assert now(run).state == State.READY


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (State.CHECKING, State.FAILED),
        (State.APPLYING, State.FAILED),
        (State.UNDOING, State.DONE),
    ],
)
def test_an_import_whose_worker_died_three_times_is_given_up(
    state: State, after: State, cast: Cast
) -> None:
    run = uploaded(cast.as_ada)
    change(run, state=state, lease_until=timezone.now() - timedelta(seconds=1), attempts=3)
    assert worker.run_once()
    assert now(run).state == after
    assert now(run).problem.endswith(".")
    assert not worker.run_once()


def test_something_unexpected_fails_the_import_and_logs_ids_only(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(run_id: int) -> None:
        raise ValueError("Nell Weaver")

    monkeypatch.setattr(runs, "check", fail)
    run = uploaded(cast.as_ada)
    with caplog.at_level(logging.INFO):
        assert worker.run_once()
    assert now(run).state == State.FAILED
    assert now(run).problem.startswith("Upload the file again")
    assert f"import {run.pk}: unexpected ValueError" in caplog.text
    assert "Nell" not in caplog.text + now(run).problem


def test_a_refusal_is_the_problem_that_the_person_reads(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run_id: int) -> None:
        raise Refusal("Ask an LA Super User.")

    monkeypatch.setattr(runs, "check", refuse)
    run = uploaded(cast.as_ada)
    assert worker.run_once()
    assert (now(run).state, now(run).problem) == (State.FAILED, "Ask an LA Super User.")


def test_a_database_that_fails_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run_id: int) -> None:
        raise OperationalError("gone away")

    run = uploaded(cast.as_ada)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "check", fail)
        assert worker.run_once()
    assert (now(run).state, now(run).attempts) == (State.CHECKING, 1)
    lease = now(run).lease_until
    assert lease
    assert lease < timezone.now() + worker.RETRY_AFTER
    change(run, lease_until=None)
    assert worker.run_once()
    assert now(run).state == State.READY


def test_s41_several_workers_at_once_take_up_one_import_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    together = threading.Barrier(4)

    def check(run_id: int) -> None:
        taken.append(run_id)
        threading.Event().wait(0.5)
        Import.objects.filter(pk=run_id).update(state=State.READY)

    def work() -> None:
        together.wait()
        worker.run_once()
        connection.close()

    monkeypatch.setattr(runs, "check", check)
    run = uploaded(cast.as_ada)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [run.pk]
    assert now(run).state == State.READY


def test_the_lease_is_renewed_while_the_work_goes_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.05)
    renewed = threading.Event()

    def work_long(run_id: int) -> None:
        change(run, lease_until=timezone.now() + timedelta(seconds=1))
        for _ in range(200):
            lease = now(run).lease_until
            if lease and lease > timezone.now() + timedelta(seconds=20):
                renewed.set()
                return
            threading.Event().wait(0.05)

    monkeypatch.setattr(runs, "check", work_long)
    run = uploaded(cast.as_ada)
    assert worker.run_once()
    assert renewed.is_set()


def test_uploads_are_deleted_a_month_after_they_are_finished_with(cast: Cast) -> None:
    month_ago = timezone.now() - timedelta(days=31)
    kept: list[int] = []
    deleted: list[int] = []
    for state in State:
        run = uploaded(user_actor(cast.ada.pk))
        change(run, state=state, made_at=month_ago)
        working = state in (State.CHECKING, State.APPLYING, State.UNDOING)
        (kept if working else deleted).append(run.pk)
    young = uploaded(cast.as_ada)
    change(young, state=State.DONE)
    assert worker.delete_old_files() == len(deleted)
    left = set(ImportFile.objects.values_list("run_id", flat=True))
    assert left == {*kept, young.pk}
    assert Import.objects.filter(pk__in=deleted).count() == len(deleted)


def test_an_upload_that_waited_for_a_person_for_a_month_is_given_up(cast: Cast) -> None:
    runs_ = {}
    for state in (State.READY, State.NEEDS_PERSON):
        run = uploaded(cast.as_ada, FILE + ",Blank,bad,\n")
        assert worker.run_once()
        change(run, state=state, made_at=timezone.now() - timedelta(days=31))
        runs_[state] = run
    young = uploaded(cast.as_ada, FILE + ",Blank,bad,\n")
    assert worker.run_once()

    assert worker.delete_old_files() == 2

    for run in runs_.values():
        assert now(run).state == State.CANCELLED
        assert "thirty days" in now(run).problem
        assert not ImportFault.objects.filter(run=run).exists()
        told = Event.objects.get(kind="import", object_id=run.pk, fields=State.CANCELLED.value)
        assert EventBatch.objects.get(pk=told.batch_id).actor == "schoolgate"
    assert now(young).state == State.NEEDS_PERSON
    assert ImportFault.objects.filter(run=young).exists()
    assert [file.run_id for file in ImportFile.objects.all()] == [young.pk]
    assert worker.delete_old_files() == 0


def test_one_that_somebody_took_up_meanwhile_is_left_to_them(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = uploaded(cast.as_ada), uploaded(cast.as_ada)
    month_ago = timezone.now() - timedelta(days=31)
    for each in (run, other):
        change(each, state=State.READY, made_at=month_ago)
    give_up = worker.cancel_forgotten

    def apply_first(run_id: int) -> bool:
        Import.objects.filter(pk=run.pk).update(state=State.APPLYING)
        return give_up(run_id)

    monkeypatch.setattr(worker, "cancel_forgotten", apply_first)
    assert worker.delete_old_files() == 1
    assert (now(run).state, now(other).state) == (State.APPLYING, State.CANCELLED)


def test_serve_outlasts_a_failure_and_stops_when_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAUSE_AFTER_FAILURE", 0.01)
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.01)
    stopping = threading.Event()
    outcomes = iter([OperationalError("away"), RuntimeError("odd"), None])

    def run_once() -> bool:
        outcome = next(outcomes)
        if outcome:
            raise outcome
        stopping.set()
        return False

    monkeypatch.setattr(worker, "run_once", run_once)
    worker.serve(stopping)
    assert stopping.is_set()
