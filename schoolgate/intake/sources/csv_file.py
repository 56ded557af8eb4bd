"""Reads delimited text: comma, semicolon, tab or bar; any line ending; strict quotes (S46)."""

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from schoolgate.intake.sources import limits
from schoolgate.intake.sources.decode import encoding_of
from schoolgate.intake.sources.table import Table, Unreadable
from schoolgate.kit.csv_text import unguard
from schoolgate.kit.names import heading_key

_DELIMITERS = [",", ";", "\t", "|"]
_SEPARATOR_LINE = ("sep=", '"sep=')

csv.field_size_limit(limits.MAX_CELL * 4)


@contextlib.contextmanager
def open_csv(path: str, known: frozenset[str]) -> Iterator[Table]:
    """The file as a table. ``known``: heading keys by which the delimiter is told.

    Raises Unreadable, here or while rows are taken: no text, no headings, an unclosed quotation
    mark, a zero byte, too much of anything.
    """
    with Path(path).open("rb") as file:
        encoding = encoding_of(file)
        with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            first, delimiter = _first_lines(text, known)
            text.seek(0)
            records = _records(text, delimiter, first)
            number, headings = next(records, (0, []))
            if not any(cell.strip() for cell in headings):
                raise Unreadable(
                    "Put the headings into the first row, with the people or places beneath it:"
                    " the file is empty."
                )
            if len(headings) > limits.MAX_COLUMNS:
                raise Unreadable(
                    f"Upload a file of at most {limits.MAX_COLUMNS:,} columns: this one has"
                    f" {len(headings):,}."
                )
            yield Table(headings=headings, rows=_below(records, number))


def _first_lines(text: io.TextIOWrapper, known: frozenset[str]) -> tuple[int, str]:
    """How many lines come before the table (a ``sep=`` line), and its delimiter."""
    for number in range(1000):
        line = text.readline(limits.MAX_CELL * 8)
        if not line:
            break
        if number == 0 and line.lower().startswith(_SEPARATOR_LINE):
            separator = line.strip().strip('"')[4:5] or "\t"
            return 1, separator if separator in _DELIMITERS else ","
        if line.strip():
            return 0, _delimiter_of(line, known)
    return 0, ","


def _delimiter_of(line: str, known: frozenset[str]) -> str:
    """The delimiter under which most headings are known; then that which makes most cells."""

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            return (0, 0)
        return (sum(heading_key(cell) in known for cell in cells), len(cells))

    return max(_DELIMITERS, key=worth)


def _records(text: io.TextIOWrapper, delimiter: str, skip: int) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with its number: blank ones count, ``sep=`` does not."""
    lines = _Lines(text, skip)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    number = 0
    line = 1
    try:
        for number, cells in enumerate(reader, start=1):
            line = reader.line_num + 1
            lines.characters = 0
            if any(cells) and any(cell.strip() for cell in cells):
                yield number, [unguard(cell) if cell[:1] == "'" else cell for cell in cells]
            elif number > limits.MAX_ROWS:
                raise Unreadable(
                    "Take the blank rows out of the file: with them it has more than"
                    f" {limits.MAX_ROWS:,} rows.",
                    row=number,
                )
    except csv.Error as error:
        raise Unreadable(_sentence(error, line + skip), row=number + 1) from error


class _Lines:
    """The lines of ``text`` after the first ``skip``; whoever takes a row sets ``characters`` to 0.

    No row is longer than the limit, whether it has no line end or a quoted one in every cell.
    """

    def __init__(self, text: io.TextIOWrapper, skip: int) -> None:
        self.characters = 0
        self._read = text.readline
        self._number = self._skip = skip
        for _ in range(skip):
            self._read(limits.MAX_ROW)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._read(limits.MAX_ROW + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.characters += len(line)
        if self.characters > limits.MAX_ROW:
            raise Unreadable(
                "Save the file again from your spreadsheet and upload that: the row at line"
                f" {self._number} has more than {limits.MAX_ROW:,} characters.",
                row=self._number - self._skip,
            )
        if "\x00" in line:
            raise Unreadable(
                "Save the file again from your spreadsheet and upload that: line"
                f" {self._number} holds a zero byte, which is no text.",
                row=self._number - self._skip,
            )
        return line


def _sentence(error: csv.Error, line: int) -> str:
    if "field larger" in str(error) or "unexpected end" in str(error):
        return (
            f"Close the quotation mark that opens in line {line}: the rest of the file would be"
            " read as one cell."
        )
    return (
        f"Mend the quotation marks in line {line}: a cell that begins with one must end with one,"
        " and one inside it must be doubled."
    )


def _below(
    records: Iterator[tuple[int, list[str]]], heading: int
) -> Iterator[tuple[int, list[str]]]:
    for count, (number, cells) in enumerate(records, start=1):
        if count > limits.MAX_ROWS:
            raise Unreadable(
                f"Split the file into several of at most {limits.MAX_ROWS:,} rows: this one has"
                " more.",
                row=number,
            )
        yield number, cells
