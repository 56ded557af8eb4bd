"""Cells that no spreadsheet runs, and that read back unchanged (S49, OWASP 1.2.10)."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolgate.kit.csv_text import guard, unguard, write

RUNS = "=+-@\t\r\n\x00＝＋－＠"
cells = st.text(alphabet=st.sampled_from(f"{RUNS}' a1\",;é"), max_size=6) | st.text(max_size=10)


@pytest.mark.parametrize("first", RUNS)
def test_s49_a_cell_that_begins_like_a_formula_is_made_text(first: str) -> None:
    assert guard(f"{first}1+1") == f"'{first}1+1"


@pytest.mark.parametrize("value", ["Ann", "O'Connor", "'tis", "a=b", "", "'", "''", "1-2"])
def test_s49_other_cells_are_left_alone(value: str) -> None:
    assert guard(value) == value
    assert unguard(value) == value


@given(cells)
def test_s49_what_was_guarded_reads_back_unchanged(value: str) -> None:
    assert unguard(guard(value)) == value


@given(cells)
def test_s49_no_guarded_cell_runs(value: str) -> None:
    assert not guard(value).startswith(tuple(RUNS))


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=5))
def test_s49_a_written_file_reads_back_unchanged(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    write(out, rows)

    read = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert [[unguard(cell) for cell in row] for row in read] == rows
