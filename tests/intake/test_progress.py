"""Progress: told while the work is under way, to other processes too, and never when it stands."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from schoolgate.intake import progress, runs
from schoolgate.intake.models import Import, RunProgress, State
from schoolgate.jobs import worker
from schoolgate.kit import bulk
from tests.cast import Cast, assemble
from tests.intake.desk import person, text_of
from tests.intake.test_column_matching import uploaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.databases import OwnDatabase


@pytest.fixture
def own_cast(own_database: OwnDatabase) -> Cast:
    """The cast in a database in which other connections see what is committed."""
    return assemble()


def waiting(cast: Cast, rows: int = 1) -> Import:
    people = [person(email=f"p{n}@x.example", urn="100001") for n in range(rows)]
    run = uploaded(cast, text_of(people))
    Import.objects.filter(pk=run.pk).update(state=State.CHECKING)
    return Import.objects.get(pk=run.pk)


def seen_elsewhere(run: Import) -> progress.Progress:
    """What another process would be told: on a connection of its own, while we are at work."""
    found: list[progress.Progress] = []

    def look() -> None:
        with contextlib.closing(connection):
            found.append(progress.progress_of(run.pk))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(20)
    return found[0]


@pytest.fixture
def at_every_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.02)


def eventually(look: Callable[[], progress.Progress], step: str) -> progress.Progress:
    for _ in range(500):
        if (found := look()).step == step:
            return found
        time.sleep(0.01)
    pytest.fail(f"{step} was never told; it was {found}")


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """In a transaction that holds the write lock of the database (SQLite), as an apply does."""
    from django.db import transaction

    with transaction.atomic():
        Import.objects.update(attempts=1)
        yield


def test_it_is_told_while_the_writing_transaction_is_open(
    own_cast: Cast, at_every_moment: None
) -> None:
    run = waiting(own_cast)
    with progress.reporting(run.pk, State.CHECKING) as report, writing():
        report(progress.READING, 50, 100)
        half = eventually(lambda: seen_elsewhere(run), progress.READING)
        while half.share < 22:
            half = seen_elsewhere(run)
        report(progress.ACCESS)
        later = eventually(lambda: seen_elsewhere(run), progress.ACCESS)

    assert (half.done, half.total, half.share, half.is_moving) == (50, 100, 22, True)
    assert later.share == 70
    # Nothing stays behind.
    assert not RunProgress.objects.exists()
    assert bulk.on_postgresql() or not progress._path(run.pk).exists()


def test_a_note_of_a_worker_that_died_is_not_taken_for_moving(own_cast: Cast) -> None:
    run = waiting(own_cast)
    note = progress.Reporter(run.pk, State.CHECKING).note()
    progress._write(run.pk, note)
    assert progress.progress_of(run.pk).is_moving

    old = progress._Note(**{**note.__dict__, "told_at": timezone.now() - timedelta(seconds=11)})
    progress._write(run.pk, old)

    assert not progress.progress_of(run.pk).is_moving
    # A note about the check says nothing about what is applied later.
    Import.objects.filter(pk=run.pk).update(state=State.APPLYING)
    assert progress.progress_of(run.pk).step == "Waiting to begin"
    progress.forget(run.pk)


def test_a_whole_run_tells_its_steps_in_order(
    own_cast: Cast, at_every_moment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []
    call = progress.Reporter.__call__

    def heard(self: progress.Reporter, step: str, done: int = 0, total: int = 0) -> None:
        call(self, step, done, total)
        told.append((step, self.note().share))

    monkeypatch.setattr(progress.Reporter, "__call__", heard)
    run = waiting(own_cast, 1_200)
    told.clear()
    assert worker.run_once()
    run.refresh_from_db()
    checked, told[:] = list(told), []
    runs.request_apply(
        run.pk, by=own_cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest, invite="now"
    )
    assert worker.run_once()

    for steps, kind in ((checked, State.CHECKING), (told, State.APPLYING)):
        names = list(dict.fromkeys(step for step, _ in steps))
        assert names == list(progress._SHARES[kind])
        assert [share for _, share in steps] == sorted(share for _, share in steps)
    assert (progress.READING, 45 * 1024 // 1201) in checked


def test_what_waits_and_what_is_done(own_cast: Cast) -> None:
    run = waiting(own_cast)
    assert progress.progress_of(run.pk) == progress.Progress("Waiting to begin", 0, 0, 0, False)
    Import.objects.update(lease_until=timezone.now() + timedelta(seconds=5))
    assert progress.progress_of(run.pk) == progress.Progress(progress.READING, 0, 0, 0, True)
    Import.objects.update(state=State.READY)
    assert progress.progress_of(run.pk).share == 100
