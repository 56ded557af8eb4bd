"""What the tests of this room share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.intake.desk import Desk, child
from tests.machine import run_is_on_postgresql

if TYPE_CHECKING:
    from tests.cast import Cast


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


@pytest.fixture
def sons(cast: Cast, desk: Desk) -> None:
    """The cast, and the two children of itslearning's own example, with the keys 1 and 2."""
    rows = [
        child(first="Jim", last="Dickinson", sync_key="1", username="son1"),
        child(first="Johnny", last="Dean", sync_key="2", username="son2", born="2015-05-30"),
    ]
    assert desk.pupils(rows).counts == (2, 0, 0, 0)
