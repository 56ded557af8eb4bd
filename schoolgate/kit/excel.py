"""Workbooks that open well and run nothing (OWASP 1.2.10, S49).

Text is written as text and never read as a formula or an address, whatever it begins with; what a
spreadsheet would take for a formula once somebody edits the cell carries Excel's own mark that it
is text. Read back, every cell is what it was.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO

import xlsxwriter

from schoolgate.kit.csv_text import guard

Cell = str | int | date | None
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDEST, _NARROWEST = 60, 8


def workbook(
    sheet: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, days_as: str
) -> bytes:
    """One sheet with a heading row that stays in sight, and columns as wide as they need be.

    ``days_as``: Excel's pattern for the dates, for example ``mmmm yyyy``. Rows are kept in memory.
    """
    content = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    with xlsxwriter.Workbook(content, options) as book:
        page = book.add_worksheet(sheet)
        heading = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
        bold = book.add_format(heading)
        bold_text = book.add_format({**heading, "quote_prefix": True})
        text = book.add_format({"quote_prefix": True})
        day = book.add_format({"num_format": days_as, "align": "left"})
        widths = [_NARROWEST] * len(headings)
        for n, words in enumerate(headings):
            page.write_string(0, n, words, bold_text if _would_run(words) else bold)
            widths[n] = max(widths[n], *map(len, words.split() or [""]))
        for number, row in enumerate(rows, start=1):
            for n, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, n, cell, text if _would_run(cell) else None)
                elif isinstance(cell, date):
                    page.write_datetime(number, n, cell, day)
                elif cell is not None:
                    page.write_number(number, n, cell)
                widths[n] = max(widths[n], len(days_as) + 4 if isinstance(cell, date) else 0,
                                len(cell) if isinstance(cell, str) else 0)  # fmt: skip
        for n, width in enumerate(widths):
            page.set_column(n, n, min(width, _WIDEST) + 2)
        page.freeze_panes(1, 1)
    return content.getvalue()


def _would_run(text: str) -> bool:
    return guard(text) != text
