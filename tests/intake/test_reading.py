"""Bytes become rows: encodings, delimiters, line ends, quotes and limits (S45, S46, S47)."""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schoolgate.intake.sources import limits
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.kit.names import heading_key
from tests.intake.desk import APPLIED, DT, REFUSED, SAMPLES, SW, Desk, child, person, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cast import Cast
    from tests.databases import OwnDatabase

Rows = list[tuple[int, list[str]]]


def read(path: Path, known: str = "") -> tuple[list[str], Rows]:
    """The headings and rows of a file."""
    with open_table(str(path), frozenset(map(heading_key, known.split(",")))) as table:
        return table.headings, list(table.rows)


def refused(path: Path) -> Unreadable:
    """Why a file cannot be read."""
    with pytest.raises(Unreadable) as problem:
        read(path)
    assert str(problem.value).endswith(".")
    return problem.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_s45_every_encoding_is_read_rightly_whatever_its_length(file: Path, encoding: str) -> None:
    for rows in (1, 3, 200, 60_000):
        text = "First,Last\r\n" + "Zoë,O’Neill\r\n" * rows
        file.write_bytes(
            codecs.BOM_UTF16_BE + text.encode("utf-16-be")
            if encoding == "utf-16-be"
            else text.encode(encoding)
        )

        headings, found = read(file)

        assert headings == ["First", "Last"]
        assert len(found) == rows
        assert {tuple(cells) for _, cells in found} == {("Zoë", "O’Neill")}


@pytest.mark.parametrize("border", [4096, 8192, 1024 * 1024])
def test_s45_a_letter_split_at_the_border_of_a_block_stays_whole(file: Path, border: int) -> None:
    for letter in ("ë", "’", "𝒵"):
        for before in range(1, len(letter.encode()) + 1):
            start = b"First,Last\r\nJo,"
            lines = (b"Jo," + b"y" * 2_000 + b"\r\n") * ((border - len(start)) // 2_005 - 1)
            filler = b"x" * (border - before - len(b"First,Last\r\n") - len(lines) - len(b"Jo,"))
            body = b"First,Last\r\n" + lines + b"Jo," + filler
            assert len(body) == border - before
            file.write_bytes(body + letter.encode() + b"\r\nSam,Lee\r\n")

            _, rows = read(file)

            assert rows[-2][1][1] == filler.decode() + letter
            assert rows[-1][1] == ["Sam", "Lee"]


def test_s45_one_odd_byte_at_the_end_of_a_long_file_makes_it_windows_1252(file: Path) -> None:
    file.write_bytes(b"First,Last\r\n" + b"Jo,Day\r\n" * 200_000 + b"Zo\xeb,O\x92Neill\r\n")

    assert read(file)[1][-1][1] == ["Zoë", "O’Neill"]


def test_s45_bytes_that_no_encoding_gives_a_letter_are_refused_with_the_line(file: Path) -> None:
    for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D):
        file.write_bytes(b"First,Last\r\n" + b"Jo,Day\r\n" * 5000 + bytes([byte]) + b"x,Day\r\n")

        problem = refused(file)

        assert problem.row == 5002
        assert "near line 5002" in str(problem)


def test_s45_utf_16_cut_in_the_middle_of_a_letter_is_refused(file: Path) -> None:
    file.write_bytes("\ufeffFirst,Last\r\nJo,Day".encode("utf-16-le")[:-1])

    assert "UTF-8" in str(refused(file))


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12
)
# What lies around a cell is not kept, and a blank row is none; the rest must be.
solid = cells.map(str.strip).filter(bool)


