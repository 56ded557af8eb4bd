"""Every file of tests/samples, named by its fault: what is said of it, and that no row is lost."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from schoolgate.access.models import Grant
from schoolgate.intake.columns import KINDS, REASON_HEADING, UPN_HEADING, URN_HEADING
from schoolgate.people.models import User
from schoolgate.schools.models import EstablishmentLink, Pupil
from tests import factories
from tests.intake.desk import (
    ADMIN,
    APPLIED,
    DT,
    LEADS,
    REFUSED,
    SAMPLES,
    SOME_REFUSED,
    SW,
    Desk,
)

if TYPE_CHECKING:
    from tests.cast import Cast

Place = tuple[int | None, str, str]
GOOD: list[Place] = []
NO_ROWS = (0, 0, 0, 0)
FIRST, LAST, MAIL = "User First Name", "User Last Name", "Email"

# Sample -> its rows created, updated, unchanged and refused, and the place of each fault.
# Users are designated teachers; the register is the cast's.
EXPECTED: dict[str, tuple[tuple[int, int, int, int], list[Place]]] = {
    "establishments_2018_headings.csv": ((3, 0, 0, 0), GOOD),
    "establishments_2024-02_headings.csv": ((3, 0, 0, 0), GOOD),
    "establishments_2025-09_headings.csv": ((3, 0, 0, 0), GOOD),
    "establishments_one_urn_twice.csv": (
        (1, 0, 0, 2), [(2, "URN", "900001"), (4, "URN", "900001")],
    ),
    "establishments_urn_that_is_none.csv": (
        (0, 0, 0, 3),
        [(2, "URN", "12"), (3, "OpenDate", "2012-13-01"), (4, "EstablishmentName", "")],
    ),
    "leaders_unknown_subject.csv": (
        (0, 0, 0, 2),
        [(2, "Subject", "Alchemy"), (3, "Subject", "Greek"), (3, "Subject", "Latin")],
    ),
    "leaders_without_subject.csv": ((0, 0, 0, 1), [(2, "Subject", "")]),
    "leaders_without_subject_column.csv": ((0, 0, 0, 1), [(None, "Subject", "")]),
    "links_with_a_cycle.csv": ((3, 0, 1, 0), GOOD),
    "pupils_care_ends_before_it_begins.csv": ((0, 0, 0, 1), [(2, "In Care Until", "2024-01-31")]),
    "pupils_dates_that_cannot_be_read.csv": (
        (0, 0, 0, 4),
        [
            (2, "Date of Birth", "31/02/2014"), (3, "In Care Since", "05/30/2024"),
            (4, "In Care Until", "45000"), (5, "Left On", "soon"),
        ],
    ),
    "pupils_good.csv": ((2, 0, 0, 0), GOOD),
    "pupils_headings_of_another_system.csv": (
        (0, 0, 0, 1),
        [
            (None, "First Name", ""), (None, "Last Name", ""),
            (None, "UPN, Internal Person ID, Synchronisation Key, Username", ""),
        ],
    ),
    "pupils_namesakes.csv": ((1, 0, 0, 1), [(3, "Last Name", "ROWAN Ash")]),
    "pupils_no_identifier_column.csv": (
        (0, 0, 0, 1),
        [(None, "UPN, Internal Person ID, Synchronisation Key, Username", "")],
    ),
    "pupils_number_spoilt_by_spreadsheet.csv": ((0, 0, 0, 1), [(2, "UPN", "8.01E+12")]),
    "pupils_one_pupil_twice.csv": (
        (1, 0, 0, 2), [(2, "UPN", "B801200005001"), (4, "UPN", "b801200005001")],
    ),
    "pupils_reason_codes.csv": (
        (0, 0, 0, 5), [(n + 1, "UPN", f"UN{n}") for n in range(1, 6)],
    ),
    "pupils_without_identifier.csv": ((0, 0, 0, 1), [(2, "UPN", "")]),
    "school_admins_without_urn.csv": (
        (0, 0, 0, 2), [(2, URN_HEADING, ""), (3, URN_HEADING, "0")],
    ),
    "template_examples.csv": (
        (0, 0, 0, 3),
        [
            (2, URN_HEADING, "983561"), (2, UPN_HEADING, "9875"),
            (3, URN_HEADING, "546983"), (3, UPN_HEADING, "4932"), (3, UPN_HEADING, "4683"),
            (4, URN_HEADING, "761259"), (4, UPN_HEADING, "4779"), (4, UPN_HEADING, "6634"),
            (4, UPN_HEADING, "5962"), (4, UPN_HEADING, "4692"),
        ],
    ),
    "users_bar.csv": ((2, 0, 0, 0), GOOD),
    "users_blank_lines_only.csv": (NO_ROWS, [(None, "", "")]),
    "users_blank_rows.csv": ((1, 0, 0, 1), [(7, MAIL, "sam.lee.school.example")]),
    "users_bytes_that_are_no_text.csv": (NO_ROWS, [(3, "", "")]),
    "users_cell_too_long.csv": ((0, 0, 0, 1), [(2, FIRST, "Jo" * 50 + "…")]),
    "users_cells_with_line_breaks.csv": ((1, 0, 0, 1), [(3, MAIL, "nobody")]),
    "users_cr_only.csv": ((2, 0, 0, 0), GOOD),
    "users_crlf.csv": ((2, 0, 0, 0), GOOD),
    "users_empty.csv": (NO_ROWS, [(None, "", "")]),
    "users_formulas.csv": (
        (0, 0, 0, 3),
        [
            place for n in (2, 3, 4)
            for place in [(n, MAIL, "nobody"), (n, MAIL, "nobody"), (n, URN_HEADING, "999999")]
        ],
    ),
    "users_garbled_names.csv": ((1, 0, 0, 0), GOOD),
    "users_good.csv": ((2, 0, 0, 0), GOOD),
    "users_headings_in_other_letters.csv": ((0, 0, 0, 1), [(2, URN_HEADING, "")]),
    "users_headings_only.csv": (NO_ROWS, [(None, "", "")]),
    "users_iso_8859_1.csv": ((1, 0, 0, 0), GOOD),
    "users_lf.csv": ((2, 0, 0, 0), GOOD),
    "users_missing_heading.csv": ((0, 0, 0, 1), [(None, MAIL, "")]),
    "users_no_final_line_end.csv": ((2, 0, 0, 0), GOOD),
    "users_no_headings.csv": (
        (0, 0, 0, 1), [(None, FIRST, ""), (None, LAST, ""), (None, MAIL, "")],
    ),
    "users_reason_codes.csv": (
        (0, 0, 0, 5), [(n + 1, UPN_HEADING, f"UN{n}") for n in range(1, 6)],
    ),
    "users_repeated_heading.csv": ((0, 0, 0, 1), [(None, MAIL, "")]),
    "users_same_address_twice.csv": (
        (1, 0, 0, 2), [(2, MAIL, "jo.day@school.example"), (4, MAIL, "JO.DAY@school.example")],
    ),
    "users_semicolon.csv": ((2, 0, 0, 0), GOOD),
    "users_sep_line.csv": ((2, 0, 0, 0), GOOD),
    "users_short_rows.csv": ((1, 0, 0, 1), [(2, URN_HEADING, "")]),
    "users_stray_quote.csv": ((0, 0, 0, 1), [(3, "", "")]),
    "users_tab.csv": ((2, 0, 0, 0), GOOD),
    "users_too_many_cells.csv": (
        (2, 0, 0, 1), [(3, MAIL, "deputy"), (3, URN_HEADING, ""), (3, UPN_HEADING, "100002")],
    ),
    "users_unclosed_quote.csv": ((0, 0, 0, 1), [(3, "", "")]),
    "users_unknown_column.csv": ((1, 0, 0, 0), GOOD),
    "users_utf16_be.csv": ((2, 0, 0, 0), GOOD),
    "users_utf16_be_mark.csv": ((2, 0, 0, 0), GOOD),
    "users_utf16_le.csv": ((2, 0, 0, 0), GOOD),
    "users_utf16_le_mark.csv": ((2, 0, 0, 0), GOOD),
    "users_utf8.csv": ((2, 0, 0, 0), GOOD),
    "users_utf8_bom.csv": ((2, 0, 0, 0), GOOD),
    "users_windows_1252.csv": ((2, 0, 0, 0), GOOD),
    "users_wrong_headings.csv": (
        (0, 0, 0, 1), [(None, FIRST, ""), (None, LAST, ""), (None, MAIL, "")],
    ),
    "users_zero_byte.csv": ((0, 0, 0, 1), [(3, "", "")]),
}  # fmt: skip
# Whose file a sample of users is, by its first word; else it is one of designated teachers.
_ROLES = {"leaders": LEADS, "school": ADMIN}
QUESTIONS = {"pupils_namesakes.csv"}


def kind_of(sample: str) -> str:
    """The kind of file that a sample is."""
    first = sample.split("_")[0]
    return "users" if first in ("template", *_ROLES) else first


def role_for(kind: str, role: str = DT) -> list[str]:
    """The words for the role, where a file of the kind needs them."""
    if kind == "parents":
        return ["--sync-field", "Last Name", "--match-by", "Username"]
    return ["--role", role] if kind == "users" else []


def words_for(sample: str) -> list[str]:
    """The words for the role of a sample."""
    return role_for(kind_of(sample), _ROLES.get(sample.split("_")[0], DT))


def test_every_sample_is_one_of_those_below() -> None:
    # Those of parents are in test_parent_samples.py.
    names = {path.name for path in SAMPLES.iterdir() if not path.name.startswith("parents")}
    assert names == EXPECTED.keys()


@pytest.mark.one_database
def test_each_sample_is_taken_for_what_it_is(cast: Cast, desk: Desk) -> None:
    for sample, (counts, places) in EXPECTED.items():
        kind = kind_of(sample)

        ran = desk.take_in(kind, SAMPLES / sample, "--check", *words_for(sample))

        severity = "question" if sample in QUESTIONS else "fault"
        assert ran.told == [(*place, severity) for place in places], sample
        assert ran.counts == counts, sample
        assert ran.status == (REFUSED if places else APPLIED), sample
        assert ran.answer["import"] is None
        for sentence in ran.problems:
            assert sentence[0].isupper(), sentence
            assert sentence.rstrip().endswith((".", "?")), sentence


@pytest.mark.one_database
@pytest.mark.parametrize("kind", KINDS)
def test_s44_no_row_of_any_sample_is_lost_as_whatever_kind_it_is_taken(
    cast: Cast, desk: Desk, kind: str
) -> None:
    fields = ("row", "column", "value", "problem", "kind")
    for path in sorted(SAMPLES.iterdir()):
        ran = desk.take_in(kind, path, "--check", *role_for(kind, SW))

        if kind == "parents" and "Choose a heading of the file" in ran.err:
            continue  # whoever names a column that is not there is told so, and nothing else
        assert ran.status in (APPLIED, REFUSED), (path.name, ran.err)
        assert sum(ran.counts) == ran.rows
        assert (ran.status == APPLIED) == (not ran.answer["faults"])
        assert set(ran.answer) == {
            "import", "rows", "created", "updated", "unchanged", "refused", "linked",
            "unlinked", "gained", "lost", "faults", "warnings",
        }  # fmt: skip
        for finding in ran.answer["faults"] + ran.answer["warnings"]:
            assert tuple(finding) == fields


@pytest.mark.parametrize("letter", "elpstu")
def test_s44_what_a_check_counts_is_what_skipping_the_faulty_rows_does(
    cast: Cast, desk: Desk, letter: str
) -> None:
    for sample, (counts, places) in EXPECTED.items():
        kind = kind_of(sample)
        words = words_for(sample)
        if not sample.startswith(letter) or counts == NO_ROWS:
            continue
        checked = desk.take_in(kind, SAMPLES / sample, "--check", *words)

        applied = desk.take_in(kind, SAMPLES / sample, "--skip-faulty", *words)

        assert applied.counts == checked.counts == counts, sample
        assert (applied.linked, applied.access) == (checked.linked, checked.access), sample
        if not places:
            assert applied.status == APPLIED, sample
        else:
            assert applied.status == (SOME_REFUSED if sum(counts[:3]) else REFUSED), sample
        if applied.status != REFUSED:
            again = desk.take_in(kind, SAMPLES / sample, "--skip-faulty", *words)
            assert again.counts == (0, 0, sum(counts[:3]), counts[3]), sample
            assert desk.undo(applied).status == APPLIED, sample


def test_s45_names_arrive_as_they_were_written(cast: Cast, desk: Desk) -> None:
    wanted = {("Seán", "O’Neill"), ("Zoë", "Brontë")}
    for encoding in (
        "utf8", "utf8_bom", "utf16_le_mark", "utf16_be_mark", "utf16_le", "utf16_be",
        "windows_1252", "iso_8859_1",
    ):  # fmt: skip
        ran = desk.users(SAMPLES / f"users_{encoding}.csv", role=DT)

        made = User.objects.filter(import_id=ran.id, gone_at=None)
        names = set(made.values_list("first_name", "last_name"))
        assert names == ({("Zoë", "Brontë")} if encoding == "iso_8859_1" else wanted), encoding
        desk.undo(ran)


def test_a_name_that_was_garbled_before_it_came_is_kept_and_shown(cast: Cast, desk: Desk) -> None:
    ran = desk.users(SAMPLES / "users_garbled_names.csv", role=DT)

    assert ran.warned == [
        (2, FIRST, "ZoÃ«", "warning"), (2, LAST, "GÃ¶tschel", "warning"),
    ]  # fmt: skip
    assert User.objects.filter(last_name="GÃ¶tschel").exists()


@pytest.mark.parametrize(
    ("sample", "line", "words"),
    [
        ("users_unclosed_quote.csv", 3, "Close the quotation mark that opens in line 3"),
        ("users_stray_quote.csv", 3, "Mend the quotation marks in line 3"),
        ("users_zero_byte.csv", 3, "line 3 holds a zero byte"),
        ("users_bytes_that_are_no_text.csv", 3, "near line 3"),
    ],
)
def test_s46_a_broken_file_is_refused_with_the_line(
    cast: Cast, desk: Desk, sample: str, line: int, words: str
) -> None:
    ran = desk.users(SAMPLES / sample, "--skip-faulty", "--yes", role=DT)

    assert ran.status == REFUSED
    assert ran.answer["faults"][0]["row"] == line
    assert words in ran.problems[0]
    assert not User.objects.filter(email__endswith="@school.example").exists()


def test_s46_wrong_and_repeated_headings_are_named_with_those_that_are_there(
    cast: Cast, desk: Desk
) -> None:
    wrong = desk.users(SAMPLES / "users_wrong_headings.csv", role=SW)
    assert "“Forename”, “Surname”, “Address”" in wrong.problems[0]

    repeated = desk.users(SAMPLES / "users_repeated_heading.csv", role=SW)
    assert "columns 4 and 8" in repeated.problems[0]


def test_the_rows_of_the_template_go_in_once_their_schools_and_pupils_are_there(
    cast: Cast, desk: Desk
) -> None:
    sample = SAMPLES / "template_examples.csv"
    refused = desk.users(sample, role=DT)
    assert (refused.status, refused.counts) == (REFUSED, (0, 0, 0, 3))
    pupils = {
        "983561": ["9875"], "546983": ["4932", "4683"], "761259": ["4779", "6634", "5962", "4692"],
    }  # fmt: skip
    for urn, numbers in pupils.items():
        school = factories.establishment(urn=urn)
        for number in numbers:
            pupil = factories.pupil(first_name=f"Pupil{number}", upn=number)
            factories.enrolment(pupil, school)
            factories.episode(pupil)

    teachers = desk.users(sample, role=DT)

    assert (teachers.status, teachers.counts, teachers.told) == (APPLIED, (3, 0, 0, 0), [])
    assert (teachers.linked, teachers.access) == (0, (7, 0))
    assert desk.sees("jbloggs@school.sch.uk") == {"9875"}
    assert desk.sees("doe.jane@school.sch.uk") == {"4932", "4683"}
    assert desk.sees("john@school.sch.uk") == set(pupils["761259"])
    desk.undo(teachers)

    workers = desk.users(sample, role=SW)

    assert (workers.status, workers.counts, workers.linked) == (APPLIED, (3, 0, 0, 0), 7)
    assert desk.sees("john@school.sch.uk") == set(pupils["761259"])
    assert Grant.objects.filter(import_id=workers.id, establishment__isnull=False).count() == 0


def test_the_links_of_a_file_are_kept_cycles_and_blank_dates_too(cast: Cast, desk: Desk) -> None:
    desk.take_in("links", SAMPLES / "links_with_a_cycle.csv")

    links = EstablishmentLink.objects.values_list("urn", "link_urn", "established_on")
    assert {(urn, to, day and str(day)) for urn, to, day in links} == {
        ("900003", "900001", "2020-09-01"), ("900001", "900003", None),
        ("900005", "900006", "2022-01-01"),
    }  # fmt: skip


def test_formulas_are_inert_in_the_refused_file_and_read_back_unchanged(
    cast: Cast, desk: Desk
) -> None:
    sample, refused = SAMPLES / "users_formulas.csv", desk.folder / "refused.csv"
    first = desk.users(sample, "--check", "--refused", str(refused), role=DT)

    with refused.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))

    assert rows[0][0] == REASON_HEADING
    assert rows[1][1:4] == ["'=HYPERLINK(1)", "'+Day", "'-Head"]
    assert rows[1][5] == "'@Phone"
    assert rows[2][1:4] == ["O'Brien", "'-Smith", "'=quoted"]
    for row in rows:
        assert not any(cell[:1] in tuple("=+-@\t\r") and cell for cell in row)
    again = desk.users(refused, "--check", role=DT)
    assert again.told == first.told
    assert again.warned == first.warned
    assert Pupil.objects.filter(last_name="'-Smith").count() == 0
    original = io.StringIO(sample.read_text())
    assert next(csv.reader(original)) == rows[0][1:]
