"""The worker: takes up imports that wait to be checked, applied or undone; and each minute lets
those be told whose access ends soon.

The truth is in the table of imports: one conditional UPDATE leases an import to one worker for
half a minute, a thread renews the lease while the work goes on, and an import whose worker died is
taken up again when its lease has run out, three times at the most. Logs hold ids only.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.access import ends
from schoolgate.audit.actions import SYSTEM, batch
from schoolgate.intake import keeping, stored_files
from schoolgate.intake.models import Import, ImportFault, ImportFile, State
from schoolgate.kit.refusal import Refusal
from schoolgate.people import first_passwords
from schoolgate.sign_in import retention

LEASE = timedelta(seconds=30)
RETRY_AFTER = timedelta(seconds=10)
RENEW_SECONDS = 10.0
MOST_ATTEMPTS = 3
PAUSE_SECONDS = 0.5
PAUSE_AFTER_FAILURE = 3.0
KEEP_FILES = timedelta(days=30)
SWEEP_SECONDS = 60 * 60
NOTICE_SECONDS = 60

WORKING = (State.CHECKING, State.APPLYING, State.UNDOING)
WAITING = (State.READY, State.NEEDS_PERSON)
FINISHED = (State.DONE, State.FAILED, State.CANCELLED, State.UNDONE)

# What a failure leaves behind: an undo that failed leaves the import applied, as it was.
_AFTER_FAILURE = {
    State.CHECKING: State.FAILED,
    State.APPLYING: State.FAILED,
    State.UNDOING: State.DONE,
}
_GAVE_UP = {
    State.CHECKING: "Upload the file again, in smaller parts if it is large: checking it did not"
    " come to an end.",
    State.APPLYING: "Upload the file again: applying it did not come to an end, and nothing of it"
    " was written.",
    State.UNDOING: "Try again later: undoing this import did not come to an end, and nothing was"
    " changed.",
}
_FORGOTTEN = "Upload the file again if it is still wanted: nobody decided about it for thirty days."

log = logging.getLogger(__name__)


def run_once() -> bool:
    """Take up one import that waits, if there is one, and work on it; whether there was one."""
    run = _claim()
    if run is None:
        return False
    if run.attempts > MOST_ATTEMPTS:
        _give_up(run)
        return True
    with _renewing(run):
        try:
            _work_for(State(run.state))(run.pk)
        except (OperationalError, InterfaceError) as error:
            # The database, not the file: taken up again soon, or when the lease has run out.
            log.warning("import %s: the database failed (%s)", run.pk, type(error).__name__)
            with suppress(DatabaseError):
                _mine(run).update(lease_until=timezone.now() + RETRY_AFTER)
            return True
        except Refusal as refusal:
            _fail(run, str(refusal))
        except Exception as error:
            log.error("import %s: unexpected %s", run.pk, type(error).__name__)
            _give_up(run)
    # What comes next for it (to be applied, say) starts with no lease and a fresh count.
    Import.objects.filter(pk=run.pk).exclude(state=run.state).update(lease_until=None, attempts=0)
    _mine(run).filter(state=run.state).update(lease_until=None)
    return True


def _work_for(state: State) -> Callable[[int], object]:
    from schoolgate.intake import runs

    work: dict[State, Callable[[int], object]] = {
        State.CHECKING: runs.check,
        State.APPLYING: runs.apply,
        State.UNDOING: runs.undo,
    }
    return work[state]


def _claim() -> Import | None:
    """The import now leased to this worker, or None when none waits."""
    now = timezone.now()
    free = Import.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now), state__in=WORKING
    )
    for run in free.order_by("pk").only("pk", "state", "attempts")[:20]:
        taken = free.filter(pk=run.pk, state=run.state, attempts=run.attempts).update(
            lease_until=now + LEASE, attempts=run.attempts + 1
        )
        if taken:
            run.attempts += 1
            return run
    return None


def _mine(run: Import) -> QuerySet[Import]:
    """The import, as long as no other worker has taken it up since."""
    return Import.objects.filter(pk=run.pk, attempts=run.attempts)


def _give_up(run: Import) -> None:
    _fail(run, _GAVE_UP[State(run.state)])


def _fail(run: Import, sentence: str) -> None:
    _mine(run).filter(state=run.state).update(
        state=_AFTER_FAILURE[State(run.state)], problem=sentence[:500], lease_until=None
    )


@contextmanager
def _renewing(run: Import) -> Iterator[None]:
    """Renew the lease from a thread while the block runs."""
    finished = threading.Event()

    def renew() -> None:
        while not finished.wait(RENEW_SECONDS):
            try:
                _mine(run).update(lease_until=timezone.now() + LEASE)
            except DatabaseError as error:
                log.warning("import %s: lease not renewed (%s)", run.pk, type(error).__name__)
            finally:
                connection.close()

    thread = threading.Thread(target=renew, name=f"lease-{run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def delete_old_files() -> int:
    """Delete uploads older than thirty days of imports that finished, or that nobody decided about
    (those are cancelled); how many."""
    old = Import.objects.filter(made_at__lt=timezone.now() - KEEP_FILES)
    forgotten = list(old.filter(state__in=WAITING).values_list("pk", flat=True))
    cancelled = sum(cancel_forgotten(run_id) for run_id in forgotten)
    finished = ImportFile.objects.filter(run__in=old.filter(state__in=FINISHED))
    keeping.forget(old.filter(state__in=FINISHED))
    return cancelled + finished.delete()[0]


def cancel_forgotten(run_id: int) -> bool:
    """Cancel an import that waits for a person, with its file and what was found in it."""
    from schoolgate.intake import runs

    try:
        with batch(by=SYSTEM):
            runs.cancel(run_id, by=SYSTEM)
            ImportFault.objects.filter(run_id=run_id).delete()
            Import.objects.filter(pk=run_id).update(problem=_FORGOTTEN)
    except Refusal:
        return False  # somebody has decided at this very moment
    return True


def hash_first_passwords() -> bool:
    """Hash a few first passwords that wait, and take them out of their files once all are; whether
    there were any. A few at a time: who waits for an import goes before."""
    if not first_passwords.hash_some():
        return False
    stored_files.wipe_due()
    return True


def serve(stopping: threading.Event) -> None:
    """Work until ``stopping`` is set; wait out a database that does not answer."""
    swept = told = float("-inf")
    pause = PAUSE_SECONDS
    while not stopping.wait(pause):
        pause = PAUSE_SECONDS
        try:
            if time.monotonic() - swept > SWEEP_SECONDS:
                delete_old_files()
                retention.delete_old()
                swept = time.monotonic()
            if time.monotonic() - told > NOTICE_SECONDS:
                ends.post_notices()
                told = time.monotonic()
                first_passwords.forget_old()
                stored_files.wipe_due()
            while not stopping.is_set() and (run_once() or hash_first_passwords()):
                pass
        except Exception as error:
            log.warning("worker: waiting after %s", type(error).__name__)
            connection.close()
            pause = PAUSE_AFTER_FAILURE
