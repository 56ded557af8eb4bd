"""What this machine offers the tests, a PostgreSQL server and a Chromium browser; and what this
run of them uses.

`.ci/run` names both in the environment. Elsewhere they are looked for, and tests that need an
absent one are skipped with a reason (see conftest.py).
"""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

POSTGRES_HERE = "postgres://postgres@127.0.0.1:5432/postgres"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@functools.cache
def postgres_url() -> str | None:
    """Return the URL of a server on which a superuser may make databases, or None."""
    named = os.environ.get("SCHOOLGATE_TEST_POSTGRES_URL")
    if named:
        return named
    import psycopg

    try:
        psycopg.connect(POSTGRES_HERE, connect_timeout=1).close()
    except psycopg.Error:
        return None
    return POSTGRES_HERE


@functools.cache
def chromium_path() -> str | None:
    """Return the path of a Chromium or Chrome program, or None."""
    named = os.environ.get("SCHOOLGATE_TEST_CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def run_is_on_postgresql() -> bool:
    """Whether this run of the tests is on PostgreSQL (else it is on SQLite)."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def skips_forbidden() -> bool:
    """Whether a test that cannot run here makes the run fail, as in CI."""
    return bool(os.environ.get("SCHOOLGATE_TEST_NO_SKIPS"))


if __name__ == "__main__":  # ./dev asks
    print(postgres_url() or "")


def widths(usual: int) -> list[int]:
    """At which widths a journey is made: the usual one of the two, both where pictures are kept.

    The walk over every page looks at each of them at all widths in any case.
    """
    return [1280, 390] if os.environ.get("SCHOOLGATE_PICTURES") == "1" else [usual]
