"""One's own passkeys: added, named, removed, and shown to confirm who is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import passkeys, recovery_codes
from schoolgate.sign_in.models import Passkey, UserSession
from schoolgate.web.views.account_confirm import NOT_THIS
from schoolgate.web.views.passkeys import NO
from schoolgate.web.views.sign_in import TOO_MANY
from tests.sign_in.authenticator import Device
from tests.web.browsing import Browser, masked
from tests.web.passkeys import asked, has_passkey, shows

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADD = "/account/passkeys/add/"


@pytest.fixture
def phone() -> Device:
    return Device()


def add(browser: Browser, device: Device, name: str = "My phone", **fields: Any) -> Any:
    options = asked(browser, ADD, name=name, **fields)
    return browser.post(ADD, name=name, passkey_answer=device.makes(options), **fields)


def test_several_are_added_named_and_removed(cast, browse, phone, with_password):
    with_password(cast.noor)
    browser = browse(cast.noor)
    assert add(browser, phone).leads_to == "/account/factors/codes/"
    assert recovery_codes.left(cast.noor.pk) == 10
    assert add(browser, Device(), "Key").leads_to == "/account/factors/"
    first, second = passkeys.of(cast.noor.pk)
    assert [first.name, second.name] == ["My phone", "Key"]
    page = browser.get(f"/account/passkeys/{first.pk}/")
    assert "Not used yet." in page.text
    browser.post(f"/account/passkeys/{first.pk}/", step="save", name="Work phone")
    page = browser.get(f"/account/passkeys/{first.pk}/")
    assert "Passkey Work phone" in page.text
    page = browser.post(f"/account/passkeys/{first.pk}/", step="save", name=" ")
    assert "Enter a name for the passkey" in page.text
    for one in (first, second):
        browser.post(f"/account/passkeys/{one.pk}/", step="remove")
        assert browser.get(f"/account/passkeys/{one.pk}/").status == 404
    assert NO in shows(browse(None), phone).text
    told = Mail.objects.filter(kind="sign-in-changed", user_id=cast.noor.pk)
    assert told.count() == 4  # of each but the new name
    found = Event.objects.filter(kind="passkey", user_id=cast.noor.pk).order_by("pk")
    assert [event.verb for event in found] == ["added", "added", "changed", "removed", "removed"]


def test_adding_one_wants_a_name_before_the_device_is_asked(cast, browse, phone):
    browser = browse(cast.dora)
    told = browser.post(ADD, passkey_begin="1", name=" ").response.json()
    assert told == {"problem": "Enter a name for the passkey, for example “My phone”."}


def test_what_was_not_asked_for_adds_nothing(cast, browse, phone):
    browser = browse(cast.dora)
    answer = phone.makes(asked(browser, ADD, name="x"))
    thief = browse(cast.theo)
    asked(thief, ADD, name="x")
    for page in (
        thief.post(ADD, name="x", passkey_answer=answer),  # made for Dora's challenge
        browser.post(ADD, name="x", passkey_answer="{}"),
        browser.post(ADD, name="x", passkey_answer=answer),  # the challenge is used up
        browser.post(ADD, name="x"),
    ):
        assert passkeys.NOT_MADE in page.text
        assert page.title.startswith("Error: ")
    assert not Passkey.objects.exists()


def test_s14_another_users_passkey_does_not_exist(cast, browse, phone):
    passkey = has_passkey(cast.dora, phone)
    thief = browse(cast.theo)
    for page in (
        thief.get(f"/account/passkeys/{passkey.pk}/"),
        thief.post(f"/account/passkeys/{passkey.pk}/", step="remove"),
        thief.post(f"/account/passkeys/{passkey.pk}/", step="save", name="Mine"),
    ):
        assert page.status == 404
        assert masked(page.response) == masked(thief.get("/account/passkeys/987654/").response)
    assert Passkey.objects.get().name == "Phone"


def test_s05_a_change_offers_to_end_the_other_sessions(cast, browse, phone, with_password):
    with_password(cast.noor)
    here, there = browse(cast.noor), browse(cast.noor)
    add(here, phone, others="on")
    assert here.get("/account/factors/").status == 200
    assert there.get("/account/factors/").leads_to.startswith("/sign-in/")
    assert sorted(UserSession.objects.values_list("ended_how", flat=True)) == ["", "changed"]

    there = browse(None)
    shows(there, phone)
    mine = passkeys.of(cast.noor.pk).get()
    assert "Sign out everywhere else" in here.get(f"/account/passkeys/{mine.pk}/").text
    here.post(f"/account/passkeys/{mine.pk}/", step="remove", others="on")
    assert here.get("/account/factors/").status == 200
    assert there.get("/account/factors/").leads_to.startswith("/sign-in/")


def test_only_whoever_has_just_proved_who_they_are_adds_one(cast, browse, phone):
    browser = browse(cast.dora)
    passkey = has_passkey(cast.dora, phone)
    long_ago = timezone.now() - timedelta(minutes=16)
    UserSession.objects.update(confirmed_at=long_ago, second="passkey")
    for address in (ADD, f"/account/passkeys/{passkey.pk}/"):
        for page in (browser.get(address), browser.post(address, passkey_begin="1", name="x")):
            assert page.leads_to.startswith("/account/confirm/")


def test_a_passkey_confirms_who_is_there(clock, cast, browse, phone):
    passkey = has_passkey(cast.dora, phone)
    thief = Device()
    has_passkey(cast.theo, thief)
    confirm, mine = "/account/confirm/", f"/account/passkeys/{passkey.pk}/"
    browser = browse(cast.dora)
    clock.wait(minutes=16)
    assert browser.get(mine).leads_to.startswith(confirm)
    assert "Go on with a passkey" in browser.get(confirm).text
    options = asked(browser, confirm)
    assert len(options["allowCredentials"]) == 1
    for answer in (thief.proves(options), phone.proves(options), "{}"):
        page = browser.post(confirm, step="passkey", passkey_answer=answer)
        assert NOT_THIS in page.text
    assert browser.get(mine).status == 302
    answer = phone.proves(asked(browser, confirm))
    page = browser.post(confirm, step="passkey", passkey_answer=answer, next=mine)
    assert page.leads_to == mine
    assert browser.get(mine).status == 200


def test_s24_confirming_by_passkey_is_limited(clock, cast, browse, phone):
    has_passkey(cast.dora, phone)
    confirm = "/account/confirm/"
    browser = browse(cast.dora)
    for _ in range(10):
        assert NOT_THIS in browser.post(confirm, step="passkey", passkey_answer="{}").text
    answer = phone.proves(asked(browser, confirm))
    assert TOO_MANY in browser.post(confirm, step="passkey", passkey_answer=answer).text
    clock.wait(minutes=5, seconds=1)
    answer = phone.proves(asked(browser, confirm))
    assert browser.post(confirm, step="passkey", passkey_answer=answer).leads_to == "/"


def test_s25_a_passkey_opens_what_was_shut_for_want_of_a_second_factor(clock, cast, browse, phone):
    User.objects.filter(pk=cast.dora.pk).update(
        factor_asked_at=timezone.now() - timedelta(hours=25), password=NO_PASSWORD
    )
    browser = browse(cast.dora)
    assert browser.get("/pupils/").leads_to == "/account/factors/"
    assert browser.get(ADD).status == 200
    add(browser, phone)
    assert browser.get("/pupils/").status == 200
    assert UserSession.objects.get().second == "passkey"


def test_the_last_factor_of_somebody_who_must_have_one_stays(cast, browse, phone, with_password):
    with_password(cast.dora)
    browser = browse(cast.dora)
    add(browser, phone)
    mine = passkeys.of(cast.dora.pk).get()
    page = browser.post(f"/account/passkeys/{mine.pk}/", step="remove", others="on")
    assert "Set up another second factor first" in page.text
    assert page.title.startswith("Error: ")
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    browser = browse(None)
    shows(browser, phone)
    page = browser.post(f"/account/passkeys/{mine.pk}/", step="remove")
    assert "Set a password or add another passkey first" in page.text
    assert passkeys.of(cast.dora.pk).exists()
