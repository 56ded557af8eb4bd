"""Reads a workbook in a process of its own, which may die without harm (S48).

Run as ``python -m schoolgate.intake.sources.xlsx_child FILE``. Writes one line of JSON a row: the
row's number and its cells as text. A crafted workbook makes the library abort or ask for all the
memory there is; here that costs a child with limits, and nobody else.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta

from schoolgate.intake.sources import limits


def main(path: str) -> None:
    """Write the rows of the first sheet that has any to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.XLSX_MEMORY, limits.XLSX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.XLSX_SECONDS, limits.XLSX_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(path)
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.total_height:
            break
    out = sys.stdout
    first_row, first_column = sheet.start or (0, 0)
    out.write(json.dumps({"sheet": name, "sheets": len(workbook.sheet_names)}) + "\n")
    before = [""] * first_column
    for number, row in enumerate(sheet.to_python(skip_empty_area=True), start=first_row + 1):
        cells = before + [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            out.write(json.dumps([number, cells]) + "\n")


def _text(cell: object) -> str:
    """A cell as a person would have typed it into a CSV."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    main(sys.argv[1])
