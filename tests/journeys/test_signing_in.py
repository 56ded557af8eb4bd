"""Signing in for real life: with an app, without the phone, and without an e-mail address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
PASSWORD = "seven herons over the quay"
CODE = re.compile(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}")


def digits(secret: str, *, later: int = 0) -> str:
    """What an app shows; of the step after this one with ``later``, as each code works once."""
    return pyotp.TOTP(secret).at(timezone.now(), counter_offset=later)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_teacher_sets_up_with_an_app_and_loses_the_phone(
    person: Callable[..., Person], tmp_path: Path, width: int
) -> None:
    helen, grace = person(width=width), person(width=width)
    address = f"grace.winslow{width}@stbregwins.example"
    she_is_invited(helen, address)
    she_sets_up(grace, address)
    secret = she_sets_up_an_app(grace)
    codes = she_keeps_her_codes(grace, tmp_path)
    she_signs_in_with_the_app(grace, address, secret)
    she_finds_her_devices(grace)
    she_has_lost_her_phone(grace, address, codes)
    she_sets_up_the_next_phone(grace, secret)
    helen_resets_her_second_factor(helen, address)
    she_begins_anew(grace, address)


def she_is_invited(helen: Person, address: str) -> None:
    helen.signs_in(HELEN)
    helen.opens("/settings/users/add/")
    helen.page.get_by_label("Social Worker", exact=True).check()
    helen.fills("First name", "Grace")
    helen.fills("Last name", "Winslow")
    helen.fills("E-mail address", address)
    helen.presses("Continue")
    helen.presses("Save")
    helen.waits_for("has been added")


def she_sets_up(grace: Person, address: str) -> None:
    grace.opens("/demonstration/mail/")
    for _ in range(60):
        if grace.page.get_by_text(address).count():
            break
        grace.page.wait_for_timeout(500)
        grace.page.reload()
    row = grace.page.locator("main tr, main li").filter(has_text=address).first
    row.get_by_role("link").first.click()
    grace.page.locator('main a[href*="/invitation/"]').click()
    grace.page.locator("input[type=password]").fill(PASSWORD)
    grace.presses("Set up and sign in")
    grace.waits_for("pupils")


def she_sets_up_an_app(grace: Person) -> str:
    grace.page.locator("header").get_by_role("link", name="Grace").click()
    grace.waits_for("My account")
    grace.looks("account")
    grace.page.get_by_role("link", name="Change second factors").click()
    grace.sees("Everybody who works here needs one.")
    grace.page.get_by_text("I share the computer").click()
    grace.sees("security key")
    grace.looks("factors")
    grace.follows("An authenticator app")
    grace.looks("app")
    grace.fills("Code", "000000")
    grace.presses("Set up")
    grace.sees("There is a problem", "Enter the 6 digits that the app shows now")
    grace.looks("app-mistake")
    secret = grace.page.locator(".sg-qr__key").inner_text().replace(" ", "")
    grace.fills("Code", digits(secret))
    grace.presses("Set up")
    grace.waits_for("Keep these recovery codes")
    return secret


def she_keeps_her_codes(grace: Person, folder: Path) -> list[str]:
    grace.sees("Your authenticator app is set up.", "They are shown now and never again")
    codes = CODE.findall(grace.reads())
    assert len(set(codes)) == 10
    assert grace.page.get_by_role("button", name="Print").is_visible()
    grace.looks("codes")
    with grace.page.expect_download() as download:
        grace.follows("Download as text")
    download.value.save_as(folder / "codes.txt")
    assert CODE.findall((folder / "codes.txt").read_text("utf-8")) == codes
    grace.presses("I have kept them")
    grace.sees("10 codes are left")
    return codes


def she_signs_in_with_the_app(grace: Person, address: str, secret: str) -> None:
    grace.page.get_by_role("button", name="Sign out").click()
    grace.signs_in(address, PASSWORD)
    grace.waits_for("Enter your code")
    grace.looks("sign-in-second")
    grace.fills("Code", digits(secret, later=1))
    grace.presses("Sign in")
    grace.waits_for("pupils")


def she_finds_her_devices(grace: Person) -> None:
    grace.opens("/account/sessions/")
    grace.sees("Where you are signed in", "This device", "Chrome on Linux", "authenticator app")
    grace.looks("devices")
    grace.opens("/account/notices/")
    grace.sees("Notices to come", "No mail names a child")
    grace.looks("notices")
    grace.opens("/account/password/")
    grace.looks("password")
    grace.fills("Password you have now", "not this one")
    grace.fills("New password", "nine otters under a bridge")
    grace.presses("Save the new password")
    grace.sees("Check your password, then try again")
    grace.opens("/account/details/")
    grace.fills("Phone", "01632 960777")
    grace.looks("details")
    grace.presses("Save")
    grace.sees("Your details have been saved.", "01632 960777")


def she_has_lost_her_phone(grace: Person, address: str, codes: list[str]) -> None:
    grace.page.get_by_role("button", name="Sign out").click()
    grace.signs_in(address, PASSWORD)
    grace.fills("Code", codes[4].lower())
    grace.presses("Sign in")
    grace.waits_for("pupils")
    grace.opens("/account/factors/")
    grace.sees("9 codes are left")
    grace.looks("factors-set")


def she_sets_up_the_next_phone(grace: Person, old: str) -> None:
    grace.follows("Move to another phone")
    secret = grace.page.locator(".sg-qr__key").inner_text().replace(" ", "")
    assert secret != old
    grace.fills("Code", digits(secret))
    grace.presses("Set up")
    grace.sees("Your authenticator app is set up. You are signed out everywhere else.")
    grace.follows("Remove", exact=False)
    grace.presses("Remove")
    grace.sees("There is a problem", "Set up another second factor first")
    grace.looks("app-remove")


def helen_resets_her_second_factor(helen: Person, address: str) -> None:
    helen.opens(f"/settings/users/?q={address}")
    helen.follows("Winslow, Grace")
    helen.opens(f"{helen.page.url}sign-in/")
    helen.sees("Authenticator app", "9 recovery codes left")
    helen.follows("Reset the second factor")
    helen.presses("Reset the second factor")
    helen.sees("The second factor of Grace Winslow is reset.")


def she_begins_anew(grace: Person, address: str) -> None:
    grace.opens("/pupils/")  # she is signed out everywhere
    grace.waits_for("Sign in")
    grace.signs_in(address, PASSWORD)
    grace.waits_for("Choose what suits you")  # and nothing else: a reset gives no new grace


@pytest.mark.parametrize("width", [1280, 390])
def test_whoever_has_no_e_mail_address_signs_in_with_a_user_name(
    person: Callable[..., Person], width: int
) -> None:
    moira = person(width=width)
    moira.signs_in("Moira.Tindall")
    moira.waits_for("pupils")
    moira.sees("Hebblethwaite, Luna")
    moira.opens("/account/")
    moira.sees("moira.tindall", "None")
    moira.opens("/account/notices/")
    moira.sees("No mail is sent to you")
    moira.opens("/account/confirm/?next=/account/factors/")
    moira.looks("confirm")
    moira.page.locator("main input[type=password]").fill("not the right words")
    moira.presses("Go on")
    moira.sees("Check your password")
    moira.looks("confirm-mistake")


def test_it_works_without_javascript(person: Callable[..., Person]) -> None:
    moira = person(width=1280, javascript=False)
    moira.signs_in("moira.tindall")
    moira.opens("/account/factors/app/")
    secret = moira.page.locator(".sg-qr__key").inner_text().replace(" ", "")
    moira.fills("Code", digits(secret))
    moira.presses("Set up")
    moira.sees("Keep these recovery codes")
    assert not moira.page.get_by_role("button", name="Print").is_visible()
