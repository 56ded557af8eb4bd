"""How an uploaded file is kept: compressed, and sealed where it may have first passwords in it.

Those are taken out of it once they are hashed, and after a day at the latest (ITS8, S22); what is
left is the same file, row for row, with nothing in those cells.
"""

import csv
import io
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

from django.utils import timezone

from schoolgate.intake import decisions, steps
from schoolgate.intake.columns import KINDS, kind_of
from schoolgate.intake.hidden_cells import Hidden, hidden_in
from schoolgate.intake.mapping import known_headings
from schoolgate.intake.models import Import, ImportFile, State
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Table, Unreadable
from schoolgate.kit.csv_text import guard
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.sealed import seal_bytes
from schoolgate.people import first_passwords

_BLOCK = 1024 * 1024
KEPT = timedelta(days=1)  # passwords in a file, whatever comes of it
_APPLIED = (State.DONE, State.UNDOING, State.UNDONE)


def store(run: Import, content: BinaryIO, *, at: datetime) -> None:
    """Keep what was uploaded."""
    packed = _compressed(content)
    if KINDS[run.kind].takes_passwords:
        ImportFile.objects.create(
            run=run, content=seal_bytes(packed), is_sealed=True, wipe_at=at + KEPT
        )
    else:
        ImportFile.objects.create(run=run, content=packed)


def _compressed(content: BinaryIO) -> bytes:
    packer = zlib.compressobj(1)
    parts = []
    while block := content.read(_BLOCK):
        parts.append(packer.compress(block))
    parts.append(packer.flush())
    return b"".join(parts)


def was_wiped(run: Import) -> bool:
    """Whether the passwords that the file of a run had have been taken out of it."""
    return ImportFile.objects.filter(run=run, is_sealed=True, wipe_at__isnull=True).exists()


def wipe_due() -> int:
    """Take the passwords out of files whose time has come, or whose passwords are all hashed; how
    many files."""
    waiting = ImportFile.objects.filter(wipe_at__isnull=False)
    late = set(waiting.filter(wipe_at__lte=timezone.now()).values_list("run_id", flat=True))
    done = waiting.filter(run__state__in=_APPLIED).values_list("run_id", flat=True)
    due = late | (set(done) - first_passwords.waited_for())
    for run_id in due:
        wipe(run_id)
    return len(due)


def wipe(run_id: int) -> None:
    """Take the passwords out of the file of a run. One that cannot be read is deleted whole."""
    run = steps.run_of(run_id)
    stored = ImportFile.objects.filter(run_id=run_id)
    try:
        left = _without_passwords(run)
    except (Unreadable, Refusal):
        stored.delete()
        return
    if left is None:
        stored.update(wipe_at=None)
    else:
        stored.update(content=seal_bytes(zlib.compress(left, 1)), wipe_at=None)


def _without_passwords(run: Import) -> bytes | None:
    """The file as CSV with nothing where passwords were; None where it has no such column."""
    decided = decisions.decided_of(run)
    known = known_headings(kind_of(run.kind, run.role), decided)
    out = io.StringIO(newline="")
    # Quoted and with its delimiter said, so that it is read back just so.
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    with steps.file_of(run) as path, open_table(path, known) as table:
        hidden = hidden_in(table.headings, decided.headings)
        if not hidden:
            return None
        out.write("sep=,\r\n")
        for cells in _numbered(table, hidden):
            writer.writerow(guard(cell) for cell in cells)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _numbered(table: Table, hidden: Hidden) -> Iterator[list[str]]:
    """The headings and the rows, with a blank row wherever a number is left out."""
    yield table.headings
    last = 1
    for number, cells in table.rows:
        for _ in range(number - last - 1):
            yield []
        yield hidden.blank(cells)
        last = number
