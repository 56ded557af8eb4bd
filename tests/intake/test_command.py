"""`schoolgate import | template | undo` to the letter: words, fields, statuses (PRODUCT.md)."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from schoolgate.intake.columns import REASON_HEADING, UPN_HEADING, URN_HEADING
from schoolgate.intake.models import Import
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from tests.intake.desk import (
    APPLIED,
    DT,
    REFUSED,
    SAMPLES,
    SOME_REFUSED,
    SW,
    WRONG_USAGE,
    Desk,
    Ran,
    child,
    person,
    text_of,
    upn_of,
)
from tests.intake.standing import difference, standing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cast import Cast

GOOD, BAD = person(), person(email="nobody", first="Bo")
QUESTION = person(first="Grace", last="Hill", email="noor@example.org")


@pytest.mark.parametrize(
    ("rows", "flags", "status", "applied"),
    [
        ([GOOD], [], APPLIED, 1),
        ([GOOD], ["--check"], APPLIED, 0),
        ([GOOD], ["--skip-faulty"], APPLIED, 1),
        ([GOOD, BAD], [], REFUSED, 0),
        ([GOOD, BAD], ["--check"], REFUSED, 0),
        ([GOOD, BAD], ["--check", "--skip-faulty"], REFUSED, 0),
        ([GOOD, BAD], ["--skip-faulty"], SOME_REFUSED, 1),
        ([GOOD, BAD], ["--yes"], REFUSED, 0),
        ([BAD], ["--skip-faulty"], REFUSED, 0),
        ([GOOD, QUESTION], [], REFUSED, 0),
        ([GOOD, QUESTION], ["--check"], REFUSED, 0),
        ([GOOD, QUESTION], ["--skip-faulty"], SOME_REFUSED, 1),
        ([GOOD, QUESTION], ["--yes"], APPLIED, 2),
        ([GOOD, QUESTION], ["--yes", "--check"], APPLIED, 0),
        ([GOOD, QUESTION, BAD], ["--yes", "--skip-faulty"], SOME_REFUSED, 2),
        ([QUESTION], ["--skip-faulty"], REFUSED, 0),
    ],
)
def test_the_exit_status_tells_what_was_done(
    cast: Cast, desk: Desk, rows: list[dict[str, str | list[str]]], flags: list[str],
    status: int, applied: int,
) -> None:  # fmt: skip
    before = standing()

    ran = desk.users(rows, *flags, role=SW)

    assert ran.status == status
    assert (ran.answer["import"] is None) == ("--check" in flags)
    assert (difference(before, standing()) != {}) == bool(applied)
    assert User.objects.filter(email="jo.day@school.example").count() == min(applied, 1)
    if not applied:
        # The counts are those that --skip-faulty would give.
        would = desk.users(rows, "--skip-faulty", *[f for f in flags if f == "--yes"], role=SW)
        assert (would.counts, would.access, would.linked) == (ran.counts, ran.access, ran.linked)


def test_the_object_has_the_fields_of_the_contract_and_nothing_else_is_printed(
    cast: Cast, desk: Desk
) -> None:
    ran = desk.users([GOOD, BAD, person(email="c@x.example", urn="0")], "--skip-faulty", role=SW)

    assert list(ran.answer) == [
        "import", "rows", "created", "updated", "unchanged", "refused", "linked", "unlinked",
        "gained", "lost", "faults", "warnings",
    ]  # fmt: skip
    assert ran.out == json.dumps(ran.answer, ensure_ascii=False) + "\n"
    assert ran.answer["faults"] == [
        {"row": 3, "column": "Email", "value": "nobody", "kind": "fault",
         "problem": "Enter an email address like name@school.sch.uk."},
    ]  # fmt: skip
    (warning,) = ran.answer["warnings"]
    assert (warning["row"], warning["column"], warning["kind"]) == (4, URN_HEADING, "warning")


def test_a_check_writes_nothing_at_all(cast: Cast, desk: Desk) -> None:
    before = standing()

    ran = desk.users([GOOD, person(email="b@x.example", urn="100001")], "--check", role=DT)

    assert (ran.status, ran.counts) == (REFUSED, (1, 0, 0, 1))
    assert difference(before, standing()) == {}
    assert not Import.objects.exists()


def test_without_json_it_says_the_same_in_sentences(cast: Cast, desk: Desk) -> None:
    file = str(desk.file([GOOD, BAD, QUESTION], "team.csv"))

    ran = desk.run("import", "users", file, "--role", SW)

    assert (ran.status, ran.err) == (REFUSED, "")
    assert "Fault: team.csv, row 3, Email “nobody”: Enter an email address like" in ran.out
    assert "Question: team.csv, row 4, Email “noor@example.org”: Say whether" in ran.out
    assert "3 rows: 1 created, 0 updated, 0 unchanged, 2 refused." in ran.out
    assert "Nothing was applied." in ran.out

    ran = desk.run("import", "users", file, "--role", SW, "--skip-faulty")
    assert ran.status == SOME_REFUSED
    assert "`schoolgate undo " in ran.out
    ran = desk.run("import", "users", file, "--role", SW, "--check")
    assert "Checked only: nothing was written." in ran.out


def usage(desk: Desk, *words: str) -> Ran:
    """A command that is wrong: it says so in a sentence and does nothing."""
    ran = desk.run(*words)
    assert (ran.status, ran.out) == (WRONG_USAGE, ""), ran
    assert ran.err.strip()
    assert "Traceback" not in ran.err
    assert not Import.objects.exists()
    return ran


def test_wrong_words_are_status_2_and_a_sentence(cast: Cast, desk: Desk) -> None:
    file = str(desk.file([GOOD]))
    empty = desk.folder / "folder"
    empty.mkdir()
    for words, sentence in (
        (["import", "users", file], "--role"),
        (["import", "users", file, "--role", "Head of Year"], "Choose one of these roles"),
        (["import", "people", file], "people"),
        (["import", "users", file, "--role", SW, "--dry-run"], "--dry-run"),
        (["import", "users", file, "--role", SW, "--che"], "--che"),
        (["import", "pupils", file, "--role", SW], "--role"),
        (["import", "users", "--role", SW], "FILE"),
        (["import", "users", "/no/such/file.csv", "--role", SW], "not there"),
        (["import", "users", str(empty), "--role", SW], "a folder"),
        (["import", "users", file, "--role", SW, "--refused", "/no/such/r.csv"], "be written"),
        (["import", "users", file, "--role", SW, "--map", "Forename"], "our heading"),
        (["import", "users", file, "--role", SW, "--map", "Forename=First"], "Map to one of"),
        (["import", "users", file, "--role", SW, "--map", "Forename=Email"], "Map from a heading"),
        (["import", "parents", file, "--sync-field", "ID", "--match-by", "Username"], "it has"),
        (["sync", "wonde"], "sync"),
        (["template", "teachers"], "teachers"),
        (["import"], "KIND"),
    ):  # fmt: skip
        assert sentence in usage(desk, *words).err, words


def test_a_role_is_known_whatever_its_letters(cast: Cast, desk: Desk) -> None:
    assert desk.users([GOOD], role=" social  WORKER").status == APPLIED


def test_the_template_has_the_headings_of_its_kind(
    desk: Desk, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")  # needs none
    ran = desk.run("template", "users")
    assert ran.status == 0
    assert next(csv.reader(io.StringIO(ran.out))) == [
        "User First Name", "User Last Name", "Job Title", "Email", "Phone",
        "School Reference Number (URN)", *["Pupil Reference Number (UPN)"] * 4,
    ]  # fmt: skip
    assert next(csv.reader(io.StringIO(desk.run("template", "pupils").out))) == [
        "First Name", "Last Name", "Date of Birth", "UPN", "Internal Person ID",
        "Synchronisation Key", "Username", "School Reference Number (URN)", "Year", "Class",
        "In Care Since", "In Care Until", "Left On",
    ]  # fmt: skip
    for kind in ("establishments", "links"):
        assert desk.run("template", kind).out.startswith("URN,")
    assert next(csv.reader(io.StringIO(desk.run("template", "parents").out))) == [
        "First name", "Last name", "User name", "E-mail", "SyncID", "Password", "Phone", "Title",
        "Relationship", "ChildID",
    ]  # fmt: skip


def test_a_template_that_is_filled_in_goes_in(cast: Cast, desk: Desk) -> None:
    template = desk.run("template", "users").out
    ran = desk.users(template + "Jo,Day,,jo@x.example,,100001\r\n", role=DT)
    assert (ran.status, ran.warned) == (APPLIED, [])
    template = desk.run("template", "pupils").out
    assert desk.pupils(template + "Rowan,Ash,,,I-1\r\n").status == APPLIED
    assert desk.users(desk.run("template", "users").out, role=DT).status == REFUSED


def test_headings_are_mapped_as_told(cast: Cast, desk: Desk) -> None:
    file = SAMPLES / "pupils_headings_of_another_system.csv"
    words = ["--map", "Forename=First Name", "--map", "surname = last NAME",
             "--map", "Pupil ID=Internal Person ID"]  # fmt: skip

    ran = desk.pupils(file, *words)

    assert (ran.status, ran.counts) == (APPLIED, (1, 0, 0, 0))
    assert ran.warned == [(None, "DOB", "", "warning")]
    again = desk.pupils(file, *words, "--map", "DOB=Date of Birth")
    assert again.counts == (0, 1, 0, 0)


def test_a_fault_names_the_column_as_the_file_has_it(cast: Cast, desk: Desk) -> None:
    text = "Vorname,user LAST name ,E-Mail,Schule\r\nJo,,x,\r\n"

    ran = desk.users(
        text, "--map", "Vorname=User First Name", "--map", "E-Mail=Email",
        "--map", f"Schule={URN_HEADING}", role=DT,
    )  # fmt: skip

    assert ran.told == [
        (2, "user LAST name ", "", "fault"), (2, "E-Mail", "x", "fault"),
        (2, "Schule", "", "fault"),
    ]  # fmt: skip


def test_a_mapping_goes_before_a_heading_of_that_name(cast: Cast, desk: Desk) -> None:
    text = (
        "User First Name,User Last Name,Email,Work Email\r\nJo,Day,home@x.example,w@x.example\r\n"
    )

    ran = desk.users(text, "--map", "Work Email=Email", role=SW)

    assert ran.counts == (1, 0, 0, 0)
    assert User.objects.filter(email="w@x.example").exists()
    assert ran.warned == [(None, "Email", "", "warning")]


def test_several_columns_may_be_mapped_to_the_numbers_of_pupils(cast: Cast, desk: Desk) -> None:
    text = (
        "User First Name,User Last Name,Email,Child 1,Child 2\r\n"
        f"Jo,Day,jo@x.example,{upn_of(cast.ben)},{upn_of(cast.eve)}\r\n"
    )
    maps = [w for n in (1, 2) for w in ("--map", f"Child {n}={UPN_HEADING}")]

    assert desk.users(text, *maps, role=SW).linked == 2


def test_refused_rows_come_back_with_their_reasons_and_go_in_once_mended(
    cast: Cast, desk: Desk
) -> None:
    refused = desk.folder / "refused.csv"
    rows = [
        GOOD, {**BAD, "Job Title": "Señor, “Lead”\nTutor", UPN_HEADING: ["nope", ""]},
        QUESTION, person(email="z@x.example"),
    ]  # fmt: skip

    ran = desk.users(rows, "--skip-faulty", "--refused", str(refused), role=SW)

    assert (ran.status, ran.counts) == (SOME_REFUSED, (2, 0, 0, 2))
    assert refused.read_bytes().startswith(b"\xef\xbb\xbf")
    with refused.open(encoding="utf-8-sig", newline="") as file:
        back = list(csv.DictReader(file))
    assert [row["Email"] for row in back] == ["nobody", "noor@example.org"]
    assert back[0]["Job Title"] == "Señor, “Lead”\nTutor"
    for word in ("Email", "nobody", "Enter an email address", UPN_HEADING, "nope"):
        assert word in back[0][REASON_HEADING]
    mended = refused.read_text("utf-8-sig").replace(",nobody,", ",bo@x.example,")
    mended = mended.replace(",nope", ",")

    again = desk.users(mended, "--yes", role=SW)

    assert (again.status, again.counts, again.warned) == (APPLIED, (1, 1, 0, 0), [])


def test_the_refused_file_of_a_clean_run_has_only_headings(cast: Cast, desk: Desk) -> None:
    refused = desk.folder / "refused.csv"

    desk.users([GOOD], "--refused", str(refused), role=SW)

    assert len(refused.read_text("utf-8-sig").splitlines()) == 1


def test_every_row_comes_back_when_the_file_as_a_whole_is_wrong(cast: Cast, desk: Desk) -> None:
    refused = desk.folder / "refused.csv"
    for sample in ("users_wrong_headings.csv", "users_repeated_heading.csv"):
        ran = desk.users(SAMPLES / sample, "--refused", str(refused), role=SW)

        lines = refused.read_text("utf-8-sig").splitlines()
        assert len(lines) == 1 + ran.rows
        assert ran.problems[0][:20] in lines[1]


def test_the_refused_rows_of_a_workbook_come_back_as_csv(cast: Cast, desk: Desk) -> None:
    from tests.intake.workbook import table, workbook

    refused = desk.folder / "refused.csv"
    content = workbook(table(("User First Name", "User Last Name", "Email"), ("Jo", "Day", "no")))

    desk.users(content, "--refused", str(refused), role=SW)

    assert ",Jo,Day,no" in refused.read_text("utf-8-sig")


def test_the_refused_rows_of_a_mapped_file_with_semicolons_come_back(
    cast: Cast, desk: Desk
) -> None:
    refused = desk.folder / "refused.csv"
    file = SAMPLES / "pupils_headings_of_another_system.csv"

    desk.pupils(file, "--refused", str(refused), "--map", "Forename=First Name")

    assert refused.read_text("utf-8-sig").splitlines()[1].endswith(",Rowan,Ash,30/05/2014,I-1")


def test_pupil_and_establishment_files_use_the_same_words(cast: Cast, desk: Desk) -> None:
    ran = desk.pupils([child(sync_key="K1"), child()], "--skip-faulty")
    assert (ran.status, ran.counts) == (SOME_REFUSED, (1, 0, 0, 1))
    sample = SAMPLES / "establishments_urn_that_is_none.csv"
    assert desk.take_in("establishments", sample, "--skip-faulty").status == REFUSED
    assert not Establishment.objects.filter(urn="900002").exists()


# Real processes


def schoolgate(url: str, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own, on a database that is there or not."""
    program = "import sys; from schoolgate.jobs.command import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *words], input=given, capture_output=True, check=False,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url}, timeout=60,
    )  # fmt: skip


