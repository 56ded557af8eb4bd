"""What the tests of this room share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.desk import Desk
from tests.machine import run_is_on_postgresql


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """The desk at which files are handed in (ask for a database besides)."""
    if not run_is_on_postgresql():
        # A command refuses a database in memory, which it would lose; this process is connected
        # to the test's own already, whatever is named here.
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/named-only.sqlite3")
    return Desk(tmp_path, capsys)
