"""Reads XLSX: the library works in a child process with limits on memory and time (S48)."""

import contextlib
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from typing import IO

from schoolgate.intake.sources import limits
from schoolgate.intake.sources.table import Table, Unreadable

_RESAVE = "Save the workbook again as XLSX or as “CSV UTF-8” and upload that"


@contextlib.contextmanager
def open_xlsx(path: str, known: frozenset[str]) -> Iterator[Table]:
    """The first sheet that holds anything, as a table. Raises Unreadable."""
    _look_inside(path)
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


def _look_inside(path: str) -> None:
    """Refuse what is no workbook, or unpacks to more than any register needs."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(f"{_RESAVE}: this file is damaged.") from error
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise Unreadable("Upload a CSV or XLSX file: this is an archive of another kind.")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.XLSX_UNPACKED or len(parts) > limits.XLSX_PARTS:
        raise Unreadable(
            f"{_RESAVE}: this one unpacks to more than Schoolgate takes"
            f" ({limits.XLSX_UNPACKED // 1024**2} MB)."
        )


def _records(child: subprocess.Popen[str], out: IO[str]) -> Iterator[object]:
    for line in out:
        yield json.loads(line)
    if child.wait() != 0:
        raise Unreadable(
            f"{_RESAVE}: this one could not be read within the limits of memory and time, or is"
            " damaged or protected by a password."
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
            raise Unreadable(f"{_RESAVE}: row {number} holds a zero byte.", row=number)
        if any(cell.strip() for cell in cells):
            yield number, cells
