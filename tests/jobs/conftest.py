"""What the tests of this room share."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings

from schoolgate.jobs.command import main
from tests import machine
from tests.databases import OwnDatabase, _made_on_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def blank_database(own_database: OwnDatabase, database_name: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which there is nothing, not even a table.

    It asks for ``own_database`` as a sign that its tests use a database, and run on both.
    """
    if not machine.run_is_on_postgresql():
        yield f"sqlite:///{quote(str(tmp_path / 'blank.sqlite3'))}"
        return
    name = f"{database_name}_blank"
    with _made_on_server(name):
        yield urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()


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
