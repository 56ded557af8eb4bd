"""Users by hand: found, added, edited and given pupils, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
USERS = "/settings/users/"


def helen_at(person: Callable[..., Person], width: int, *, javascript: bool = True) -> Person:
    helen = person(width=width, javascript=javascript)
    helen.signs_in(HELEN)
    return helen


@pytest.mark.parametrize("width", widths(390))
def test_users_by_hand(person: Callable[..., Person], width: int) -> None:
    helen = helen_at(person, width)
    she_searches_while_she_types(helen)
    she_filters_and_sorts(helen)
    she_invites_many(helen)
    she_adds_a_teacher(helen, width)
    she_edits_her(helen)
    she_gives_her_pupils(helen)


def she_searches_while_she_types(helen: Person) -> None:
    helen.opens(USERS)
    helen.looks("users")
    field = helen.page.get_by_label("Search by last name")
    field.press_sequentially("megan.r", delay=30)
    helen.page.get_by_text("1 user", exact=True).wait_for()
    helen.sees("Rhys, Megan")
    helen.sees_no("Ashworth, Helen")
    assert helen.page.evaluate("document.activeElement.id") == "q"
    assert "q=megan.r" in helen.page.url
    helen.looks("users-search")
    helen.page.reload()
    helen.sees("Rhys, Megan")
    helen.follows("Rhys, Megan")
    helen.sees("Maddenford High School")
    helen.page.go_back()
    helen.sees("Rhys, Megan")
    helen.sees_no("Albury, Tariq")


def she_filters_and_sorts(helen: Person) -> None:
    helen.opens(f"{USERS}?role=social_worker&status=not-invited&sort=-name")
    helen.sees("Social Worker", "Not invited")
    helen.sees_no("Rhys, Megan")
    helen.looks("users-filtered")
    helen.page.locator("a", has_text="Remove the filter Role").click()
    assert "role=&" not in helen.page.url and "sort=-name" in helen.page.url
    helen.opens(f"{USERS}?q=nobody-at-all")
    helen.sees("Check the spelling", "clear the search and all filters")
    helen.looks("users-none")


def she_invites_many(helen: Person) -> None:
    page = helen.page
    helen.opens(f"{USERS}?role=designated_teacher&sort=-name")
    # By keyboard alone: tick everybody, take the first away again, press the button.
    every = page.get_by_label("Tick everybody on this page")
    every.focus()
    page.keyboard.press("Space")
    boxes = page.locator("main tbody input[type=checkbox]")
    ticked = boxes.count()
    assert page.locator("main tbody input:checked").count() == ticked > 1
    boxes.first.focus()
    page.keyboard.press("Space")
    assert not every.is_checked()
    helen.looks("users-ticked")
    page.get_by_role("button", name="Send invitations").focus()
    page.keyboard.press("Enter")
    helen.waits_for("Who is invited")
    helen.sees(f"{ticked - 1} in the table of users", "Who is left out", "set up already")
    helen.looks("users-invite")
    page.go_back()
    helen.follows("Invite everyone who matches")
    helen.sees("Designated Teacher", "Who is invited")
    helen.follows("Do not")
    assert "role=designated_teacher" in page.url and "sort=-name" in page.url
    she_invites_again(helen)


def she_invites_again(helen: Person) -> None:
    helen.opens(f"{USERS}?status=invited")
    helen.page.locator("main tbody input[type=checkbox]").first.check()
    helen.presses("Send invitations")
    helen.sees("They have been invited before: the link that was sent before stops working.")
    helen.presses("Send 1")
    helen.sees("1 invitation is on its way.")
    assert "status=invited" in helen.page.url


def she_adds_a_teacher(helen: Person, width: int) -> None:
    page = helen.page
    helen.opens(USERS)
    helen.follows("Add a user")
    helen.looks("user-add")
    helen.presses("Continue")
    helen.sees("There is a problem", "Choose a role.", "Enter a first name.")
    helen.looks("user-add-mistake")
    page.get_by_label("Designated Teacher", exact=True).check()
    helen.fills("First name", "Grace")
    helen.fills("Last name", f"Okoro{width}")
    helen.fills("E-mail address", f"grace{width}@stbregwins.example")
    place = page.get_by_label("Establishment")
    place.press_sequentially("st breg", delay=30)
    page.get_by_role("option").nth(1).wait_for()
    helen.looks("user-add-suggestions")  # which takes the focus away, and so closes them
    place.fill("")
    place.press_sequentially("st breg", delay=30)
    page.get_by_role("option").nth(1).wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "URN 990003" in place.input_value()
    helen.presses("Continue")
    helen.sees("They would see 8 children", "Nothing has been saved yet.")
    helen.looks("user-preview")
    helen.presses("Save")
    helen.sees("has been added. Their invitation is on its way.", "Invited")
    helen.looks("user-added")


def she_edits_her(helen: Person) -> None:
    helen.follows("Edit", exact=True)
    helen.looks("user-edit")
    helen.page.get_by_label("Social Worker", exact=True).check()
    helen.fills("Job title", "Deputy Head")
    helen.fills("Another establishment", "990009")
    helen.presses("Add this establishment")
    helen.sees("Maddenford High School")
    helen.page.get_by_role("button", name="Continue").last.click()
    helen.sees("Deputy Head", "They would gain")
    helen.looks("user-edit-preview")
    helen.presses("Save")
    helen.sees("has been saved.", "Deputy Head")


def she_gives_her_pupils(helen: Person) -> None:
    page = helen.page
    helen.follows("Assign pupils")
    helen.looks("user-select")
    page.get_by_label("Search the available pupils").press_sequentially("marlo", delay=30)
    page.locator("#available").get_by_text("3 pupils", exact=True).wait_for()
    # By keyboard alone: to the box, tick it, on to the button, press it.
    page.get_by_label("Marlowe, Noah").focus()
    page.keyboard.press("Space")
    helen.looks("user-select-search")
    page.get_by_role("button", name="Add ticked pupils").focus()
    page.keyboard.press("Enter")
    helen.waits_for("1 pupil to add")
    helen.looks("user-selected")
    page.go_back()
    page.go_forward()
    helen.sees("Not saved yet:")
    helen.follows("Continue")
    helen.sees("Marlowe, Noah", "Linked")
    helen.looks("user-select-preview")
    helen.presses("Save")
    helen.sees("have been saved.", "Noah Marlowe")


def test_users_without_javascript(person: Callable[..., Person]) -> None:
    helen = helen_at(person, 1280, javascript=False)
    helen.opens(USERS)
    helen.fills("Search by last name", "rhy")
    helen.presses("Search")
    helen.sees("Rhys, Megan")
    she_invites_again(helen)
    helen.opens(f"{USERS}add/")
    helen.page.get_by_label("Designated Teacher", exact=True).check()
    helen.fills("First name", "Plain")
    helen.fills("Last name", "Person")
    helen.fills("E-mail address", "plain@stbregwins.example")
    helen.fills("Establishment", "st bregwin")
    helen.presses("Continue")
    helen.sees("Choose the one you mean", "Which one do you mean?")
    helen.page.get_by_label("URN 990004").check()
    helen.presses("Continue")
    helen.sees("They would see", "URN 990004")
    helen.presses("Save")
    helen.sees("Plain Person has been added.")
    helen.opens(f"{USERS}?q=albury")
    helen.page.locator("main td a").first.click()
    helen.fills("Search the available pupils", "marlowe")
    helen.page.keyboard.press("Enter")
    helen.page.get_by_label("Marlowe, Noah").check()
    helen.presses("Add ticked pupils")
    helen.sees("1 pupil to add")
    helen.follows("Continue")
    helen.presses("Save")
    helen.sees("have been saved.")


@pytest.mark.parametrize("width", widths(390))
def test_s57_two_people_edit_one_user(person: Callable[..., Person], width: int) -> None:
    slow, quick = helen_at(person, width), helen_at(person, width)
    for somebody in (slow, quick):
        somebody.opens(f"{USERS}?q=kelleher")
        somebody.follows("Kelleher, Elsie")
        somebody.follows("Edit", exact=True)
    quick.fills("Phone", f"0117 496 0{width}")
    quick.page.get_by_role("button", name="Continue").last.click()
    quick.presses("Save")
    quick.sees("has been saved.")
    slow.fills("Job title", f"Adviser {width}")
    slow.page.get_by_role("button", name="Continue").last.click()
    slow.sees("Look again before you save", "Helen Ashworth has changed this user")
    slow.looks("user-edit-stale")
    slow.page.get_by_role("button", name="Continue").last.click()
    slow.presses("Save")
    slow.sees(f"Adviser {width}", f"0117 496 0{width}")
