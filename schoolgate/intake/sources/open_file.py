"""Which reader a file needs, told by its first bytes and not by its name."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from schoolgate.intake.sources import limits
from schoolgate.intake.sources.csv_file import open_csv
from schoolgate.intake.sources.table import Table, Unreadable
from schoolgate.intake.sources.xlsx_file import open_xlsx

ZIP = b"PK\x03\x04"
_KNOWN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls) or one with a password",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a compressed file",
    b"SQLi": "a database",
}

_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"  # stands first in such an archive
LOOKED_AT = 100  # bytes at the beginning of a file by which its kind is told


def refuse_other_kinds(start: bytes) -> None:
    """Raises Unreadable where a file that begins with these bytes is no CSV and no XLSX."""
    kinds = [what for mark, what in _KNOWN.items() if start.startswith(mark)]
    if start.startswith(ZIP) and _OPEN_DOCUMENT in start:
        kinds.append("an OpenDocument file (.ods)")
    if kinds:
        raise Unreadable(f"Save it as CSV or XLSX and upload that: this file is {kinds[0]}.")


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
        start = file.read(LOOKED_AT)
    refuse_other_kinds(start)
    opener = open_xlsx if start.startswith(ZIP) else open_csv
    with opener(path, known) as table:
        yield table
