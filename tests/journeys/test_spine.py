"""From a file of people to who sees whom, in a real browser, on a desktop and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.intake.columns import USERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
MEGAN = "megan.rhys@maddenfordhigh.example"
ROWS = [
    "Grace,Okoro,Deputy Head,grace.okoro@maddenfordhigh.example,01632 960123,990009,,,,",
    "Tomos,Bevan,SENCO,tomos.bevan@quillmere.example,,990001,,,,",
    "Hanna,Lund,Assistant Head,hanna.lund@quillmere,,990001,,,,",
    ",Sutcliffe,Teacher,sutcliffe@oxleigh.example,,99X,,,,",
    "Ivo,Klein,Pastoral Lead,ivo.klein@northshire.example,,0,,,,",
    "Megan,Rhys,Head of Inclusion,megan.rhys@maddenfordhigh.example,,990009,,,,",
]


@pytest.fixture
def staff_file(tmp_path: Path) -> Path:
    """Designated teachers, some with mistakes."""
    path = tmp_path / "designated-teachers.csv"
    path.write_text("\r\n".join([USERS.template().strip(), *ROWS, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 390])
def test_the_spine(person: Callable[..., Person], staff_file: Path, width: int) -> None:
    helen = person(width=width)
    she_signs_in(helen)
    she_finds_a_child_and_asks_who_sees_it(helen)
    she_looks_at_the_users(helen)
    number = she_uploads_a_file_with_mistakes(helen, staff_file)
    she_applies_the_good_rows(helen, number)
    she_takes_it_back(helen, number)
    she_reads_the_events(helen)
    helen.page.get_by_role("button", name="Sign out").click()
    helen.waits_for("Sign in")
    a_teacher_sees_her_own_and_no_settings(person(width=width))


def she_signs_in(helen: Person) -> None:
    helen.opens("/")
    helen.looks("sign-in")
    helen.signs_in(HELEN, "not the right words")
    helen.sees("Check your e-mail address or user name and your password, then try again.")
    helen.looks("sign-in-failed")
    helen.signs_in(HELEN)
    helen.sees("My pupils", "Northshire Virtual School")
    helen.looks("my-pupils")


def she_finds_a_child_and_asks_who_sees_it(helen: Person) -> None:
    helen.fills("Search by last name or UPN", "marlowe")
    helen.presses("Search")
    helen.sees("Marlowe, Ethan", "Marlowe, Grace", "Marlowe, Noah")
    helen.looks("search")
    helen.follows("Marlowe, Grace")
    helen.sees("Who can see this child?", "In care since", "Restrictions")
    helen.looks("pupil")
    helen.fills("E-mail address or user name", "dana.whitaker@social-care.northshire.example")
    helen.presses("Ask")
    helen.sees("No, Dana Whitaker cannot see Grace Marlowe", "Restriction since")
    helen.looks("why")
    helen.fills("E-mail address or user name", "nobody@northshire.example")
    helen.presses("Ask")
    helen.sees("There is a problem", "nobody here has “nobody@northshire.example”")
    helen.looks("why-mistake")
    helen.follows("Grace Marlowe", exact=True)
    helen.follows("Add a restriction")
    helen.presses("Add the restriction")
    helen.sees("Enter the reason.")
    helen.looks("restriction")


def she_looks_at_the_users(helen: Person) -> None:
    helen.opens("/settings/users/")
    helen.sees("Bulk add users", "Not signed in yet")
    helen.looks("users")
    helen.fills("Search by last name or e-mail address", "rhys")
    helen.presses("Search")
    helen.follows("Rhys, Megan")
    helen.sees("Maddenford High School", "Make inactive")
    helen.looks("user")
    helen.follows("Make inactive")
    helen.looks("confirm")
    helen.opens("/establishments/")
    helen.looks("establishments")


def she_uploads_a_file_with_mistakes(helen: Person, staff_file: Path) -> str:
    helen.opens("/settings/users/")
    helen.follows("Bulk add users")
    helen.sees("Choose a user role for this import", "Download the template")
    helen.looks("upload")
    helen.presses("Upload and check")
    helen.sees("There is a problem", "Choose a user role for this import.", "Choose a file.")
    helen.looks("upload-mistake")
    helen.chooses("Choose a user role for this import", "Designated Teacher")
    helen.page.set_input_files("input[type=file]", staff_file)
    helen.presses("Upload and check")
    number = helen.page.url.rstrip("/").rpartition("/")[2]
    helen.waits_for("What would happen")
    helen.sees("Needs a person", "hanna.lund@quillmere", "Grace Okoro", "Gained")
    helen.looks("preview")
    helen.follows("Show all of the access gained and lost")
    helen.sees("Access gained and lost", "Tomos Bevan")
    helen.looks("access")
    return number


def she_applies_the_good_rows(helen: Person, number: str) -> None:
    helen.opens(f"/settings/imports/{number}/")
    helen.presses("Apply the")
    helen.waits_for("What happened")
    helen.sees("Done", "created")
    helen.looks("report")
    helen.opens("/settings/users/?q=okoro")
    helen.sees("Okoro, Grace", "Designated Teacher", "Maddenford High School")
    helen.opens("/pupils/?q=clewlow")
    helen.follows("Clewlow, Ava")
    helen.sees("Grace Okoro", "File designated-teachers.csv")


def she_takes_it_back(helen: Person, number: str) -> None:
    helen.opens(f"/settings/imports/{number}/")
    helen.follows("Undo this import")
    helen.looks("undo")
    helen.presses("Undo this import")
    helen.waits_for("This import was taken back")
    helen.looks("undone")
    helen.opens("/settings/users/?q=okoro")
    helen.sees_no("Okoro, Grace")
    helen.opens("/settings/imports/")
    helen.sees("designated-teachers.csv", "Undone")
    helen.looks("imports")


def she_reads_the_events(helen: Person) -> None:
    helen.opens("/settings/events/")
    helen.sees("Helen Ashworth", "Took a role away", "Undone import")
    helen.looks("events")


def a_teacher_sees_her_own_and_no_settings(megan: Person) -> None:
    megan.signs_in(MEGAN)
    megan.sees("My pupils", "Clewlow, Ava")
    megan.sees_no("Settings", "Winterbourne")
    megan.opens("/settings/users/")
    megan.sees("Page not found")
    megan.looks("page-not-found")


def test_without_javascript(person: Callable[..., Person], staff_file: Path) -> None:
    helen = person(width=1280, javascript=False)
    helen.signs_in(HELEN)
    helen.opens("/settings/imports/new/")
    helen.page.get_by_label("Users", exact=True).check()
    helen.chooses("Choose a user role for this import", "Designated Teacher")
    helen.page.set_input_files("input[type=file]", staff_file)
    helen.presses("Upload and check")
    helen.waits_for("What would happen")  # the page asks again by itself
    helen.presses("Cancel this import")
    helen.sees("nothing of it was written")
