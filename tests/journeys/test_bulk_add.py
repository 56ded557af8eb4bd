"""Bulk add in a real browser: upload with mistakes, mend, answer, preview, apply, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.intake.columns import USERS
from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
ROWS = [
    "Grace,Okoro,Deputy Head,grace.okoro{n}@maddenfordhigh.example,01632 960123,990009,,,,",
    "Hanna,Lund,Assistant Head,hanna.lund{n}@quillmere,,990001,,,,",
    ",Sutcliffe,Teacher,sutcliffe{n}@oxleigh.example,,99X,,,,",
    "Ivo,Klein,Pastoral Lead,ivo.klein{n}@northshire.example,,0,,,,",
    "Quentin,Zephyr,Head of Inclusion,megan.rhys@maddenfordhigh.example,,990009,,,,",
]


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[..., Path]:
    """A file of designated teachers; ``n`` tells its people from those of the other tests."""

    def write(n: str, name: str = "teachers.csv", headings: str = "") -> Path:
        path = tmp_path / name
        rows = [row.format(n=n) for row in ROWS]
        path.write_text("\r\n".join([headings or USERS.template().strip(), *rows, ""]), "utf-8")
        return path

    return write


def she_uploads(helen: Person, path: Path) -> str:
    helen.signs_in(HELEN)
    helen.opens("/settings/users/")
    helen.follows("Bulk add users")
    helen.sees("Bulk add users", "What each role sees", "Download the template")
    helen.looks("bulk-add")
    helen.presses("Upload and check")
    helen.sees("There is a problem", "Choose a user role for this import.", "Choose a file.")
    helen.looks("bulk-add-mistake")
    helen.chooses("Choose a user role for this import", "Designated Teacher")
    helen.page.set_input_files("input[type=file]", path)
    helen.presses("Upload and check")
    helen.waits_for("What would happen")
    return helen.page.url


@pytest.mark.parametrize("width", widths(1280))
def test_a_file_with_mistakes_is_mended_and_applied(
    person: Callable[..., Person], a_file: Callable[..., Path], width: int
) -> None:
    helen = person(width=width)
    address = she_uploads(helen, a_file(str(width)))
    helen.sees("Mend what is wrong and answer the questions below", "Nothing has been written yet")
    helen.sees("Grace Okoro", "Designated Teacher at Maddenford High School")
    helen.looks("preview")
    she_mends_cells_and_answers(helen, width)
    she_looks_at_who_gains_access(helen, address)
    she_applies(helen, address)
    she_undoes_it(helen, address)


def she_mends_cells_and_answers(helen: Person, width: int) -> None:
    helen.fills("Row 3, Email", f"hanna.lund{width}@quillmere.example")
    helen.page.get_by_label("Yes, the same person").check()
    helen.page.get_by_role("button", name="Save and check again").last.click()
    helen.waits_for("What you decided")
    helen.sees("1 cell was mended", "Names that differ from the one on record", "Take back")
    helen.looks("decided")
    helen.follows("4", exact=True)  # the row whose name and school are wrong
    helen.sees("Row 4", "Enter the User First Name: it must not be empty.")
    helen.looks("row")
    helen.fills("User First Name", "Ann")
    she_finds_the_school(helen)
    helen.presses("Save and check again")
    helen.waits_for("The file had: 99X")
    helen.looks("row-mended")


def she_finds_the_school(helen: Person) -> None:
    field = helen.page.get_by_label("School Reference Number (URN)")
    field.fill("")
    field.press_sequentially("Quillmere")
    found = helen.page.get_by_role("option", name="URN 990001")
    found.wait_for()
    helen.looks("row-school")
    found.click()
    assert field.input_value() == "990001"


def she_looks_at_who_gains_access(helen: Person, address: str) -> None:
    helen.opens(address)
    helen.waits_for("Ready to apply")
    helen.follows("created", exact=True)
    helen.sees("Created rows", "Hanna Lund")
    helen.looks("rows")
    helen.opens(address + "access/")
    helen.sees("Person by person", "Grace Okoro", "Ivo Klein")
    helen.looks("access")
    helen.page.locator("td a").first.click()
    helen.sees("Grace Okoro", "Gained")
    helen.looks("access-of-one")
    helen.opens(address + "access/pupils/")
    helen.sees("Child by child", "Hanna Lund")
    helen.looks("access-child-by-child")
    helen.page.locator("td a").first.click()
    helen.sees("would gain access")
    helen.looks("access-to-one")


def she_applies(helen: Person, address: str) -> None:
    helen.opens(address)
    helen.page.get_by_label("Now: send").check()
    helen.presses("Apply 5 rows")
    helen.waits_for("What happened")
    helen.sees("4 created", "1 updated")
    helen.looks("report")
    helen.page.wait_for_timeout(3000)
    helen.opens(address)
    helen.sees("4 sent, 0 waiting")
    helen.page.go_back()  # nothing is done twice
    helen.opens(address)
    helen.sees("Done")
    helen.follows("Show the users who were made")
    helen.follows("Hanna Lund")
    helen.sees("Quillmere Primary School")


def she_undoes_it(helen: Person, address: str) -> None:
    helen.opens(address)
    helen.follows("Undo this import")
    helen.sees("4 users who were made would be gone", "Nothing: nobody has changed or used")
    helen.looks("undo-preview")
    helen.presses("Undo this import")
    helen.waits_for("This import was taken back")
    helen.looks("undone")
    helen.opens("/settings/imports/?state=undone")
    helen.sees("teachers.csv", "Undone")
    helen.looks("imports-narrowed")


def test_columns_are_matched_once(
    person: Callable[..., Person], a_file: Callable[..., Path]
) -> None:
    theirs = "Forename,Surname,Position,E-mail address,Tel,School number,A,B,C,D"
    for width in (1280, 390):
        helen = person(width=width)
        helen.signs_in(HELEN)
        helen.opens("/settings/imports/new/")
        helen.page.get_by_label("Users", exact=True).check()
        helen.looks("import-a-file")
        helen.opens("/settings/imports/new/?kind=users&role=designated_teacher")
        helen.page.set_input_files("input[type=file]", a_file(f"c{width}", "theirs.csv", theirs))
        helen.presses("Upload and check")
        if width == 1280:
            helen.waits_for("Match the columns")
            helen.sees("Suggested by its heading", "What you choose is remembered")
            helen.looks("columns")
            helen.presses("Use these columns and check")
        helen.waits_for("What would happen")
        helen.presses("Cancel this import")
        helen.sees("This import was cancelled")


def test_by_keyboard_alone(person: Callable[..., Person], a_file: Callable[..., Path]) -> None:
    helen = person(width=1280)
    she_uploads(helen, a_file("k"))
    keys = helen.page.keyboard

    def reaches(what: str) -> None:
        """Tab until what has the focus is called so."""
        called = (
            "() => { const e = document.activeElement; return e.tagName === 'DIV' ? '' :"
            " [e.labels?.[0]?.innerText, e.innerText].join(' ').replace(/\\s+/g, ' ') }"
        )
        for _ in range(120):
            keys.press("Tab")
            if what in helen.page.evaluate(called):
                return
        raise AssertionError(f"The keyboard does not reach “{what}”.")

    reaches("Row 3, Email")
    keys.press("End")
    keys.type(".example")
    keys.press("Enter")  # the first button saves, and answers nothing for all
    helen.waits_for("1 cell was mended")
    reaches("Yes, the same person")
    keys.press("Space")
    keys.press("ArrowDown")
    reaches("Save and check again")
    keys.press("Enter")
    helen.waits_for("No, leave this row out")
    reaches("Now: send")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    reaches("Apply the 3 good rows")
    keys.press("Enter")
    helen.waits_for("What happened")
    helen.sees("Nobody was invited", "2 rows were not applied")
    reaches("Undo this import")
    keys.press("Enter")
    helen.waits_for("What would be taken back")
    reaches("Undo this import")
    keys.press("Enter")
    helen.waits_for("This import was taken back")


def test_without_javascript(person: Callable[..., Person], a_file: Callable[..., Path]) -> None:
    helen = person(width=1280, javascript=False)
    she = helen.page
    helen.signs_in(HELEN)
    helen.opens("/settings/imports/new/")
    she.get_by_label("Users", exact=True).check()
    helen.chooses("Choose a user role for this import", "Designated Teacher")
    she.set_input_files("input[type=file]", a_file("n"))
    helen.presses("Upload and check")
    helen.waits_for("What would happen")  # the page asks again by itself
    helen.fills("Row 3, Email", "hanna.lundn@quillmere.example")
    she.get_by_label("No, leave this row out").check()
    she.get_by_role("button", name="Save and check again").last.click()
    helen.waits_for("What you decided")
    she.get_by_label("Not now").check()
    helen.presses("Apply the 3 good rows")
    helen.waits_for("What happened")
    helen.sees("Nobody was invited")
    helen.follows("Undo this import")
    helen.presses("Undo this import")
    helen.waits_for("This import was taken back")


def test_a_second_tab_is_told_how_things_stand(
    person: Callable[..., Person], a_file: Callable[..., Path]
) -> None:
    helen = person(width=1280)
    address = she_uploads(helen, a_file("t"))
    other = helen.page.context.new_page()
    other.goto(address)
    helen.page.get_by_label("Not now").check()
    helen.presses("Apply the")
    helen.waits_for("What happened")
    other.locator("main").get_by_role("button", name="Apply the").click()
    other.get_by_text("Look at the import again: it is done").first.wait_for()
    assert "What happened" in other.locator("main").inner_text()
    helen.opens(address + "undo/")
    helen.presses("Undo this import")
    helen.waits_for("This import was taken back")
