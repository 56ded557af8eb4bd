"""Reads a workbook in a process of its own, which may die without harm (S48).

Run as ``python -m schoolgate.intake.sources.xlsx_child FILE``. Writes one line of JSON a row: the
row's number and its cells as text. A crafted workbook makes the library abort or ask for all the
memory there is; here that costs a child with limits, and nobody else.
"""

import json
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta

from schoolgate.intake.sources import limits


def main(path: str) -> None:
    """Write the rows of the first sheet that has any to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.XLSX_MEMORY, limits.XLSX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.XLSX_SECONDS, limits.XLSX_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if problem := _problem(path):
        print(json.dumps({"problem": problem}))
        return
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
        if sum(map(len, cells)) > limits.MAX_ROW:
            problem = f"Shorten row {number}: it has more than {limits.MAX_ROW:,} characters."
            out.write(json.dumps({"problem": problem}) + "\n")
            return
        if cells:
            out.write(json.dumps([number, cells]) + "\n")


def _problem(path: str) -> str | None:
    """What is wrong with a file that is no workbook, or unpacks to more than any register needs."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return f"{limits.RESAVE}: this file is damaged."
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        return "Upload a CSV or XLSX file: this is an archive of another kind."
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.XLSX_UNPACKED or len(parts) > limits.XLSX_PARTS:
        return (
            f"{limits.RESAVE}: this one unpacks to more than Schoolgate takes"
            f" ({limits.XLSX_UNPACKED // 1024**2} MB)."
        )
    return None


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
