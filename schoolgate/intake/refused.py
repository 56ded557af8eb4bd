"""The refused rows as a file, with the reasons in front, ready to mend and upload again (NEW2)."""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from schoolgate.intake import mapping
from schoolgate.intake.columns import REASON_HEADING
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import Finding, Severity
from schoolgate.intake.hidden_cells import hidden_in
from schoolgate.intake.plan import Plan
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.kit import csv_text

_BOM = b"\xef\xbb\xbf"  # tells a spreadsheet that the file is UTF-8


def write(path: str, plan: Plan, out: BinaryIO) -> None:
    """Write the rows of the file at ``path`` that the plan refuses."""
    found = list(plan.findings.in_order())
    for block in refused_rows(path, plan.known_headings(), found, plan.decided):
        out.write(block)


def refused_rows(
    path: str,
    known: frozenset[str],
    faults: Iterable[Finding],
    decided: Decided,
    masked: Mapping[int, str] | None = None,
) -> Iterator[bytes]:
    """The refused rows as CSV, cell for cell as they came or were mended, in blocks of bytes.

    Where something is wrong with the file as a whole, every row is refused. ``masked``: what is
    said instead of a row that the reader may not read. A password is never handed back (S22).
    """
    reasons: dict[int | None, list[str]] = defaultdict(list)
    for fault in faults:
        reasons[fault.row].append(_reason(fault))
    whole = reasons.get(None, [])
    yield _BOM
    try:
        with open_table(path, known) as table:
            yield _lines([[REASON_HEADING, *table.headings]])
            hidden = hidden_in(table.headings, decided.headings)
            for n, cells in table.rows:
                why = whole + reasons.get(n, [])
                if why and n in (masked or {}):
                    yield _lines([[(masked or {})[n], *("" for _ in cells)]])
                elif why:
                    cells = hidden.blank(cells)
                    mapping.mend(cells, decided.mends.get(n, {}))
                    yield _lines([[" ".join(why), *cells]])
    except Unreadable as problem:
        yield _lines([[str(problem)]])


def _reason(fault: Finding) -> str:
    where = f"{fault.column}: " if fault.column else ""
    value = f" ({fault.value})" if fault.value else ""
    chosen = "Left out, as somebody chose. " if fault.kind is Severity.LEFT_OUT else ""
    return f"{where}{chosen}{fault.problem}{value}"


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv_text.write(out, rows)
    return out.getvalue().encode()
