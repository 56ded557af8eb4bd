"""Passkeys as people use them, with an authenticator that Chromium itself makes up.

Somebody sets up with one, signs in with it, adds another, and is denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.test_users import HELEN, USERS, helen_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import CDPSession

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

NO = "Try again, or sign in another way: nobody is signed in with this passkey."
ASK = "Sign in with a passkey"


class Devices:
    """What is plugged into somebody's computer, and may ask who they are."""

    def __init__(self, person: Person) -> None:
        self.wire: CDPSession = person.page.context.new_cdp_session(person.page)
        self.wire.send("WebAuthn.enable")

    def plugs_in(self, **facts: Any) -> str:
        """A device with passkeys, whose owner agrees to everything; its name on the wire."""
        usual = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        told = self.wire.send("WebAuthn.addVirtualAuthenticator", {"options": {**usual, **facts}})
        return str(told["authenticatorId"])

    def unplugs(self, device: str) -> None:
        self.wire.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})

    def knows_nobody(self, device: str, yes: bool = True) -> None:
        """The device asks who is there, and does not know them."""
        self.wire.send(
            "WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": not yes}
        )


@pytest.mark.parametrize("width", [1280, 390])
def test_a_life_with_passkeys(person: Callable[..., Person], width: int) -> None:
    address = f"priya{width}@maddenfordhigh.example"
    helen, priya = helen_at(person, width), person(width=width)
    she_adds_a_teacher(helen, address, width)
    devices = Devices(priya)
    phone = devices.plugs_in()
    she_sets_up_with_her_phone(priya, address)
    she_signs_in_with_it(priya, devices, phone)
    she_adds_a_key(priya, devices, phone)
    she_names_it(priya)
    helen_makes_her_inactive(helen, address)
    she_is_told_what_everybody_is(priya)


def she_adds_a_teacher(helen: Person, address: str, width: int) -> None:
    helen.opens(f"{USERS}add/")
    helen.page.get_by_label("Designated Teacher", exact=True).check()
    helen.fills("First name", "Priya")
    helen.fills("Last name", f"Nair{width}")
    helen.fills("E-mail address", address)
    helen.page.get_by_label("Establishment").fill("990009")
    helen.page.keyboard.press("Escape")
    helen.presses("Continue")
    helen.presses("Save")
    helen.sees("Their invitation is on its way.")


def she_sets_up_with_her_phone(priya: Person, address: str) -> None:
    priya.opens("/demonstration/mail/")
    while address not in priya.reads():  # the worker sends it within seconds
        priya.page.wait_for_timeout(500)
        priya.page.reload()
    priya.page.locator("tr, li", has_text=address).first.get_by_role("link").first.click()
    priya.page.locator('main a[href*="/invitation/"]').click()
    priya.sees("Or without a password")
    priya.looks("invitation")
    priya.presses("Set up with a passkey")
    priya.waits_for("recovery codes")
    priya.opens("/pupils/")
    priya.sees("Clewlow, Ava")


def she_signs_out(priya: Person) -> None:
    priya.page.get_by_role("button", name="Sign out", exact=True).first.click()
    priya.waits_for(ASK)


def she_signs_in_with_it(priya: Person, devices: Devices, phone: str) -> None:
    she_signs_out(priya)
    priya.looks("sign-in")
    devices.knows_nobody(phone)
    priya.presses(ASK)
    priya.waits_for("Try again: no passkey was chosen, or it took too long.")
    priya.looks("sign-in-cancelled")
    devices.knows_nobody(phone, yes=False)
    priya.presses(ASK)
    priya.page.get_by_role("heading", name="My pupils").wait_for()


def she_adds_a_key(priya: Person, devices: Devices, phone: str) -> None:
    priya.opens("/account/passkeys/add/")
    priya.looks("passkey-add")
    priya.presses("Add a passkey")
    priya.waits_for("Choose another device: this one has a passkey for you already.")
    priya.looks("passkey-add-known")
    devices.unplugs(phone)
    devices.plugs_in(transport="usb")
    priya.fills("Name of the passkey", " ")
    priya.presses("Add a passkey")
    priya.waits_for("Enter a name for the passkey, for example “My phone”.")
    priya.fills("Name of the passkey", "Key on my ring")
    priya.presses("Add a passkey")
    priya.waits_for("Key on my ring has been added.")
    she_signs_out(priya)
    priya.presses(ASK)
    priya.page.get_by_role("heading", name="My pupils").wait_for()


def she_names_it(priya: Person) -> None:
    priya.opens("/account/factors/")
    priya.page.locator("tr", has_text="Key on my ring").get_by_role("link").first.click()
    priya.sees("Passkey Key on my ring", "Last used on")
    priya.looks("passkey")
    priya.fills("Name of the passkey", "Key in my bag")
    priya.presses("Save")
    priya.waits_for("Key in my bag has been saved.")
    for words in ("Key in my bag has been removed.", "Set a password or add another passkey first"):
        priya.page.locator("tr", has_text="Passkey").last.get_by_role("link").first.click()
        priya.presses("Remove this passkey")
        priya.waits_for(words)
    priya.looks("passkey-last")


def helen_makes_her_inactive(helen: Person, address: str) -> None:
    helen.opens(f"{USERS}?q={address}")
    helen.follows("Priya")
    helen.follows("Make inactive")
    helen.presses("Make inactive")
    helen.waits_for("Inactive")


def she_is_told_what_everybody_is(priya: Person) -> None:
    priya.opens("/pupils/")
    priya.waits_for(ASK)
    priya.presses(ASK)
    priya.waits_for(NO)
    priya.looks("sign-in-denied")


def test_without_javascript_the_page_says_what_a_passkey_wants(
    person: Callable[..., Person],
) -> None:
    somebody = person(width=390, javascript=False)
    somebody.opens("/sign-in/")
    somebody.sees(
        "To use a passkey, open this page in a newer browser, with JavaScript switched on"
    )
    assert not somebody.page.get_by_role("button", name=ASK).is_visible()
    somebody.signs_in(HELEN)
    somebody.sees("Who is missing")