@given(st.lists(st.tuples(solid, cells.map(str.lstrip), solid), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_s45_what_is_handed_back_reads_as_what_came(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    from schoolgate.kit import csv_text

    path = tmp_path_factory.mktemp("round") / "file.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv_text.write(out, [("First", "Middle", "Last"), *rows])
    with path.open(encoding="utf-8-sig", newline="") as written:
        for cell in (cell for row in csv.reader(written) for cell in row):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))

    headings, found = read(path, "First,Middle,Last")

    assert headings == ["First", "Middle", "Last"]
    assert [tuple(cells) for _, cells in found] == rows


def test_s46_row_numbers_are_those_that_a_spreadsheet_shows(file: Path) -> None:
    file.write_bytes(b'First,Last\r\n"Jo\r\nAnn",Day\r\n\r\n,\r\n"a ""b""\n\n\n",x\r\nSam,Lee\r\n')
    _, rows = read(file)
    assert [number for number, _ in rows] == [2, 5, 6]
    assert rows[1][1] == ['a "b"\n\n\n', "x"]

    file.write_bytes(b"\r\n\r\nFirst,Last\r\nJo,Day\r\n")
    assert read(file)[1] == [(4, ["Jo", "Day"])]

    file.write_bytes(b"sep=;\r\nFirst;Last\r\nJo;Day\r\n")
    assert read(file)[1] == [(2, ["Jo", "Day"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_s46_delimiters_and_line_ends_are_told(file: Path, delimiter: str, end: str) -> None:
    rows = [["First", "Last, or Family; Name"], ["Jo|Ann", "Day\tLight"], ["Sam", 'L"ee,;']]
    with file.open("w", newline="") as out:
        csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)

    headings, found = read(file, "First")

    assert [headings, *(cells for _, cells in found)] == rows


def test_s46_blanks_before_a_quotation_mark_do_not_spoil_the_cell(file: Path) -> None:
    file.write_bytes(b'First, Last\r\nJo, "Day, the elder"\r\n')

    assert read(file) == (["First", "Last"], [(2, ["Jo", "Day, the elder"])])


@pytest.mark.parametrize(
    ("body", "row", "words"),
    [
        (b'Jo,"Day\r\nSam,Lee\r\n', 2, "Close the quotation mark that opens in line 2"),
        (b'Jo,Day\r\nSam,"Lee\r\n' + b"x,y\r\n" * 50_000, 3, "opens in line 3"),
        (b'"Jo" Ann,Day\r\n', 2, "Mend the quotation marks in line 2"),
        (b"Jo,Day\r\nSa\x00m,Lee\r\n", 3, "line 3 holds a zero byte"),
        (b"\x00\x00\x00\x00", 2, "zero byte"),
    ],
)
def test_s46_a_broken_row_is_told_with_its_line(
    file: Path, body: bytes, row: int, words: str
) -> None:
    file.write_bytes(b"First,Last\r\n" + body)

    problem = refused(file)

    assert problem.row == row
    assert words in str(problem)


@pytest.mark.parametrize(
    "start",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.7", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0",
        b"\x1f\x8b\x08", b"{\\rtf1", b"SQLite format 3\x00",
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named(file: Path, start: bytes) -> None:
    file.write_bytes(start + os.urandom(2000))

    assert str(refused(file)).startswith("Save it as CSV or XLSX")


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_at_all_are_read_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    try:
        read(path)
    except Unreadable as problem:
        assert str(problem).endswith(".")


# Limits


def test_s47_a_file_that_is_too_large_is_refused_unread(file: Path) -> None:
    with file.open("wb") as out:
        out.truncate(limits.MAX_BYTES + 1)

    assert "at most 256 MB" in str(refused(file))


def test_s47_too_many_columns_are_refused(file: Path) -> None:
    file.write_bytes(b"a," * limits.MAX_COLUMNS + b"a\r\n1,2\r\n")

    assert "at most 16,384 columns" in str(refused(file))


def test_s47_too_many_rows_are_refused_blank_ones_too(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limits.MAX_ROWS == 1_000_000
    monkeypatch.setattr(limits, "MAX_ROWS", 1_000)  # to save the time of a million
    file.write_bytes(b"a\n" * 1_002)
    problem = refused(file)
    assert problem.row == 1_002
    assert "at most 1,000 rows" in str(problem)

    file.write_bytes(b"a\n" + b"\n" * 1_002)
    assert "blank rows" in str(refused(file))


def test_s47_a_row_without_end_is_refused_before_it_fills_the_memory(file: Path) -> None:
    for body in (b"x," * 30_000_000, b'"\n",' * 15_000_000, b'"' + b"\n" * 60_000_000):
        file.write_bytes(b"First,Last\nJo,Day\n" + body)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        problem = refused(file)

        assert problem.row is not None
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024


def test_a_long_cell_is_a_fault_of_its_row(cast: Cast, desk: Desk) -> None:
    rows = [person(email="a@x.example", job="x" * 151), person(email="b@x.example", job="x" * 150)]

    ran = desk.users(rows, role=SW)

    assert [(row, column, kind) for row, column, _, kind in ran.told] == [(2, "Job Title", "fault")]
    assert "150 characters" in ran.problems[0]


def test_letters_that_stand_for_several_fit_or_are_a_fault(cast: Cast, desk: Desk) -> None:
    users = [
        person(email="a@x.example", first="ß" * 150, last="\ufdfa" * 150),
        person(email="b@x.example", first="\uac01" * 150),
        person(email="ß" * 150 + "@x.example"),
        person(email="\uac01" * 200 + "@x.example"),
    ]
    pupils = [
        child(first="ß" * 150, sync_key="K1"), child(sync_key="\ufdfa" * 20),
        child(sync_key="\u00ad", born=""),
    ]  # fmt: skip

    ran = desk.users(users, "--skip-faulty")

    assert (ran.counts, [place[:2] for place in ran.told]) == ((3, 0, 0, 1), [(4, "Email")])
    ran = desk.pupils(pupils, "--skip-faulty")
    assert ran.counts == (1, 0, 0, 2)
    assert [place[0] for place in ran.told] == [3, 4]


# What `.venv/bin/schoolgate` is, which says besides how much memory it took at its peak.
COMMAND = """
import sys
from schoolgate.jobs.command import main
status = main()
with open("/proc/self/status") as about:
    print(next(line.split()[1] for line in about if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.one_database
def test_s47_a_stream_of_a_gigabyte_is_refused_in_little_memory(own_database: OwnDatabase) -> None:
    words = [sys.executable, "-c", COMMAND, "import", "users", "-", "--role", DT, "--json"]
    block = b"Jo,Day,Teacher,jo@x.example,,100001\r\n" * 30_000
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": own_database.url},
    )  # fmt: skip
    assert child.stdin
    assert child.stdout
    assert child.stderr
    with contextlib.suppress(BrokenPipeError):
        for _ in range(1024**3 // len(block)):
            child.stdin.write(block)
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    out, peak = child.stdout.read(), child.stderr.read()
    child.stdout.close()
    child.stderr.close()

    assert child.wait() == REFUSED
    assert b"at most 256 MB" in out
    assert int(peak) < 100 * 1024


def test_a_pipe_is_read_like_a_file(own_database: OwnDatabase) -> None:
    words = [sys.executable, "-c", COMMAND, "import", "users", "/dev/stdin", "--role", SW]

    ran = subprocess.run(
        words, input=text_of([person()]).encode(), capture_output=True, check=False,
        env={**os.environ, "DATABASE_URL": own_database.url},
    )  # fmt: skip

    assert ran.returncode == APPLIED
    assert b"1 created" in ran.stdout


def test_the_samples_hold_no_carriage_return_that_git_would_change() -> None:
    assert b"\r\n" in (SAMPLES / "users_crlf.csv").read_bytes()
    assert b"\r\n" not in (SAMPLES / "users_lf.csv").read_bytes()
    assert b"\n" not in (SAMPLES / "users_cr_only.csv").read_bytes()
