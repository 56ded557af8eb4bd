"""Bringing a new or older database up to date, before any command uses it."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder

from schoolgate.jobs.stop import Stop

_MIGRATING = 7_301_004


def bring_up_to_date() -> None:
    """Apply the migrations that the database lacks, if any; silent, and safe for several at once.

    Raises Stop when the database cannot be reached, or was made by a newer release.
    """
    try:
        connection.ensure_connection()
        lacking = _lacking()
    except (DatabaseError, InterfaceError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise Stop(
            f"Start the database, or correct DATABASE_URL: it cannot be used ({reason})."
        ) from error
    if lacking:
        with _alone():
            if _lacking():
                call_command("migrate", verbosity=0, interactive=False)


def _lacking() -> set[tuple[str, str]]:
    """The migrations that are in the code and not in the database. One query, no imports."""
    in_code = {
        (app.label, path.stem)
        for app in apps.get_app_configs()
        for path in Path(app.path, "migrations").glob("[0-9]*.py")
    }
    recorder = MigrationRecorder(connection)
    applied = set(recorder.applied_migrations()) if recorder.has_table() else set()
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("schoolgate.")}
    if any(label in ours and (label, name) not in in_code for label, name in applied):
        raise Stop("Use a newer release of Schoolgate: one has already changed this database.")
    return in_code - applied


def _has_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_MIGRATING])
        row = cursor.fetchone()
    return bool(row and row[0])


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other commands that find migrations to apply waiting until these have been."""
    if connection.vendor == "postgresql":
        # Asked again and again: a statement that waits for the lock would hold a snapshot, for
        # whose end the other's CREATE INDEX CONCURRENTLY waits in turn.
        while not _has_lock():
            time.sleep(0.1)
        try:
            yield
        finally:
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATING])
        return
    # The directory, because closing a handle on the file itself would drop SQLite's own locks.
    name = str(connection.settings_dict["NAME"])
    directory = os.open(Path(name).resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)
