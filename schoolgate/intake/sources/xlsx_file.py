"""Reads XLSX: the library works in a child process with limits on memory and time (S48)."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO

from schoolgate.intake.sources import limits
from schoolgate.intake.sources.table import Table, Unreadable
from schoolgate.kit.csv_text import unguard


@contextlib.contextmanager
def open_xlsx(path: str, known: frozenset[str]) -> Iterator[Table]:
    """The first sheet that holds anything, as a table. Raises Unreadable."""
    child = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "schoolgate.intake.sources.xlsx_child", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    clock = threading.Timer(limits.XLSX_SECONDS * 2, child.kill)
    clock.start()
    try:
        assert child.stdout is not None  # noqa: S101 - asked for above
        records = _records(child, child.stdout)
        about = next(records, None)
        heading = next(records, None)
        if not isinstance(about, dict) or not isinstance(heading, list):
            raise Unreadable(
                "Put the headings into the first row, with the people or places beneath it: the"
                " workbook is empty."
            )
        notes = []
        if about["sheets"] > 1:
            notes.append(
                f"Only the sheet “{about['sheet']}” was read: the workbook has"
                f" {about['sheets']} sheets."
            )
        yield Table(headings=heading[1], rows=_below(records), notes=notes)
    finally:
        clock.cancel()
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _records(child: subprocess.Popen[str], out: IO[str]) -> Iterator[object]:
    for line in out:
        record = json.loads(line)
        if isinstance(record, dict) and "problem" in record:
            raise Unreadable(record["problem"])
        yield record
    if child.wait() != 0:
        raise Unreadable(
            f"{limits.RESAVE}: this one could not be read within the limits of memory and time, or"
            " is damaged or protected by a password."
        )


def _below(records: Iterator[object]) -> Iterator[tuple[int, list[str]]]:
    for count, record in enumerate(records, start=1):
        assert isinstance(record, list)  # noqa: S101 - the child writes nothing else
        number, cells = record
        if count > limits.MAX_ROWS:
            raise Unreadable(
                f"Split the workbook into several of at most {limits.MAX_ROWS:,} rows.", row=number
            )
        if any("\x00" in cell for cell in cells):
            raise Unreadable(f"{limits.RESAVE}: row {number} holds a zero byte.", row=number)
        if any(cell.strip() for cell in cells):
            yield number, [unguard(cell) if cell[:1] == "'" else cell for cell in cells]
