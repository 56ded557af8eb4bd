"""Which reader a file needs, told by its first bytes and not by its name."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from schoolgate.intake.sources import limits
from schoolgate.intake.sources.csv_file import open_csv
from schoolgate.intake.sources.table import Table, Unreadable
from schoolgate.intake.sources.xlsx_file import open_xlsx

_ZIP = b"PK\x03\x04"
_KNOWN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls) or one with a password",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a compressed file",
    b"SQLi": "a database",
}


@contextlib.contextmanager
def open_table(path: str, known: frozenset[str]) -> Iterator[Table]:
    """The file at ``path`` as a table; raises Unreadable where it is none."""
    size = Path(path).stat().st_size
    if size > limits.MAX_BYTES:
        raise Unreadable(
            f"Split the file into several of at most {limits.MAX_BYTES // 1024**2} MB: this one has"
            f" {size // 1024**2:,} MB."
        )
    with Path(path).open("rb") as file:
        start = file.read(8)
    for mark, what in _KNOWN.items():
        if start.startswith(mark):
            raise Unreadable(f"Save it as CSV or XLSX and upload that: this file is {what}.")
    opener = open_xlsx if start.startswith(_ZIP) else open_csv
    with opener(path, known) as table:
        yield table
