"""Workbooks: what they hold reads back as it was, and nothing in them runs (S49)."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from schoolgate.kit import excel

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"http://x.example\")",
             "'=1", "＝1+1", "=cmd|' /C calc'!A0", "http://x.example", "mailto:a@b.example",
             "0012", "1e5", "{=1+1}", "a\x00b", "\x00=1", "_x0041_"]  # fmt: skip


def read(content: bytes) -> Any:
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()


def part(content: bytes, name: str) -> str:
    with ZipFile(BytesIO(content)) as parts:
        return parts.read(name).decode()


@pytest.mark.parametrize("text", DANGEROUS)
def test_s49_no_cell_is_a_formula_and_each_reads_back(text):
    content = excel.workbook("Figures", [text, "b"], [[text, 3]], days_as="mmmm yyyy")
    sheet = part(content, "xl/worksheets/sheet1.xml")
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert len(re.findall(r'<c [^>]*t="s"', sheet)) == 3
    assert read(content) == [[text, "b"], [text, 3.0]]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1))
def test_s49_whatever_the_text_it_is_text(text):
    content = excel.workbook("Figures", ["a"], [[text]], days_as="mmmm yyyy")
    assert "<f>" not in part(content, "xl/worksheets/sheet1.xml")


def test_what_a_spreadsheet_would_run_is_marked_as_text():
    content = excel.workbook("Figures", ["Month"], [["=1+1"], ["plain"]], days_as="mmmm yyyy")
    assert part(content, "xl/styles.xml").count('quotePrefix="1"') == 1
    cells = re.findall(r'<c r="(A[23])"([^>]*)>', part(content, "xl/worksheets/sheet1.xml"))
    assert [(place, " s=" in more) for place, more in cells] == [("A2", True), ("A3", False)]


def test_it_opens_well():
    content = excel.workbook(
        "Active users", ["Month", "A very long heading of a column"],
        [[date(2026, 11, 1), 12], [date(2026, 12, 1), None]], days_as="mmmm yyyy",
    )  # fmt: skip
    sheet = part(content, "xl/worksheets/sheet1.xml")
    assert 'topLeftCell="B2"' in sheet
    assert 'state="frozen"' in sheet
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([\d.]+)"', sheet)]
    assert len(widths) == 2
    assert min(widths) > 9
    assert "mmmm yyyy" in part(content, "xl/styles.xml")
    assert read(content)[1:] == [[date(2026, 11, 1), 12.0], [date(2026, 12, 1), ""]]
    assert CalamineWorkbook.from_filelike(BytesIO(content)).sheet_names == ["Active users"]
