"""Signing in with a passkey, alone or as the second factor (S8, S9, S24, S26)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from fido2.cose import ES256

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.sign_in import passkeys
from schoolgate.sign_in.guesses import LIMITS, Kind
from schoolgate.sign_in.models import Passkey, SignInEvent, UserSession
from schoolgate.web.views.passkeys import NO
from schoolgate.web.views.sign_in import TOO_MANY
from tests.sign_in.authenticator import Device
from tests.web.browsing import PASSWORD, Browser, masked
from tests.web.passkeys import DOOR, SITE, asked, has_passkey, shows

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def phone() -> Device:
    return Device()


def outcomes() -> list[tuple[str, int | None]]:
    told = SignInEvent.objects.filter(door="passkey").order_by("pk")
    return list(told.values_list("outcome", "user_id"))


def test_a_passkey_alone_signs_in_and_is_both_factors(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    asked(browser)
    before = browser.client.session.session_key
    page = shows(browser, phone)
    assert (page.status, page.leads_to) == (302, "/pupils/")
    assert browser.client.session.session_key != before
    assert "Amira" in browser.get("/pupils/").text
    session = UserSession.objects.get()
    assert (session.door, session.second) == ("passkey", "passkey")
    assert outcomes() == [("signed-in", cast.dora.pk)]
    assert Event.objects.filter(verb="signed in", user_id=cast.dora.pk).count() == 1
    assert User.objects.get(pk=cast.dora.pk).factor_asked_at is None  # no grace was begun


def test_next_is_local_only(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    answer = phone.proves(asked(browser))
    page = browser.post(DOOR, passkey_answer=answer, next="https://evil.example/")
    assert page.leads_to == "/"


def test_whoever_was_signed_in_before_is_so_no_longer(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(cast.ada)
    shows(browser, phone)
    assert browser.client.session["_auth_user_id"] == str(cast.dora.pk)
    assert UserSession.objects.get(user=cast.ada).ended_how == "signed-out"


def somebody_at_each_failure(cast) -> dict[str, tuple[Device, dict[str, Any]]]:
    """A device and what it does wrong, by whose it is: none of them comes in."""
    devices = {name: Device() for name in ("denied", "gone", "not set up", "removed", "other key")}
    for device, user in zip(
        devices.values(), (cast.theo, cast.noor, cast.sara, cast.dora, cast.liam), strict=True
    ):
        has_passkey(user, device)
    deny([cast.theo.pk], by=SYSTEM)
    people.remove_users([cast.noor.pk], how=Ending.REMOVED, by=SYSTEM)
    User.objects.filter(pk=cast.sara.pk).update(password="!")
    Passkey.objects.filter(user=cast.dora).delete()
    never = Device()
    options = passkeys.begin_making(SITE, user_id=987_654, shown="x", name="x").options
    never.makes(options)
    found: dict[str, tuple[Device, dict[str, Any]]] = {
        name: (device, {}) for name, device in devices.items()
    }
    found["other key"] = (devices["other key"], {"secret": never.made[0].secret})
    found["other page"] = (devices["other key"], {"origin": "http://evil.example"})
    found["never was"] = (never, {})
    return found


def test_s09_s08_denied_gone_not_set_up_and_unknown_get_one_answer(cast, browse):
    answers, statements = set(), {}
    for name, (device, wrong) in somebody_at_each_failure(cast).items():
        browser = browse(None)
        answer = device.proves(asked(browser), **wrong)
        with CaptureQueriesContext(connection) as told:
            page = browser.post(DOOR, passkey_answer=answer, next="/pupils/")
        statements[name] = [
            re.sub(r"'[^']*'|\"s\d+_x\d+\"|\b\d+\b|NULL", "?", one["sql"]) for one in told
        ]
        headers = str(sorted(page.response.headers.items()))
        answers.add((page.status, masked(page.response), headers))
        assert NO in page.text, name
        assert page.title.startswith("Error: ")
        assert "_auth_user_id" not in browser.client.session
        assert browser.get("/pupils/").leads_to.startswith("/sign-in/")
    assert len(answers) == 1
    same = statements["never was"]
    assert {name for name, told in statements.items() if told != same} == set()
    assert not UserSession.objects.exists()


def test_s10_a_signature_is_looked_at_once_for_everybody(cast, browse, monkeypatch):
    looked = []
    verify = ES256.verify

    def counted(key: ES256, message: bytes, signature: bytes) -> None:
        looked.append(1)
        verify(key, message, signature)

    failures = somebody_at_each_failure(cast)
    monkeypatch.setattr(ES256, "verify", counted)
    for name in ("denied", "gone", "not set up", "removed", "other key", "never was"):
        device, wrong = failures[name]
        looked.clear()
        assert NO in shows(browse(None), device, **wrong).text
        assert len(looked) == 1, name


def test_s09_what_is_asked_for_is_the_same_for_everybody(cast, browse, phone):
    has_passkey(cast.dora, phone)
    told = asked(browse(None))
    assert set(told) == {"challenge", "timeout", "rpId", "userVerification"}
    again = asked(browse(None))
    assert told["challenge"] != again["challenge"]
    assert {**told, "challenge": ""} == {**again, "challenge": ""}


def test_s26_a_challenge_is_answered_once(cast, browse):
    phone = Device(counts=False)  # so that nothing but the challenge stands in the way
    has_passkey(cast.dora, phone)
    browser = browse(None)
    answer = phone.proves(asked(browser))
    kept = browser.client.session["passkey"]
    assert browser.post(DOOR, passkey_answer=answer).status == 302
    assert "passkey" not in browser.client.session
    browser.post("/sign-out/")
    assert NO in browser.post(DOOR, passkey_answer=answer).text
    # Neither where the browser's session has it again.
    thief = browse(None)
    asked(thief)
    session = thief.client.session
    session["passkey"] = kept
    session.save()
    assert NO in thief.post(DOOR, passkey_answer=answer).text


def test_s26_a_wrong_answer_uses_the_challenge_up(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    options = asked(browser)
    assert NO in browser.post(DOOR).text
    assert NO in browser.post(DOOR, passkey_answer=phone.proves(options)).text


def test_a_challenge_is_for_one_browser_one_purpose_and_five_minutes(clock, cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    other = browse(None)
    asked(other)
    assert NO in other.post(DOOR, passkey_answer=phone.proves(asked(browser))).text

    options = asked(browser)
    clock.wait(minutes=5, seconds=1)
    assert NO in browser.post(DOOR, passkey_answer=phone.proves(options)).text

    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    browser.post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    options = asked(browser, step="second")
    assert NO in browser.post(DOOR, passkey_answer=phone.proves(options)).text
    options = asked(browser)
    page = browser.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert NO in page.text


def test_a_copied_passkey_signs_nobody_in(cast, browse, phone):
    has_passkey(cast.dora, phone)
    assert shows(browse(None), phone, count=7).status == 302
    assert NO in shows(browse(None), phone, count=7).text
    assert Event.objects.filter(verb="refused", kind="passkey", user_id=cast.dora.pk).count() == 1
    assert outcomes() == [("signed-in", cast.dora.pk), ("failed", cast.dora.pk)]


def test_s24_tries_from_one_address_are_limited_whoever_is_meant(clock, cast, browse, phone):
    has_passkey(cast.dora, phone)
    stranger = Device()
    stranger.makes(passkeys.begin_making(SITE, user_id=987_654, shown="x", name="x").options)
    for n in range(LIMITS[Kind.PASSKEY_ADDRESS].most):
        answer = stranger.proves(asked(browse(None))) if n < 3 else "{}"
        page = browse(None).client.post(
            DOOR, {"passkey_answer": answer}, headers={"x-forwarded-for": f"10.0.0.{n}"}
        )
        assert NO in page.content.decode()
    answers = {masked(shows(browse(None), device).response) for device in (phone, stranger)}
    assert len(answers) == 1
    assert TOO_MANY.encode() in answers.pop()
    clock.wait(minutes=5, seconds=1)
    assert shows(browse(None), phone).status == 302


# The second step.


@pytest.fixture
def halfway(cast, browse, phone, with_password) -> Browser:
    """A browser in which Dora, who has a passkey, has given her password."""
    has_passkey(cast.dora, phone)
    with_password(cast.dora)
    browser = browse(None)
    page = browser.post("/sign-in/", name="dora@abbey.example", password=PASSWORD, next="/pupils/")
    assert page.leads_to == "/sign-in/second/"
    return browser


def test_a_passkey_is_the_second_factor_after_a_password(cast, halfway, phone):
    assert "Use a passkey" in halfway.get("/sign-in/second/").text
    options = asked(halfway, step="second")
    assert len(options["allowCredentials"]) == 1
    page = halfway.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert page.leads_to == "/pupils/"
    session = UserSession.objects.get()
    assert (session.user_id, session.door, session.second) == (
        cast.dora.pk, "password", "passkey",
    )  # fmt: skip


def test_s25_another_users_passkey_is_no_second_factor(cast, halfway):
    thief = Device()
    has_passkey(cast.theo, thief)
    page = halfway.post(DOOR, passkey_answer=thief.proves(asked(halfway, step="second")),
                        step="second")  # fmt: skip
    assert NO in page.text
    assert "_auth_user_id" not in halfway.client.session
    assert SignInEvent.objects.latest("pk").outcome == "second-failed"


def test_s24_second_steps_are_limited(clock, cast, halfway, phone):
    for _ in range(10):
        assert NO in halfway.post(DOOR, passkey_answer="{}", step="second").text
    options = asked(halfway, step="second")
    page = halfway.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert TOO_MANY in page.text
    clock.wait(minutes=5, seconds=1)
    page = halfway.post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    options = asked(halfway, step="second")
    assert halfway.post(DOOR, passkey_answer=phone.proves(options), step="second").status == 302


def test_s01_a_denial_between_the_factors_ends_it(cast, halfway, phone):
    options = asked(halfway, step="second")
    deny([cast.dora.pk], by=SYSTEM)
    page = halfway.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert page.leads_to == "/sign-in/"
    told = halfway.post(DOOR, passkey_begin="1", step="second").response.json()
    assert told == {"problem": "Begin again: it has taken too long."}
    assert not UserSession.objects.exists()
