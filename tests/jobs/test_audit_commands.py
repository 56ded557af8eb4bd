"""`audit heads` and `audit verify`: what was changed or cut off is found and located (S53)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import connection

from schoolgate.audit import children, protection
from schoolgate.audit.models import Event, EventBatch
from tests import factories
from tests.jobs.programs import is_a_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.jobs.conftest import Command


@pytest.fixture
def exported(command: Command, tmp_path: Path) -> Path:
    """The heads of a log of three batches, as they were printed."""
    for name in ("One", "Two", "Three"):
        factories.establishment(name=f"{name} School")
    file = tmp_path / "heads"
    file.write_text(command("audit", "heads").out)
    return file


@pytest.fixture
def unprotected(exported: Path) -> Iterator[Path]:
    """The same, of a log whose owner has taken its protection away."""
    with connection.schema_editor() as editor:
        children.leave(apps, editor)
        protection.unprotect(apps, editor)
    yield exported
    with connection.schema_editor() as editor:
        protection.protect(apps, editor)
        children.keep(apps, editor)


def test_heads_prints_a_line_a_batch(exported: Path) -> None:
    lines = [line.split("\t") for line in exported.read_text().splitlines()]
    stored = EventBatch.objects.order_by("position")
    assert [(int(line[0]), int(line[2]), line[3]) for line in lines] == [
        (batch.position, batch.count, batch.head) for batch in stored
    ]


def test_verify_finds_a_whole_log_whole(exported: Path, command: Command) -> None:
    assert command("audit", "verify").status == 0
    said = command("audit", "verify", "--against", str(exported))
    assert (said.status, said.err) == (0, "")
    assert said.out == "The log is whole: 3 batches, 3 of them as exported.\n"
    factories.establishment()
    assert command("audit", "verify", "--against", str(exported)).status == 0


def test_s53_verify_finds_a_changed_event(unprotected: Path, command: Command) -> None:
    second = EventBatch.objects.get(position=2)
    Event.objects.filter(batch_id=second.pk).update(verb="nothing")
    said = command("audit", "verify", "--against", str(unprotected))
    assert said.status == 1
    assert said.lines == ["Batch 2: an event in it was changed."]


def test_s53_verify_finds_a_log_that_was_cut_off_only_with_what_was_exported(
    unprotected: Path, command: Command
) -> None:
    last = EventBatch.objects.get(position=3)
    Event.objects.filter(batch_id=last.pk).delete()
    last.delete()
    assert command("audit", "verify").status == 0
    said = command("audit", "verify", "--against", str(unprotected))
    assert said.status == 1
    assert said.lines == ["Batch 3: it was exported and is no longer there: the log was cut off."]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"position,at,count,head\n",
        b"1\t2026-01-01\t1\n",
        b"1\t2026-01-01\t1\tshort\n",
        b"\xff\xfe\x00",
        b"1\ta\t1\t" + b"0" * 64 + b"\n1\ta\t1\t" + b"1" * 64 + b"\n",
    ],
)
def test_verify_against_something_else_is_status_2_and_a_sentence(
    content: bytes, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    said = command("audit", "verify", "--against", str(file))
    assert (said.status, said.out) == (2, "")
    assert is_a_sentence(said.err)


def test_verify_against_a_file_that_is_not_there(command: Command, tmp_path: Path) -> None:
    for name in (tmp_path / "none", tmp_path):
        said = command("audit", "verify", "--against", str(name))
        assert (said.status, said.out) == (2, "")
        assert is_a_sentence(said.err)
