"""Signing in with a code from one's mail."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import allow, deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.people.actions import remove_users, set_password
from schoolgate.people.models import User
from schoolgate.sign_in.models import (
    AskedByMail,
    Door,
    UserSession,
)
from tests.sign_in.mailed import newest_secret
from tests.web.browsing import PASSWORD, masked
from tests.web.test_second_factor import an_app

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ENTER = "/sign-in/code/enter/"


@pytest.fixture(autouse=True)
def mail_goes_somewhere(settings):
    settings.MAIL = "smtp://127.0.0.1"


@pytest.fixture
def dora(cast) -> User:
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    return cast.dora


def asks_for_code(browser, name: str, **more) -> str:
    """Ask for a code in the browser; the code, from the mail."""
    assert browser.post("/sign-in/code/", name=name, **more).leads_to == ENTER
    return newest_secret()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_signs_in_where_it_was_asked_for(dora, browse):
    browser, other = browse(None), browse(None)
    code = asks_for_code(browser, dora.email, next="/pupils/?q=h")
    assert other.get(ENTER).leads_to == "/sign-in/code/"
    other.post("/sign-in/code/", name="nobody@x.example")
    assert "Check the code" in other.post(ENTER, code=code).text
    assert browser.post(ENTER, code=f" {code[:3]} {code[3:]} ").leads_to == "/pupils/?q=h"
    assert "Amira" in browser.get("/pupils/").text
    (session,) = UserSession.objects.all()
    assert session.door == Door.CODE
    assert Event.objects.filter(verb="signed in", user_id=dora.pk).count() == 1
    assert browser.get(ENTER).leads_to == "/sign-in/code/"


def test_the_browsers_session_has_a_new_key_after_a_code(dora, browse):
    browser = browse(None)
    code = asks_for_code(browser, dora.email)
    before = browser.client.session.session_key
    browser.post(ENTER, code=code)
    assert browser.client.session.session_key != before


def test_s25_a_code_leads_to_the_second_factor(dora, browse):
    an_app(dora)
    browser = browse(None)
    code = asks_for_code(browser, dora.email)
    assert browser.post(ENTER, code=code).leads_to == "/sign-in/second/"
    assert browser.get("/pupils/").leads_to.startswith("/sign-in/")
    assert not UserSession.objects.exists()


@pytest.mark.parametrize("what", ["denied", "allowed again", "gone"])
def test_s03_a_code_of_somebody_denied_is_a_wrong_one(dora, browse, what):
    browser, never = browse(None), browse(None)
    code = asks_for_code(browser, dora.email)
    if what == "gone":
        remove_users([dora.pk], how=Ending.REMOVED, by=SYSTEM)
    else:
        deny([dora.pk], by=SYSTEM)
    if what == "allowed again":
        allow([dora.pk], by=SYSTEM)
    never.post("/sign-in/code/", name="nobody@x.example")
    page, other = browser.post(ENTER, code=code), never.post(ENTER, code=code)
    assert (page.status, masked(page.response)) == (200, masked(other.response))
    assert not UserSession.objects.exists()


def test_s24_codes_cannot_be_guessed_on_and_on(dora, browse):
    for number in range(3):
        browser = browse(None)  # each with a code of its own
        code = asks_for_code(browser, dora.email)
        for _ in range(4):
            page = browser.post(ENTER, code=wrong(code))
        assert ("Wait five minutes" in page.text) is (number == 2)
    assert "Wait five minutes" in browser.post(ENTER, code=code).text
    assert not UserSession.objects.exists()


def test_a_success_counts_for_nothing_and_against_nothing(dora, browse):
    for number in range(2):
        browser = browse(None)
        code = asks_for_code(browser, dora.email)
        for _ in range(4):
            browser.post(ENTER, code=wrong(code))
        assert browser.post(ENTER, code=code).leads_to == "/", number
    browser = browse(None)
    code = asks_for_code(browser, dora.email)
    for _ in range(2):
        browser.post(ENTER, code=wrong(code))
    assert "Wait five minutes" in browser.post(ENTER, code=code).text


def test_asking_too_often_leaves_the_code_that_there_is(dora, browse):
    browser = browse(None)
    for _ in range(5):
        code = asks_for_code(browser, dora.email)
    browser.post("/sign-in/code/", name=dora.email)
    assert AskedByMail.objects.count() == 5
    assert browser.post(ENTER, code=code).leads_to == "/"


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_s59_a_code_leads_to_addresses_of_ours_alone(dora, browse, evil):
    browser = browse(None)
    code = asks_for_code(browser, dora.email, next=evil)
    assert browser.post(ENTER, code=code).leads_to == "/"


def test_s24_asking_under_another_name_too_often_gives_no_tries_at_the_first(dora, browse):
    """One that is not asked for leaves the code that there is, and whose tries are counted."""
    others, elsewhere, guessed = ["one@x.example", "two@x.example"], browse(None), 0
    for name in others * 5:
        elsewhere.post("/sign-in/code/", name=name)
    for name in (*others, others[1]):
        browser = browse(None)
        code = asks_for_code(browser, dora.email)
        browser.post("/sign-in/code/", name=name)
        for _ in range(5):
            guessed += "Wait five minutes" not in browser.post(ENTER, code=wrong(code)).text
    assert guessed == 10


def test_s24_two_names_of_one_person_are_no_twenty_tries_at_their_codes(dora, browse):
    User.objects.filter(pk=dora.pk).update(username="dora", username_key="dora")
    for name in (dora.email, "dora"):
        for _ in range(2):
            browser = browse(None)
            code = asks_for_code(browser, name)
            for _ in range(4):
                browser.post(ENTER, code=wrong(code))
    browser = browse(None)
    code = asks_for_code(browser, dora.email)
    page = browser.post(ENTER, code=code)
    assert "Check the code" in page.text
    assert not UserSession.objects.exists()
