"""From a file of people to who sees whom, in a real browser, on a desktop and on a phone.

A file is applied, an invited person comes in and sees the right children, and loses them again
when the file is taken back. Each screen by itself has a journey of its own beside this one.
"""

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
MEGAN = "megan.rhys@maddenfordhigh.example"
CHILD = "Clewlow, Ava"


@pytest.mark.parametrize("width", widths(1280))
def test_the_spine(person: Callable[..., Person], tmp_path: Path, width: int) -> None:
    address = f"grace.okoro{width}@maddenfordhigh.example"
    path = tmp_path / f"teachers-{width}.csv"
    row = f"Grace,Okoro,Deputy Head,{address},01632 960123,990009,,,,"
    wrong = "Hanna,Lund,Assistant Head,hanna.lund@quillmere,,990001,,,,"
    path.write_text("\r\n".join([USERS.template().strip(), row, wrong, ""]), encoding="utf-8")

    helen, grace = person(width=width), person(width=width)
    she_signs_in(helen)
    run = she_applies_the_good_rows(helen, path)
    the_invited_person_sets_up(helen, grace, address)
    she_finds_her_at_a_child(helen, path.name)
    she_takes_the_file_back(helen, run)
    grace.opens("/pupils/")
    grace.sees_no(CHILD)
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
    helen.sees("Who is missing", "Northshire Virtual School")
    helen.looks("missing")


def she_applies_the_good_rows(helen: Person, path: Path) -> str:
    helen.opens("/settings/users/")
    helen.follows("Bulk add users")
    helen.chooses("Choose a user role for this import", "Designated Teacher")
    helen.page.set_input_files("input[type=file]", path)
    helen.looks("upload")
    helen.presses("Upload and check")
    helen.waits_for("What would happen")
    helen.sees("Needs a person", "Grace Okoro", "1 refused")
    helen.page.get_by_label("Now: send").check()
    helen.presses("Apply the 1")
    helen.waits_for("What happened")
    helen.sees("Done", "1 created")
    return helen.page.url


def the_invited_person_sets_up(helen: Person, grace: Person, address: str) -> None:
    helen.opens("/settings/users/?q=okoro")
    helen.sees("Okoro, Grace", "Designated Teacher", "Maddenford High School", "Invited")
    grace.opens("/demonstration/mail/")
    while address not in grace.reads():  # the worker sends it within seconds
        grace.page.wait_for_timeout(500)
        grace.page.reload()
    grace.page.locator("tr, li", has_text=address).first.get_by_role("link").first.click()
    grace.page.locator('main a[href*="/invitation/"]').click()
    grace.looks("invitation")
    grace.page.locator("input[type=password]").fill("velvet-harbour-thistle-drum")
    grace.presses("Set up and sign in")
    grace.waits_for("My pupils")
    grace.sees(CHILD)
    grace.looks("my-pupils")


def she_finds_her_at_a_child(helen: Person, name: str) -> None:
    helen.opens("/pupils/?q=clewlow")
    helen.follows(CHILD)
    helen.sees("Who can see this child?", "In care since", "Grace Okoro", f"File {name}")
    helen.looks("pupil")
    helen.fills("Name, e-mail address or user name", "dana.whitaker@social-care.northshire.example")
    helen.page.keyboard.press("Escape")
    helen.presses("Ask")
    helen.waits_for("No, Dana Whitaker cannot see Ava Clewlow")
    helen.looks("why")
    helen.opens("/settings/users/?q=rhys")
    helen.follows("Rhys, Megan")
    helen.sees("Maddenford High School", "Make inactive")
    helen.looks("user")


def she_takes_the_file_back(helen: Person, run: str) -> None:
    helen.opens(run)
    helen.follows("Undo this import")
    helen.sees("Grace Okoro")  # who has signed in since, and stays without what the file gave
    helen.looks("undo")
    helen.presses("Undo this import")
    helen.waits_for("This import was taken back")
    helen.sees("Grace Okoro")
    helen.looks("undone")


def she_reads_the_events(helen: Person) -> None:
    helen.opens("/settings/events/")
    helen.sees("Helen Ashworth", "Took a role away", "Undone import")
    helen.looks("events")


def a_teacher_sees_her_own_and_no_settings(megan: Person) -> None:
    megan.signs_in(MEGAN)
    megan.sees("My pupils", CHILD)
    megan.sees_no("Settings", "Winterbourne")
    megan.opens("/settings/users/")
    megan.sees("Page not found")
    megan.looks("page-not-found")
