"""What the tests of this room share."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from schoolgate.jobs.command import main

if TYPE_CHECKING:
    from tests.databases import OwnDatabase


class Said(NamedTuple):
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Command(Protocol):
    """Runs the command with these words in this process."""

    def __call__(self, *words: str) -> Said: ...


@pytest.fixture
def command(own_database: OwnDatabase, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, in this process and on the test's own database."""

    def run(*words: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", own_database.url)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            status = main(words)
        return Said(status, out.getvalue(), err.getvalue())

    return run
