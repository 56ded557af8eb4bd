"""An account elsewhere as people use it, in real browsers, with a real provider: linked, signed in
with in another browser, used to set up, and denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.test_users import helen_at
from tests.sign_in import provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.journeys.person import Person
    from tests.sign_in.provider import Running

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

WIDTHS = [1280, 390]
# A person for each width: who they are, and how they are listed.
PEOPLE = {
    1280: ("priya.nair@social-care.northshire.example", "Nair, Priya"),
    390: ("tom.adeyemi@northshire.example", "Adeyemi, Tom"),
}
NOBODY = "Sign in another way, or ask for help: nobody is signed in here with that"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Running]:
    with provider.running() as running:
        running.let_choose()
        yield running


@pytest.fixture(scope="module")
def more_settings(elsewhere: Running) -> dict[str, str]:
    return {
        "SCHOOLGATE_PROVIDERS": "northshire",
        **elsewhere.settings("northshire", LABEL="Northshire staff sign-in"),
    }


def goes_on_as(somebody: Person, address: str) -> None:
    """At the provider's own page."""
    somebody.page.get_by_role("link", name=f"Continue as {address}").click()


@pytest.mark.parametrize("width", WIDTHS)
def test_an_account_elsewhere_is_linked_used_and_denied(
    person: Callable[..., Person], elsewhere: Running, width: int
) -> None:
    address, listed = PEOPLE[width]
    elsewhere.be(f"subject-{width}", email=f"{width}@elsewhere.example")
    at_home, at_work = person(width=width), person(width=width, javascript=False)
    they_link_it(at_home, address, width)
    they_sign_in_with_it(at_work, width)
    helen_denies_them(helen_at(person, width), listed)
    they_are_out(at_work, width)
    they_are_out(at_home, width)
    at_home.looks("sign-in-elsewhere")


def they_link_it(somebody: Person, address: str, width: int) -> None:
    somebody.signs_in(address)
    somebody.opens("/account/providers/")
    somebody.sees("You have not linked any.")
    somebody.follows("Link Northshire staff sign-in")
    somebody.looks("other-account-add")
    somebody.presses("Continue to Northshire staff sign-in")
    goes_on_as(somebody, f"{width}@elsewhere.example")
    somebody.waits_for("You can sign in with your Northshire staff sign-in account")
    somebody.sees(f"{width}@elsewhere.example", "Linked on")
    somebody.looks("other-accounts")


def they_sign_in_with_it(somebody: Person, width: int) -> None:
    somebody.opens("/sign-in/?next=/pupils/")
    somebody.presses("Continue with Northshire staff sign-in")
    goes_on_as(somebody, f"{width}@elsewhere.example")
    somebody.waits_for("My pupils")
    assert somebody.page.url.endswith("/pupils/")


def helen_denies_them(helen: Person, listed: str) -> None:
    helen.opens(f"/settings/users/?q={listed.partition(',')[0]}")
    helen.follows(listed)
    helen.follows("Make inactive")
    if helen.page.get_by_label("Everywhere").count():
        helen.page.get_by_label("Everywhere").check()
    helen.presses("Make inactive")
    helen.sees("is now inactive")


def they_are_out(somebody: Person, width: int) -> None:
    somebody.page.reload()
    somebody.waits_for("Sign in")
    somebody.presses("Continue with Northshire staff sign-in")
    goes_on_as(somebody, f"{width}@elsewhere.example")
    somebody.waits_for("You are not signed in")
    somebody.sees(NOBODY)
    somebody.opens("/pupils/")
    somebody.waits_for("Sign in")


@pytest.mark.parametrize("width", WIDTHS)
def test_an_invitation_is_set_up_with_an_account_elsewhere(
    person: Callable[..., Person], elsewhere: Running, width: int
) -> None:
    elsewhere.be(f"invited-{width}", email=f"invited-{width}@elsewhere.example")
    invited = person(width=width)
    invited.opens("/demonstration/mail/")
    mails = invited.page.locator('a:visible:has-text("Set up your account at")')
    mails.nth(WIDTHS.index(width)).click()
    invited.opens(invited.page.locator('main a[href*="/invitation/"]').inner_text())
    invited.sees("Sign in with an account that you have already, in place of a password.")
    invited.looks("invitation-elsewhere")
    invited.presses("Continue with Northshire staff sign-in")
    goes_on_as(invited, f"invited-{width}@elsewhere.example")
    invited.waits_for("My pupils")
    invited.page.get_by_role("button", name="Sign out").click()
    invited.waits_for("Sign in")
    invited.presses("Continue with Northshire staff sign-in")
    goes_on_as(invited, f"invited-{width}@elsewhere.example")
    invited.waits_for("My pupils")
