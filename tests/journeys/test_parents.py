"""Parents: from the files of a school to a phone in a mother's hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from tests.journeys import letter_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
PASSWORD = "seven herons over the quay"
CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}")
HEADINGS = "SyncID,User name,First name,Last name,ChildID"
CHILDREN = ["1,son1,Jim,Dickinson,", "2,son2,Johnny,Dean,"]
ELIZABETH, ROBERT = "222,mom,Elizabeth,Dickinson", "333,dad,Robert,Dickinson"


def a_file(folder: Path, name: str, rows: list[str]) -> Path:
    path = folder / name
    path.write_text("\r\n".join([HEADINGS, *rows, ""]), encoding="utf-8")
    return path


def test_from_a_file_to_a_phone(person: Callable[..., Person], tmp_path: Path) -> None:
    helen, elizabeth = person(width=1280), person(width=390)
    helen.signs_in(HELEN)
    helen.waits_for("missing")
    she_sees_that_parent_access_is_on(helen)
    the_children_are_taken_in(helen, a_file(tmp_path, "children.csv", CHILDREN))
    she_reads_what_is_wrong(helen, tmp_path)
    first = a_file(tmp_path, "first.csv", [f"{ELIZABETH},1", f"{ROBERT},1"])
    second = a_file(tmp_path, "second.csv", [f"{ELIZABETH},2", f"{ROBERT},2"])
    the_parents_are_taken_in(helen, first)
    the_second_child_is_linked(helen, second)
    code = letters_are_printed(helen, tmp_path)
    elizabeth_signs_in(elizabeth, code)
    jim_is_kept_from_her(helen)
    he_has_gone_from_her_phone(elizabeth)
    two_of_one_name_are_two_people(helen)


def she_sees_that_parent_access_is_on(helen: Person) -> None:
    helen.opens("/settings/parents/")
    helen.sees("Before parents can use it")
    helen.looks("parent-access")


def uploads(helen: Person, kind: str, path: Path) -> None:
    helen.opens(f"/settings/imports/new/?kind={kind}")
    helen.page.set_input_files("input[type=file]", path)
    helen.presses("Upload and check")
    helen.page.wait_for_url("**/settings/imports/*/**")


def the_children_are_taken_in(helen: Person, path: Path) -> None:
    uploads(helen, "pupils", path)
    helen.waits_for("Match the columns")
    helen.presses("Use these columns and check")
    helen.waits_for("2 rows are applied")
    helen.presses("Apply 2 rows")
    helen.waits_for("What happened")


def she_reads_what_is_wrong(helen: Person, folder: Path) -> None:
    """A file in which a parent has the child's own SyncID, and one key finds nobody."""
    wrong = a_file(folder, "wrong.csv", ["1,mum9,Ada,Marsh,1", "777,mum8,Ida,Flint,99"])
    uploads(helen, "parents", wrong)
    helen.page.get_by_label("Matching synchronisation field for child").wait_for()
    helen.page.get_by_label("Matching synchronisation field for child").select_option(
        label="Username"
    )
    helen.waits_for("Another field would match")
    helen.looks("parent-relationship")
    helen.page.get_by_label("Matching synchronisation field for child").select_option(
        label="Synchronisation key"
    )
    helen.waits_for("1 of 2 rows")
    helen.presses("Use these columns and check")
    helen.waits_for("Enter the parent’s own SyncID")
    helen.sees("no child on the register has it")
    helen.looks("parent-mistakes")
    helen.presses("Cancel this import")


def the_parents_are_taken_in(helen: Person, path: Path) -> None:
    uploads(helen, "parents", path)
    helen.waits_for("2 rows are applied")  # the columns are remembered
    helen.sees("Elizabeth Dickinson", "Jim Dickinson")
    helen.presses("Apply 2 rows")
    helen.waits_for("What happened")


def the_second_child_is_linked(helen: Person, path: Path) -> None:
    uploads(helen, "parents", path)
    helen.waits_for("2 rows are applied")
    helen.sees("Johnny Dean")
    helen.presses("Apply 2 rows")
    helen.waits_for("What happened")


def letters_are_printed(helen: Person, folder: Path) -> str:
    """The code of Elizabeth's letter."""
    helen.opens("/settings/users/credentials/")
    helen.page.get_by_label("By letter alone").check()
    helen.looks("credentials")
    helen.presses("Continue")
    helen.presses("Give them out")
    helen.waits_for("kept nowhere here")
    with helen.page.expect_download() as download:
        helen.presses("Download")
    path = folder / "letters.pdf"
    download.value.save_as(path)
    if helen.pictures is not None:
        (folder / "empty").mkdir()
        letter_picture.keep(helen.pictures / "letter.png", folder / "empty")
    letters = [page.extract_text() for page in PdfReader(path).pages]
    (hers,) = [letter for letter in letters if "Elizabeth Dickinson" in letter]
    assert not [letter for letter in letters if "Jim" in letter or "Johnny" in letter]
    found = CODE.search(hers)
    assert found
    return found.group()


def elizabeth_signs_in(elizabeth: Person, code: str) -> None:
    elizabeth.opens("/sign-in/")
    elizabeth.follows("letter")
    elizabeth.page.locator("input[name=code]").fill(code.lower())
    elizabeth.page.locator("input[name=fact]").fill("jim")
    elizabeth.looks("letter-code")
    elizabeth.presses("Continue")
    elizabeth.waits_for("Choose a password")
    elizabeth.page.locator("input[type=password]").first.fill(PASSWORD)
    elizabeth.presses("Set the password and sign in")
    elizabeth.waits_for("My children")
    elizabeth.sees("Jim Dickinson", "Johnny Dean")
    elizabeth.looks("my-children")
    elizabeth.follows("Jim Dickinson")
    elizabeth.waits_for("Who can see my child’s record")
    elizabeth.sees_no("Robert")
    elizabeth.looks("my-child")
    elizabeth.opens("/")


def jim_is_kept_from_her(helen: Person) -> None:
    helen.opens("/pupils/?q=Dickinson")
    helen.page.locator("main table a", has_text="Jim").first.click()
    helen.waits_for("Family and others")
    helen.follows("Add a restriction")
    helen.page.locator("#id_user").first.fill("mom")
    helen.page.keyboard.press("Escape")
    helen.page.locator("#id_reason").fill("Order of the family court: no contact.")
    helen.looks("restriction")
    helen.presses("Add the restriction")
    helen.waits_for("is now kept from")
    helen.opens("/settings/restrictions/")
    helen.sees("Elizabeth Dickinson")
    helen.looks("restrictions")


def he_has_gone_from_her_phone(elizabeth: Person) -> None:
    gone = elizabeth.page.locator("main a", has_text="Jim").get_attribute("href")
    elizabeth.page.reload()
    elizabeth.sees("Johnny Dean")
    elizabeth.sees_no("Jim")
    elizabeth.opens(gone or "")
    elizabeth.sees("not found")


def two_of_one_name_are_two_people(helen: Person) -> None:
    helen.opens("/settings/users/duplicates/")
    helen.sees("Paul Dunmore")
    helen.page.locator("main table a").first.click()
    helen.waits_for("They are two people")
    helen.looks("duplicates")
    helen.presses("They are two people")
    helen.waits_for("The pair is not listed again")
    helen.sees("No two users look like one adult")