@pytest.mark.one_database
def test_a_whole_story_in_processes_on_a_database_that_was_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite3"
    places = schoolgate(
        url, "import", "establishments", str(SAMPLES / "establishments_2025-09_headings.csv")
    )
    assert (places.returncode, places.stderr) == (APPLIED, b"")
    pupils = text_of([child(upn="B801200005001", urn="900001", since="2024-01-01")]).encode()
    assert schoolgate(url, "import", "pupils", "-", given=pupils).returncode == APPLIED
    team = text_of([person(urn="900001"), person(email="bad")]).encode()
    (tmp_path / "team.csv").write_bytes(team)

    ran = schoolgate(
        url, "import", "users", str(tmp_path / "team.csv"), "--role", DT, "--skip-faulty", "--json"
    )

    assert (ran.returncode, ran.stderr) == (SOME_REFUSED, b"")
    answer = json.loads(ran.stdout)
    assert (answer["created"], answer["refused"], answer["gained"]) == (1, 1, 1)
    assert schoolgate(url, "sees", "jo.day@school.example").stdout == b"B801200005001\n"
    undone = schoolgate(url, "undo", str(answer["import"]))
    assert (undone.returncode, undone.stderr) == (APPLIED, b"")
    assert schoolgate(url, "sees", "jo.day@school.example").returncode == WRONG_USAGE
    assert schoolgate(url, "audit", "verify").returncode == APPLIED
