"""What the environment must say before Django reads it (docs/running.md)."""

import os
import zoneinfo
from pathlib import Path

import dj_database_url

from schoolgate.jobs.stop import Stop

EXAMPLES = "sqlite:////srv/schoolgate/data.sqlite3 or postgres://user:password@host:5432/name"


def check_for_commands() -> None:
    """Raise Stop when a setting that every command reads cannot be understood."""
    if os.environ.get("DATABASE_URL"):
        _check_database(os.environ["DATABASE_URL"])
    zone = os.environ.get("SCHOOLGATE_TIME_ZONE") or "Europe/London"
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Stop(
            "Set SCHOOLGATE_TIME_ZONE to a time zone such as Europe/London:"
            f" {zone!r} is not known here."
        ) from None


def require_database() -> None:
    """Raise Stop when no database is named, or one that would be gone when the command ends."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise Stop(f"Set DATABASE_URL to the database, such as {EXAMPLES}: it is not set.")
    if dj_database_url.parse(url)["NAME"] == ":memory:":
        raise Stop(
            f"Set DATABASE_URL to a file or a server, such as {EXAMPLES}: what is in memory only"
            " would be lost."
        )


def _check_database(url: str) -> None:
    # The URL may hold a password: no sentence repeats it.
    try:
        parsed = dj_database_url.parse(url)
    except (ValueError, KeyError):
        parsed = {}
    engine, name = str(parsed.get("ENGINE", "")), str(parsed.get("NAME", ""))
    if not engine.endswith((".sqlite3", ".postgresql")) or not name:
        raise Stop(f"Set DATABASE_URL to something like {EXAMPLES}: it cannot be understood.")
    if engine.endswith(".sqlite3") and name != ":memory:":
        directory = Path(name).resolve().parent
        if not directory.is_dir():
            raise Stop(f"Make the directory {directory}, or change DATABASE_URL: it is not there.")
        if not os.access(directory, os.W_OK | os.X_OK):
            raise Stop(
                f"Let this user write to the directory {directory}, or change DATABASE_URL:"
                " SQLite writes beside the database."
            )
        file = Path(name)
        if file.exists() and not (file.is_file() and os.access(file, os.R_OK | os.W_OK)):
            raise Stop(f"Let this user write to {file}, or change DATABASE_URL to a file.")
