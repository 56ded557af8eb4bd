"""Cells that are safe to open in a spreadsheet, and that read back in unchanged (OWASP 1.2.10).

A cell that a spreadsheet would run as a formula gets an apostrophe in front. So does a cell that
begins with apostrophes followed by such a character, so that taking one apostrophe away always
gives back what was there.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

_RUNS = re.compile(r"'*[=+\-@\t\r\n\x00]|'*[\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(r"'+(?:[=+\-@\t\r\n\x00]|[\uff1d\uff0b\uff0d\uff20])")


def guard(value: str) -> str:
    """``value`` as a cell that no spreadsheet runs."""
    return "'" + value if _RUNS.match(value) else value


def unguard(value: str) -> str:
    """What :func:`guard` was given."""
    return value[1:] if value.startswith("'") and _GUARDED.match(value) else value


def write(out: TextIO, rows: Iterable[Sequence[str]]) -> None:
    """Write ``rows`` to ``out`` (opened with ``newline=""``) as guarded CSV."""
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
