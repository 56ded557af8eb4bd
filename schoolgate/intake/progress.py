"""How far the work on a run has come, for people who wait at its page.

Whoever works tells a :class:`Reporter`, which notes it from a thread, twice a second at the most,
where other processes see it while the work's own transaction is still open: on PostgreSQL in a
table, on a connection of the thread's own; on SQLite, whose one writer is the work itself, in a
small file beside the database. The note says when it was made, so that one whose worker died is
not taken for moving. Work that is done within half a second leaves no note at all.
"""

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from django.db import DatabaseError, connection
from django.utils import timezone

from schoolgate.intake import steps
from schoolgate.intake.models import RunProgress, State
from schoolgate.kit import bulk

EVERY_SECONDS = 0.5
STALE_AFTER = timedelta(seconds=10)

READING, FINDING = "Reading the file", "Finding who each row is"
ACCESS, KEEPING = "Working out access", "Keeping what was found"
WRITING, LINKING, FINISHING = "Writing the records", "Giving access", "Finishing"
UNDOING = "Taking the import back"

# The steps of each kind of work, and how much of the whole each is (measured, roughly).
_SHARES: dict[str, dict[str, int]] = {
    State.CHECKING: {READING: 45, FINDING: 25, ACCESS: 15, KEEPING: 15},
    State.APPLYING: {READING: 20, FINDING: 15, ACCESS: 10, WRITING: 25, LINKING: 25, FINISHING: 5},
    State.UNDOING: {UNDOING: 100},
}


@dataclass(frozen=True)
class Progress:
    """The step in words, how many of its parts are done of how many (0: not known), and how much
    of the whole, from 0 to 100. ``is_moving``: somebody has been at work a moment ago."""

    step: str
    done: int
    total: int
    share: int
    is_moving: bool


def progress_of(run_id: int) -> Progress:
    """How far a run has come that is being checked, applied or undone."""
    run = steps.run_of(run_id)
    if run.state not in _SHARES:
        return Progress("Done", 0, 0, 100, is_moving=False)
    note = _read(run_id)
    if note is None or note.kind != run.state:
        begun = run.lease_until is not None and run.lease_until > timezone.now()
        words = next(iter(_SHARES[run.state])) if begun else "Waiting to begin"
        return Progress(words, 0, 0, 0, is_moving=begun)
    moving = timezone.now() - note.told_at < STALE_AFTER
    return Progress(note.step, note.done, note.total, note.share, moving)


@dataclass(frozen=True)
class _Note:
    kind: str
    step: str
    done: int
    total: int
    share: int
    told_at: datetime


class Reporter:
    """Takes word of how the work goes on: a step, and how much of it is done of how much."""

    def __init__(self, run_id: int, kind: str) -> None:
        self.run_id, self.kind = run_id, kind
        self._now: tuple[str, int, int] = (next(iter(_SHARES[kind])), 0, 0)
        self._finished = threading.Event()

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        self._now = (step, done, total)

    def note(self) -> _Note:
        """What is to be told now."""
        step, done, total = self._now
        shares = _SHARES[self.kind]
        before = 0
        for name, share in shares.items():
            if name == step:
                before += share * min(done, total) // total if total else 0
                break
            before += share
        return _Note(self.kind, step, done, total, min(before, 99), timezone.now())

    def work(self) -> None:
        """Note it again and again until the work is done; then leave nothing behind."""
        noted = False
        while not self._finished.wait(EVERY_SECONDS):
            with contextlib.suppress(DatabaseError, OSError):
                _write(self.run_id, self.note())
                noted = True
        if noted:
            with contextlib.suppress(DatabaseError, OSError):
                forget(self.run_id)
        connection.close()

    def finish(self) -> None:
        """Let the thread end."""
        self._finished.set()


@contextlib.contextmanager
def reporting(run_id: int, kind: str) -> Iterator[Reporter]:
    """A reporter of the work on a run (``kind``: its state), for the block."""
    reporter = Reporter(run_id, kind)
    thread = threading.Thread(target=reporter.work, name=f"progress-{run_id}", daemon=True)
    thread.start()
    try:
        yield reporter
    finally:
        reporter.finish()
        thread.join()


# Where it is noted


def _write(run_id: int, note: _Note) -> None:
    if bulk.on_postgresql():
        RunProgress.objects.update_or_create(
            run_id=run_id,
            defaults={
                "step": f"{note.kind}: {note.step}",
                "done": note.done,
                "total": note.total,
                "share": note.share,
                "told_at": note.told_at,
            },
        )
        return
    path = _path(run_id)
    new = path.with_name(f"{path.name}-new")
    facts = {**note.__dict__, "told_at": note.told_at.isoformat()}
    new.write_text(json.dumps(facts))
    new.replace(path)


def _read(run_id: int) -> _Note | None:
    if bulk.on_postgresql():
        row = RunProgress.objects.filter(pk=run_id).first()
        if row is None:
            return None
        kind, _, step = row.step.partition(": ")
        return _Note(kind, step, row.done, row.total, row.share, row.told_at)
    try:
        facts = json.loads(_path(run_id).read_text())
    except (OSError, ValueError):
        return None
    return _Note(**{**facts, "told_at": datetime.fromisoformat(facts["told_at"])})


def forget(run_id: int) -> None:
    """Delete the note of a run, if there is one."""
    if bulk.on_postgresql():
        RunProgress.objects.filter(pk=run_id).delete()
    else:
        _path(run_id).unlink(missing_ok=True)


def _path(run_id: int) -> Path:
    """The file beside the database in which the progress of a run is noted (SQLite)."""
    name = str(connection.settings_dict["NAME"])
    if "memory" in name:  # a database of this process alone
        mark = sha256(f"{name} {os.getpid()}".encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"schoolgate-{mark}-progress-{run_id}"
    return Path(f"{name}-progress-{run_id}")
