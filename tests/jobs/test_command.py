"""The command itself: what it needs, and how it ends when something is wrong."""

from __future__ import annotations

import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest
from django.db.migrations.recorder import MigrationRecorder

from schoolgate.audit import queries
from tests.jobs.programs import PROGRAM, environment, is_a_sentence, schoolgate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases import OwnDatabase
    from tests.jobs.conftest import Command


def test_command_without_database_url_says_to_set_it() -> None:
    said = schoolgate("sees", "ada@council.example")
    assert said.returncode == 2
    assert said.stderr.startswith("Set DATABASE_URL to ")
    assert is_a_sentence(said.stderr)
    assert said.stdout == ""


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:hunter22@host/name",
        "postgres://user:hunter22@[::1/name",
        "postgres://user:hunter22@127.0.0.1:1/name",
        "postgres://user:hunter22@127.0.0.1:port/name",
        "postgres://",
        "sqlite:////nowhere/at/all.sqlite3",
        "sqlite:////proc/schoolgate.sqlite3",
        "sqlite:////tmp",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite:///:memory:",
        "hunter22",
        " ",
    ],
)
def test_command_with_a_wrong_database_url_says_what_is_wrong(url: str) -> None:
    said = schoolgate("audit", "heads", url=url)
    assert (said.returncode, said.stdout) == (2, "")
    assert is_a_sentence(said.stderr)
    assert "hunter22" not in said.stderr


def test_command_with_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    file = tmp_path / "letter.sqlite3"
    file.write_text("Dear Sir or Madam, " * 100)
    said = schoolgate("audit", "heads", url=f"sqlite:///{file}")
    assert said.returncode == 2
    assert is_a_sentence(said.stderr)
    assert file.read_text().startswith("Dear Sir")


def test_command_with_an_unknown_time_zone_says_so() -> None:
    said = schoolgate("audit", "heads", SCHOOLGATE_TIME_ZONE="Mars/Olympus")
    assert said.returncode == 2
    assert said.stderr.startswith("Set SCHOOLGATE_TIME_ZONE to ")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("sea",),
        ("sees",),
        ("sees", "a", "b"),
        ("why", "a"),
        ("audit",),
        ("audit", "verifies"),
        ("sees", "a", "--o", "2026-01-01"),
        ("start", "--port", "none"),
        ("start", "--port", "70000"),
    ],
)
def test_wrong_words_are_status_2_and_a_sentence(words: tuple[str, ...], command: Command) -> None:
    said = command(*words)
    assert (said.status, said.out) == (2, "")
    assert is_a_sentence(said.err)


def test_help_is_status_0_and_needs_no_database() -> None:
    said = schoolgate("--help")
    assert said.returncode == 0
    for word in ("start", "import", "undo", "sees", "whosees", "why", "audit"):
        assert f"\n    {word}" in said.stdout


def test_several_commands_at_once_bring_a_blank_database_up_to_date(blank_database: str) -> None:
    running = [
        subprocess.Popen(
            [PROGRAM, "audit", "verify"],
            env=environment(DATABASE_URL=blank_database),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [(*process.communicate(timeout=60), process.returncode) for process in running]
    assert said == [("The log is whole: 0 batches.\n", "", 0)] * 4


def test_a_database_of_a_newer_release_is_left_alone(command: Command) -> None:
    newer = MigrationRecorder.Migration.objects.create(app="schools", name="9999_from_the_future")
    said = command("audit", "heads")
    newer.delete()
    assert said.status == 2
    assert said.err.startswith("Use a newer release of Schoolgate")


@pytest.mark.one_database
def test_a_broken_database_is_a_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/broken.sqlite3"
    assert schoolgate("audit", "heads", url=url).returncode == 0
    with sqlite3.connect(tmp_path / "broken.sqlite3") as other:
        other.execute("DROP TABLE audit_eventbatch")
    other.close()
    said = schoolgate("audit", "heads", url=url)
    assert said.returncode == 2
    assert is_a_sentence(said.stderr)


@pytest.mark.one_database
def test_output_is_utf8_whatever_the_locale(tmp_path: Path) -> None:
    file = f"{tmp_path}/l.sqlite3"
    said = schoolgate(
        "sees", "zoë@łódź.example", url=f"sqlite:///{file}", PYTHONIOENCODING="latin-1"
    )
    assert said.returncode == 2
    assert "zoë@łódź.example" in said.stderr


def test_something_unexpected_is_one_sentence_without_what_it_was_about(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise KeyError("Amira Haddad")

    monkeypatch.setattr(queries, "heads", fail)
    said = command("audit", "heads")
    assert (said.status, said.out) == (1, "")
    assert is_a_sentence(said.err)
    assert "KeyError" in said.err
    assert "Amira" not in said.err

    monkeypatch.setenv("SCHOOLGATE_DEBUG", "1")
    assert "Traceback" in command("audit", "heads").err


def test_an_interrupt_ends_the_command_silently(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queries, "heads", interrupt)
    said = command("audit", "heads")
    assert (said.status, said.out, said.err) == (130, "", "")


def test_a_reader_who_leaves_ends_the_command_silently(own_database: OwnDatabase) -> None:
    process = subprocess.Popen(
        [PROGRAM, "audit", "verify"],
        env=environment(DATABASE_URL=own_database.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.one_database
def test_nothing_is_left_beside_the_database(tmp_path: Path) -> None:
    assert schoolgate("audit", "heads", url=f"sqlite:///{tmp_path}/one.sqlite3").returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"one.sqlite3"}
