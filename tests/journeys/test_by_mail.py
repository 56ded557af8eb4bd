"""Coming in by mail: a forgotten password, and a code, in real browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

# By width: a journey changes a password.
WHO = {
    1280: "tom.adeyemi@northshire.example",
    390: "priya.nair@social-care.northshire.example",
}
NEW = "velvet-harbour-thistle-drum"


@pytest.mark.parametrize("width", widths(390))
def test_a_forgotten_password_and_then_a_code(person: Callable[..., Person], width: int) -> None:
    elsewhere, here = person(width=width), person(width=width)
    elsewhere.signs_in(WHO[width])
    elsewhere.waits_for("pupils")
    they_ask_for_a_link(here, WHO[width])
    they_choose_a_password(here, WHO[width])
    elsewhere.opens("/pupils/")
    elsewhere.waits_for("Sign in")
    they_come_in_by_code(person(width=width), WHO[width])
    nobody_is_told_the_same(person(width=width))


def they_ask_for_a_link(here: Person, name: str) -> None:
    here.opens("/sign-in/")
    here.looks("sign-in")
    here.follows("Forgotten your password?")
    here.looks("forgotten")
    here.fills("E-mail address or user name", name)
    here.presses("E-mail me a link")
    here.sees("Look into your e-mail", "If there is such an account")
    here.looks("forgotten-asked")


def they_read(here: Person, name: str, subject: str) -> None:
    """Open the newest mail to the name with this subject, once the worker has sent it."""
    here.opens("/demonstration/mail/")
    line = here.page.locator("tr, li", has_text=name).filter(has_text=subject).first
    for _ in range(120):
        if line.count():
            break
        here.page.wait_for_timeout(500)
        here.page.reload()
    line.get_by_role("link").first.click()


def they_choose_a_password(here: Person, name: str) -> None:
    they_read(here, name, "Choose a new password")
    here.page.locator('main a[href*="/sign-in/forgotten/"]').click()
    here.sees("Choose a new password", "You are signed out on all devices")
    here.looks("reset")
    used = here.page.url
    here.page.locator("input[type=password]").fill(NEW)
    here.presses("Set the password and sign in")
    here.waits_for("pupils")
    here.opens(used)
    here.sees("Ask for a new link", "This link does not work.")
    here.looks("reset-over")


def they_come_in_by_code(here: Person, name: str) -> None:
    here.opens("/pupils/")
    here.follows("E-mail me a code instead")
    here.fills("E-mail address or user name", name)
    here.looks("sign-in-code")
    here.presses("E-mail me a code")
    here.sees("Enter the code", "a code is on its way")
    here.looks("sign-in-code-enter")
    asking = here.page.url
    they_read(here, name, "Your code to sign in")
    (code,) = [line for line in here.page.locator("main").inner_text().split("\n") if is_code(line)]
    here.opens(asking)
    here.fills("Code", "000000" if code != "000 000" else "000001")
    here.presses("Continue")
    here.sees("Check the code, then try again, or ask for another")
    here.fills("Code", code)
    here.presses("Continue")
    here.waits_for("pupils")
    assert here.page.url.endswith("/pupils/")


def is_code(line: str) -> bool:
    return len(line.strip()) == 7 and line.replace(" ", "").isdigit()


def nobody_is_told_the_same(here: Person) -> None:
    here.opens("/sign-in/forgotten/")
    here.fills("E-mail address or user name", "nobody@nowhere.example")
    here.presses("E-mail me a link")
    here.sees("Look into your e-mail", "If there is such an account")


MOVERS = {1280: "imani.clarke", 390: "derek.pilling"}


@pytest.mark.parametrize("width", widths(1280))
def test_an_address_is_changed_and_taken_back(person: Callable[..., Person], width: int) -> None:
    old = f"{MOVERS[width]}@maddenfordhigh.example"
    new = f"{MOVERS[width]}@home.example"
    here, elsewhere = person(width=width), person(width=width)
    here.signs_in(old)
    here.opens("/account/address/")
    here.sees("Change your e-mail address", old)
    here.fills("New e-mail address", new)
    here.presses("E-mail me a link")
    here.sees("Open the link in the e-mail that goes to the new address.", f"To have {new}")
    here.looks("account-address")

    they_read(elsewhere, new, "Confirm your e-mail address")
    elsewhere.page.locator('main a[href*="/address/"]').click()
    elsewhere.sees("Sign in first")
    elsewhere.looks("address-sign-in")
    they_read(here, new, "Confirm your e-mail address")
    here.page.locator('main a[href*="/address/"]').click()
    here.looks("address-confirm")
    here.presses("Confirm the new address")
    here.sees(f"You now sign in with {new}.", "My account")

    they_read(elsewhere, old, "has been changed")
    elsewhere.page.locator('main a[href*="/address/stop/"]').click()
    elsewhere.sees("Stop the change of your address")
    elsewhere.looks("address-stop")
    elsewhere.presses("Stop the change")
    elsewhere.sees("The account has its earlier e-mail address again", "Now choose a new password")
    elsewhere.looks("address-stopped")
    here.opens("/account/")
    here.waits_for("Sign in")
    here.signs_in(old)
    here.opens("/account/")
    here.sees("My account", old)
