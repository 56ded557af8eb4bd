"""Workbooks made part by part, the good ones and those that no program would write."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
NS = f'xmlns="{_MAIN}"'
Value = str | int | float | bool


def column(number: int) -> str:
    """The letters of a column, from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell(place: str, value: Value) -> str:
    """A cell: text, a number, or a truth. A text that begins with "day " is a serial day."""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    if value.startswith("day "):
        return f'<c r="{place}" s="1"><v>{value[4:]}</v></c>'
    if value.startswith("="):
        return f'<c r="{place}" t="str"><f>{escape(value[1:])}</f><v>worked out</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def sheet(rows: Mapping[int, Mapping[str, Value]]) -> str:
    """A worksheet: row number -> column letters -> value."""
    body = "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{letters}{number}", value) for letters, value in cells.items())
        + "</row>"
        for number, cells in rows.items()
    )
    return f"<worksheet {NS}><sheetData>{body}</sheetData></worksheet>"


def table(*rows: tuple[Value, ...], first: int = 1, left: int = 0) -> str:
    """A worksheet of rows beneath one another."""
    return sheet(
        {
            first + down: {column(left + right): value for right, value in enumerate(cells)}
            for down, cells in enumerate(rows)
        }
    )


def workbook(
    *sheets: str | Iterable[bytes],
    strings: tuple[str, ...] = (),
    extra: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """An XLSX of worksheets (a large one in blocks), shared strings and ``extra`` parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        parts = {**_parts(len(sheets), strings), **(extra or {})}
        for name, given in parts.items():
            archive.writestr(name, given)
        for number, content in enumerate(sheets, start=1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
                blocks = [content.encode()] if isinstance(content, str) else content
                for block in blocks:
                    part.write(block)
    return out.getvalue()


def _parts(sheets: int, strings: tuple[str, ...]) -> dict[str, str]:
    numbers = range(1, sheets + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KINDS}.worksheet+xml"/>'
        for n in numbers
    )
    named = "".join(f'<sheet name="Sheet {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {NS} xmlns:r="{_OFFICE}"><sheets>{named}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId901" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rId902" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst {NS} count="{len(strings)}"'
        f' uniqueCount="{len(strings)}">{shared}</sst>',
        "xl/styles.xml": f"<styleSheet {NS}><fonts><font/></fonts><fills><fill/></fills>"
        "<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    }
