"""The staff of a school as a new School Admin takes them in and lets them go, in real browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(420)]

HELEN = "helen.ashworth@northshire.example"
RUTH = "ruth.calloway@maddenfordhigh.example"
FIVE = ["Abigail", "Bertram", "Cordelia", "Desmond", "Edwina"]


@pytest.mark.parametrize("width", widths(1280))
def test_staff_come_and_go(person: Callable[..., Person], width: int) -> None:
    ruth = person(width=width)
    she_finds_her_staff(ruth)
    for name in FIVE:
        she_adds(ruth, name, width)
    people = {}
    for name in FIVE:
        people[name] = person(width=width)
        they_set_up(people[name], name, width)
    she_makes_a_leader_of_humanities(ruth, people["Abigail"], width)
    she_makes_an_administrator(ruth, people["Bertram"], width)
    she_hands_over(ruth, people["Abigail"], people["Desmond"], width)
    she_offboards_two(ruth, [people["Abigail"], people["Cordelia"]], width)
    an_la_super_user_denies_an_admin(person(width=width), people["Bertram"], width)


def last_name(width: int) -> str:
    return f"Newby{width}"


def she_finds_her_staff(ruth: Person) -> None:
    ruth.signs_in(RUTH)
    ruth.sees("My pupils", "Abara, Kasia")
    ruth.sees_no("In care")
    ruth.opens("/school/")
    ruth.sees("Staff of Maddenford High School", "Synchronised", "Not syncing", "Not invited")
    ruth.looks("staff")


def she_adds(ruth: Person, name: str, width: int) -> None:
    ruth.opens("/school/")
    ruth.follows("Add staff")
    ruth.fills("First name", name)
    ruth.fills("Last name", last_name(width))
    ruth.fills("E-mail address", address_of(name, width))
    if name == FIVE[0]:
        ruth.looks("staff-add")
    ruth.presses("Continue")
    ruth.sees(f"Check before you save: {name}", "Nothing has been saved yet.", "0 children")
    ruth.presses("Save")
    ruth.sees(f"{name} {last_name(width)} has been added. Their invitation is on its way.")


def address_of(name: str, width: int) -> str:
    return f"{name.lower()}{width}@maddenfordhigh.example"


def they_set_up(somebody: Person, name: str, width: int) -> None:
    address = address_of(name, width)
    somebody.opens("/demonstration/mail/")
    while address not in somebody.reads():  # the worker sends it within seconds
        somebody.page.wait_for_timeout(500)
        somebody.page.reload()
    line = somebody.page.locator("tr, li", has_text=address).first
    line.get_by_role("link").first.click()
    somebody.page.locator('main a[href*="/invitation/"]').click()
    somebody.page.locator("input[type=password]").fill("velvet-harbour-thistle-drum")
    somebody.presses("Set up and sign in")
    somebody.waits_for("My pupils")
    somebody.sees("you see no pupil yet")


def she_makes_a_leader_of_humanities(ruth: Person, abigail: Person, width: int) -> None:
    ruth.opens(f"/school/{school_of(ruth)}/staff/?q={last_name(width)}")
    ruth.follows(f"{last_name(width)}, Abigail")
    ruth.page.get_by_label("Of these subject areas").check()
    ruth.page.get_by_label("All of Humanities").check()
    ruth.looks("staff-edit")
    ruth.presses("Continue")
    ruth.sees("Nothing has been saved yet.", "They would gain", "History")
    ruth.looks("staff-edit-preview")
    ruth.presses("Save")
    ruth.sees("Leader: Geography, History, Religious Education")
    # In the other browser, at the next click, and by the register alone.
    abigail.opens("/pupils/")
    abigail.sees("25 pupils on this page")
    abigail.page.locator("main table a").first.click()
    abigail.sees("Year and class", "UPN")
    abigail.sees_no("care", "Date of birth", "Who can see")
    abigail.looks("pupil-by-register")
    abigail.opens("/school/")
    abigail.sees("Subject areas", "History")
    abigail.looks("subjects-of-a-leader")


def school_of(ruth: Person) -> int:
    """The number of her school, from the address of its pages."""
    ruth.opens("/school/")
    return int(ruth.page.url.split("/school/")[1].split("/")[0])


def she_makes_an_administrator(ruth: Person, bertram: Person, width: int) -> None:
    ruth.opens(f"/school/{school_of(ruth)}/staff/?q={last_name(width)}")
    row = ruth.page.locator("tr", has_text="Bertram")
    row.get_by_role("button", name="Actions for Bertram").click()
    ruth.looks("staff-menu")
    ruth.page.locator("[popover]:popover-open a", has_text="Upgrade to administrator").click()
    ruth.sees(f"Make Bertram {last_name(width)} administrator")
    ruth.looks("staff-upgrade")
    ruth.presses("Upgrade to administrator")
    ruth.sees(f"Bertram {last_name(width)} is now administrator of Maddenford High School.")
    bertram.opens("/school/")
    bertram.sees("Staff of Maddenford High School")


def she_hands_over(ruth: Person, abigail: Person, desmond: Person, width: int) -> None:
    ruth.opens(f"/school/{school_of(ruth)}/staff/?q={last_name(width)}")
    ruth.follows(f"{last_name(width)}, Abigail")
    ruth.follows("Hand over what they lead")
    ruth.sees("Hand over what Abigail")
    ruth.looks("handover")
    ruth.fills("Who takes over?", address_of("Desmond", width))
    ruth.page.keyboard.press("Escape")
    ruth.presses("Continue")
    ruth.sees("What goes to Desmond", "History", "Who gains and loses whom")
    ruth.looks("handover-ask")
    ruth.presses("Hand over")
    desmond.opens("/pupils/")
    desmond.sees("25 pupils on this page")
    abigail.opens("/pupils/")
    abigail.sees("you see no pupil yet")


def she_offboards_two(ruth: Person, leavers: list[Person], width: int) -> None:
    ruth.opens(f"/school/{school_of(ruth)}/staff/leavers/")
    ruth.sees("Offboard leavers", "Not syncing")
    ruth.looks("leavers")
    ruth.opens(f"{ruth.page.url}?q={last_name(width)}")
    for name in ("Abigail", "Cordelia"):
        ruth.page.get_by_label(f"Tick {name} {last_name(width)}").check()
    ruth.page.get_by_label("Make inactive", exact=True).check()
    ruth.presses("Continue")
    ruth.sees("Make 2 people inactive", "What each will lose", "Children left with nobody")
    ruth.looks("leavers-ask")
    ruth.presses("Make inactive")
    ruth.sees("Staff of Maddenford High School", "now inactive")
    for somebody in leavers:
        somebody.opens("/pupils/")
        somebody.waits_for("Sign in")
        somebody.sees_no("My pupils")


def an_la_super_user_denies_an_admin(helen: Person, bertram: Person, width: int) -> None:
    bertram.opens("/school/")
    bertram.sees("Staff of Maddenford High School")
    helen.signs_in(HELEN)
    helen.opens(f"/settings/users/?q={last_name(width)}")
    helen.follows(f"{last_name(width)}, Bertram")
    helen.follows("Make inactive")
    helen.page.get_by_label("At Maddenford High School").check()
    helen.looks("deny-over-a-place")
    helen.presses("Make inactive")
    helen.sees("is now inactive at Maddenford High School.")
    bertram.page.reload()
    bertram.waits_for("Sign in")
    bertram.sees_no("Staff of Maddenford High School")
