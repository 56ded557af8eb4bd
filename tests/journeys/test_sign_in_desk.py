"""A phone is lost, a second factor too, and somebody guesses: what an administrator sees of it and
does, in real browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.test_signing_in import (
    PASSWORD,
    digits,
    she_is_invited,
    she_sets_up,
    she_sets_up_an_app,
)
from tests.journeys.test_spine import HELEN, MEGAN
from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(240)]


@pytest.mark.parametrize("width", widths(1280))
def test_a_phone_is_lost_and_somebody_guesses(person: Callable[..., Person], width: int) -> None:
    phone, helen, stranger = person(width=390), person(width=width), person(width=width)
    phone.signs_in(MEGAN)
    phone.waits_for("My pupils")
    for words in ("megan1", "summer2026"):
        stranger.signs_in(MEGAN, words)
        stranger.sees("There is a problem")
    stranger.signs_in("somebody.else@example.org", "summer2026")

    helen.signs_in(HELEN)
    helen.waits_for("missing")
    helen.opens("/settings/sign-ins/")
    helen.sees("Tries that failed", "Not signed in", "A name that nobody here has", "Megan")
    helen.looks("sign-ins")
    helen.page.get_by_label("Outcome").select_option(label="Not signed in")
    helen.presses("Show these sign-ins")
    helen.sees("Megan", "Chrome on Linux", "127.0.0.1")
    helen.looks("sign-ins-filtered")
    helen.page.locator('main td a[href*="/settings/users/"]').first.click()
    helen.follows("How they sign in")
    helen.sees("Signed in on", "Chrome on Linux", "Tries to sign in, lately", "Sign Megan")
    helen.looks("user-sign-in")
    helen.page.locator("main").get_by_role("button", name="Sign Megan").click()
    helen.waits_for("Nowhere now.")
    helen.looks("user-signed-out")

    phone.opens("/pupils/")
    phone.sees("Sign in", "Password")
    phone.sees_no("My pupils")


@pytest.mark.parametrize("width", widths(390))
def test_a_second_factor_is_lost_and_reset(person: Callable[..., Person], width: int) -> None:
    helen, grace = person(width=width), person(width=width)
    address = f"grace.lost{width}@stbregwins.example"
    she_is_invited(helen, address)
    she_sets_up(grace, address)
    she_sets_up_an_app(grace)

    helen.opens("/settings/users/?q=" + address)
    helen.follows("Winslow, Grace")
    helen.follows("How they sign in")
    helen.sees("Authenticator app", "10 recovery codes left")
    helen.looks("user-sign-in-factors")
    helen.follows("Reset the second factor")
    helen.sees("Make sure that it is really they who ask", f"A mail to {address} tells them.")
    helen.looks("factor-reset")
    helen.presses("Reset the second factor")
    helen.sees("The second factor of Grace Winslow is reset.", "Nowhere now.")

    grace.opens("/pupils/")  # signed out where she was
    grace.signs_in(address, PASSWORD)
    grace.sees("second factor")
    grace.opens("/pupils/")
    grace.sees("second factor")
    assert "/account/factors/" in grace.page.url
    grace.looks("factors-after-reset")
    grace.follows("An authenticator app")
    grace.fills("Code", digits(grace.page.locator(".sg-qr__key").inner_text().replace(" ", "")))
    grace.presses("Set up")
    grace.waits_for("Keep these recovery codes")
    grace.presses("I have kept them")
    grace.opens("/pupils/")
    assert grace.page.url.endswith("/pupils/")
