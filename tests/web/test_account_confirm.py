"""Confirm it is you (ASVS 7.5.3, S24, S6)."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.utils import timezone

from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in.models import Second, SignInEvent, UserSession
from tests.web.browsing import Browser
from tests.web.test_second_factor import an_app

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

CONFIRM, APP = "/account/confirm/", "/account/factors/app/"


@pytest.fixture
def left_alone(browse):
    """A browser in which somebody signed in an hour ago."""

    def leave(user: User, second: Second = Second.NONE) -> Browser:
        browser = browse(user)
        long_ago = timezone.now() - timedelta(hours=1)
        UserSession.objects.update(confirmed_at=long_ago, second=second)
        return browser

    return leave


def test_by_the_password(cast, left_alone, with_password):
    password = with_password(cast.dora)
    browser = left_alone(cast.dora)
    page = browser.get(browser.get(APP).leads_to)
    assert page.title.startswith("Confirm it is you")
    done = browser.post(CONFIRM, step="password", password=password, **page.hidden())
    assert done.leads_to == APP
    assert browser.get(APP).status == 200


def test_by_a_code_of_the_app_once(cast, left_alone):
    secret = an_app(cast.dora)
    browser = left_alone(cast.dora, Second.TOTP)
    right = pyotp.TOTP(secret).at(timezone.now())
    assert browser.post(CONFIRM, step="code", code=right, next=APP).leads_to == APP
    page = browser.post(CONFIRM, step="code", code=right)
    assert page.status == 200 and "Check the code" in page.text


def test_it_holds_for_a_quarter_of_an_hour_and_in_this_browser_alone(
    clock, cast, left_alone, with_password
):
    password = with_password(cast.dora)
    here, there = left_alone(cast.dora), left_alone(cast.dora)
    here.post(CONFIRM, step="password", password=password)
    assert (here.get(APP).status, there.get(APP).status) == (200, 302)
    clock.wait(minutes=15, seconds=1)
    assert here.get(APP).status == 302


@pytest.mark.parametrize(
    "given",
    [
        {"step": "password", "password": "wrong"},
        {"step": "password", "password": ""},
        {"step": "code", "code": "000000"},
        {"step": "code", "code": ""},
        {"step": "", "password": "wrong"},
        {},
    ],
)
def test_nothing_else_will_do(cast, left_alone, with_password, given):
    with_password(cast.dora)
    an_app(cast.dora)
    browser = left_alone(cast.dora, Second.TOTP)
    assert browser.post(CONFIRM, **given).status == 200
    assert browser.get(APP).status == 302


def test_the_mark_that_stands_for_no_password_is_none(cast, left_alone):
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    browser = left_alone(cast.dora)
    page = browser.post(CONFIRM, step="password", password=NO_PASSWORD)
    assert "Sign out, sign in again" in page.text
    assert not SignInEvent.objects.exists()
    assert browser.get(APP).status == 302


def test_the_password_of_somebody_else_is_none(cast, left_alone, with_password):
    with_password(cast.theo)
    browser = left_alone(cast.dora)
    browser.post(CONFIRM, step="password", password=with_password(cast.theo))
    assert browser.get(APP).status == 302


def test_s24_it_is_not_guessed_on_and_on(clock, cast, left_alone, with_password):
    password, secret = with_password(cast.dora), an_app(cast.dora)
    browser = left_alone(cast.dora, Second.TOTP)
    for n in range(10):
        browser.post(CONFIRM, step="password", password=f"guess {n}")
    right = pyotp.TOTP(secret).at(timezone.now())
    for given in ({"step": "password", "password": password}, {"step": "code", "code": right}):
        assert "Wait five minutes" in browser.post(CONFIRM, **given).text
    assert browser.get(APP).status == 302
    events = SignInEvent.objects.filter(user_id=cast.dora.pk).order_by("pk")
    told = events.values_list("outcome", flat=True)
    assert list(told) == ["failed"] * 10 + ["too-many"] * 2
    clock.wait(minutes=5, seconds=1)
    assert browser.post(CONFIRM, step="password", password=password).status == 302


def test_s24_one_that_is_right_gives_no_new_guesses(cast, left_alone, with_password):
    password = with_password(cast.dora)
    browser = left_alone(cast.dora)
    for n in range(5):
        browser.post(CONFIRM, step="password", password=f"guess {n}")
    browser.post(CONFIRM, step="password", password=password)
    for n in range(5):
        browser.post(CONFIRM, step="password", password=f"guess {n}")
    assert "Wait five minutes" in browser.post(CONFIRM, step="password", password=password).text


def test_one_that_is_right_is_no_guess(clock, cast, left_alone, with_password):
    password, secret = with_password(cast.dora), an_app(cast.dora)
    browser = left_alone(cast.dora, Second.TOTP)
    for _ in range(11):
        assert browser.post(CONFIRM, step="password", password=password).status == 302
        clock.wait(seconds=30)
        right = pyotp.TOTP(secret).at(timezone.now())
        assert browser.post(CONFIRM, step="code", code=right).status == 302


def test_s06_the_key_of_the_browser_session_is_new_afterwards(cast, left_alone, with_password):
    password = with_password(cast.dora)
    browser = left_alone(cast.dora)
    before = browser.client.session.session_key
    browser.post(CONFIRM, step="password", password=password)
    assert browser.client.session.session_key != before
    assert browser.get("/account/").status == 200


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "javascript:1", ""])
def test_s59_it_leads_nowhere_else(cast, left_alone, with_password, next_):
    password = with_password(cast.dora)
    browser = left_alone(cast.dora)
    assert browser.post(CONFIRM, step="password", password=password, next=next_).leads_to == "/"


def test_whoever_has_none_of_them_is_told_what_to_do(cast, left_alone):
    User.objects.filter(pk=cast.noor.pk).update(password=NO_PASSWORD)
    browser = left_alone(cast.noor, Second.PROVIDER)
    page = browser.get(CONFIRM)
    assert "Sign out, sign in again as you always do" in page.text
    assert b'type="password"' not in page.bytes
