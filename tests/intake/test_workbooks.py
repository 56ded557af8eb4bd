"""XLSX: what good workbooks say, and what becomes of hostile ones (S47, S48)."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from schoolgate.intake.columns import URN_HEADING
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from tests.intake.desk import APPLIED, DT, REFUSED, Desk
from tests.intake.workbook import NS, Value, cell, column, sheet, table, workbook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast

HEADINGS = ("User First Name", "User Last Name", "Email", "Phone", URN_HEADING)
JO = ("Jo", "Day", "jo@x.example", "0117 496 0001", "100001")


def test_a_workbook_is_read_like_a_csv(cast: Cast, desk: Desk) -> None:
    file = desk.file(workbook(table(HEADINGS, JO)), "people.xlsx")

    ran = desk.users(file, role=DT)

    assert (ran.status, ran.counts, ran.told, ran.warned) == (APPLIED, (1, 0, 0, 0), [], [])
    user = User.objects.get(email="jo@x.example")
    assert (user.first_name, user.phone, user.workplace) == ("Jo", "0117 496 0001", cast.abbey)


def test_the_name_of_the_file_does_not_matter(cast: Cast, desk: Desk) -> None:
    assert desk.users(workbook(table(HEADINGS, JO)), role=DT).status == APPLIED


def test_numbers_days_and_truths_are_read_as_a_person_would_type_them(
    cast: Cast, desk: Desk
) -> None:
    rows = table(
        ("First Name", "Last Name", "Date of Birth", "Internal Person ID", URN_HEADING, "Class",
         "Username", "In Care Since", "UPN"),
        ("Rowan", "Ash", "day 41789", 4711.0, 100001, True, 8.5, "2024-01-31", "=UPPER(1)"),
    )  # fmt: skip

    ran = desk.pupils(workbook(rows))

    assert (ran.status, ran.counts) == (APPLIED, (1, 0, 0, 0))
    pupil = Pupil.objects.get(first_name="Rowan")
    assert (str(pupil.date_of_birth), pupil.class_name) == ("2014-05-30", "TRUE")
    assert set(pupil.identifiers.values_list("kind", "value")) == {
        ("internal_id", "4711"), ("username", "8.5"), ("upn", "worked out"),
    }  # fmt: skip
    assert pupil.enrolments.get().establishment == cast.abbey
    assert str(pupil.care_episodes.get().starts_on) == "2024-01-31"


def test_rows_are_numbered_as_the_workbook_shows_them(cast: Cast, desk: Desk) -> None:
    rows: dict[int, dict[str, Value]] = {
        3: dict(zip("CDEFG", HEADINGS, strict=True)),
        5: dict(zip("CDEFG", JO, strict=True)),
        6: {"A": " ", "C": ""},
        9: {"C": "Sam", "D": "Lee", "E": "nobody", "G": 100001},
    }

    ran = desk.users(workbook(sheet(rows)), "--check", role=DT)

    assert ran.told == [(9, "Email", "nobody", "fault")]
    assert ran.counts == (1, 0, 0, 1)


def test_the_first_sheet_that_holds_anything_is_read_and_the_user_is_told(
    cast: Cast, desk: Desk
) -> None:
    ran = desk.users(workbook(table(), table(HEADINGS, JO), table(("Other",))), role=DT)

    assert (ran.status, ran.counts) == (APPLIED, (1, 0, 0, 0))
    assert [place[:2] for place in ran.warned] == [(None, "")]
    assert "“Sheet 2”" in ran.answer["warnings"][0]["problem"]


def test_shared_strings_are_read(cast: Cast, desk: Desk) -> None:
    strings = (*HEADINGS, *JO)
    rows = "".join(
        f'<row r="{r}">'
        + "".join(
            f'<c r="{column(c)}{r}" t="s"><v>{(r - 1) * len(JO) + c}</v></c>'
            for c in range(len(JO))
        )
        + "</row>"
        for r in (1, 2)
    )
    content = f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>"

    assert desk.users(workbook(content, strings=strings), role=DT).counts == (1, 0, 0, 0)


def test_a_guarded_cell_of_a_refused_file_saved_as_a_workbook_reads_back(
    cast: Cast, desk: Desk
) -> None:
    ran = desk.users(workbook(table(HEADINGS, ("'-Jo", "O'Day", *JO[2:]))), role=DT)

    assert ran.status == APPLIED
    user = User.objects.get(email="jo@x.example")
    assert (user.first_name, user.last_name) == ("-Jo", "O'Day")


def test_an_empty_workbook_and_one_of_headings_only_are_refused(cast: Cast, desk: Desk) -> None:
    for content in (workbook(table()), workbook(table(HEADINGS))):
        ran = desk.users(content, role=DT)

        assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 0))
        assert [place[0] for place in ran.told] == [None]


# Hostile ones. Each is refused with a sentence, soon, and costs this process nothing.


def bomb_by_ratio() -> bytes:
    """400 MB of one letter in one cell, packed into 400 kB."""
    before, after = cell("A1", "X").split("X")
    start = f'<worksheet {NS}><sheetData><row r="1">{before}'
    blocks = [start.encode(), *[b"x" * 1_000_000] * 400, after.encode()]
    return workbook(blocks)


def bomb_by_claim() -> bytes:
    """Parts that say that they unpack to more than there is room for."""
    good = bytearray(workbook(table(HEADINGS, JO)))
    entry = good.index(b"PK\x01\x02")
    good[entry + 24 : entry + 28] = (3 * 1024**3).to_bytes(4, "little")
    return bytes(good)


def bomb_by_entities() -> bytes:
    """The billion laughs."""
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laugh = f'<!DOCTYPE x [<!ENTITY l0 "ha">{steps}]>'
    return workbook(laugh + table(("LAUGH",)).replace("LAUGH", "&l9;"))


def bomb_by_corner() -> bytes:
    """Two cells: the first and the last that a spreadsheet has."""
    return workbook(sheet({1: {"A": "User First Name"}, 1_048_576: {"XFD": "x"}}))


def bomb_by_shared_string() -> bytes:
    """One long text, in 100,000 cells."""
    rows = "".join(
        f'<row r="{r}">' + "".join(f'<c r="{c}{r}" t="s"><v>0</v></c>' for c in "ABCDEFGHIJ")
        + "</row>" for r in range(1, 10_001)
    )  # fmt: skip
    content = f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>"
    return workbook(content, strings=("y" * 32_767,))


def bomb_by_wide_row() -> bytes:
    """The same, in 8,000 cells of one row."""
    cells = "".join(f'<c r="{column(c)}1" t="s"><v>0</v></c>' for c in range(8_000))
    content = f'<worksheet {NS}><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    return workbook(content, strings=("y" * 32_767,))


def bomb_by_parts() -> bytes:
    """More parts than any workbook has."""
    return workbook(table(HEADINGS, JO), extra={f"xl/{n}.xml": "" for n in range(20_000)})


def truncated() -> bytes:
    whole = workbook(table(HEADINGS, JO))
    return whole[: len(whole) // 2]


def archive_of_another_kind() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("photo.txt", "no workbook")
    return out.getvalue()


def outside_file() -> bytes:
    """An entity that names a file of this machine."""
    head = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    return workbook(head + table(("FILE",)).replace("FILE", "&e;"))


def sheet_that_is_none() -> bytes:
    return workbook("<worksheet><sheetData><row r='1'><c")


def row_number_beyond_all() -> bytes:
    return workbook(f'<worksheet {NS}><sheetData><row r="1"><c r="A99999999999"><v>1</v></c></row>')


@pytest.mark.parametrize(
    "make",
    [
        bomb_by_ratio, bomb_by_claim, bomb_by_entities, bomb_by_corner, bomb_by_shared_string,
        bomb_by_wide_row, bomb_by_parts, truncated, archive_of_another_kind, outside_file,
        sheet_that_is_none, row_number_beyond_all,
    ],
)  # fmt: skip
def test_s48_a_hostile_workbook_dies_in_the_child(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(make())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()

    with pytest.raises(Unreadable) as problem, open_table(str(path), frozenset()) as found:
        list(found.rows)

    assert str(problem.value).split()[0] in ("Save", "Upload", "Shorten")
    assert str(problem.value).endswith(".")
    assert time.monotonic() - begun < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024


def test_s48_the_command_says_why_and_leaves_nothing(cast: Cast, desk: Desk) -> None:
    ran = desk.users(bomb_by_corner(), "--skip-faulty", "--yes", role=DT)

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 0))
    assert [place[0] for place in ran.told] == [None]
    assert "limits of memory and time" in ran.problems[0]
