"""My account > Second factors: setting one up, recovery codes, taking one away (S25, S26, S5)."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pyotp
import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from schoolgate.audit.actions import user_actor
from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import factors, recovery_codes, totp
from schoolgate.sign_in.models import Passkey, RecoveryCode, Second, Totp, UserSession
from tests.web.browsing import Browser, Page
from tests.web.test_second_factor import an_app, no_grace

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

APP, CODES, FILE = (
    "/account/factors/app/",
    "/account/factors/codes/",
    "/account/factors/codes/recovery-codes.txt",
)
FACTORS = "/account/factors/"
_CODE = re.compile(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}")


def secret_on(page: Page) -> str:
    """The key that is shown beside the square."""
    (told,) = re.findall(r"sg-qr__key[^>]*>([^<]+)<", page.bytes.decode())
    return str(told).replace(" ", "")


def digits(secret: str, **later: float) -> str:
    return pyotp.TOTP(secret).at(timezone.now() + timedelta(**later))


def set_up(browser: Browser, **fields: str) -> Page:
    """Set up an app as a person does."""
    secret = secret_on(browser.get(APP))
    return browser.post(APP, code=digits(secret), follow=True, **fields)


# Setting up


def test_an_app_is_set_up_and_its_recovery_codes_are_shown(cast, browse):
    browser = browse(cast.dora)
    page = set_up(browser)
    assert "Your authenticator app is set up." in page.text
    codes = _CODE.findall(page.text)
    assert len(set(codes)) == 10
    assert recovery_codes.use(cast.dora.pk, codes[0])
    assert "Authenticator app" in browser.get(FACTORS).text


def test_the_square_says_what_the_key_says(cast, browse):
    Organisation.objects.create(name="Northshire & Co")
    page = browse(cast.dora).get(APP)
    told = pyotp.parse_uri(html.unescape(page.link("Open it in the app")))
    assert told.secret == secret_on(page)
    assert (told.issuer, told.name) == ("Northshire & Co", "dora@abbey.example")
    assert "<svg" in page.bytes.decode()


def test_a_page_that_is_loaded_again_shows_the_same_key(cast, browse):
    browser = browse(cast.dora)
    assert secret_on(browser.get(APP)) == secret_on(browser.get(APP))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "of another"])
def test_a_wrong_code_sets_up_nothing_and_keeps_the_key(cast, browse, code):
    browser = browse(cast.dora)
    secret = secret_on(browser.get(APP))
    page = browser.post(APP, code=digits(totp.start()) if code == "of another" else code)
    assert page.title.startswith("Error") and secret_on(page) == secret
    assert not factors.has_factor(cast.dora.pk)


def test_a_key_of_half_an_hour_ago_is_none(clock, cast, browse):
    browser = browse(cast.dora)
    secret = secret_on(browser.get(APP))
    clock.wait(minutes=14)
    browser.get("/account/")
    clock.wait(minutes=17)
    UserSession.objects.update(confirmed_at=timezone.now(), seen_at=timezone.now())
    page = browser.post(APP, code=digits(secret))
    assert "Scan the square anew" in page.text and secret_on(page) != secret
    assert not factors.has_factor(cast.dora.pk)


def test_a_key_that_no_page_has_shown_is_none(cast, browse):
    secret = totp.start()
    page = browse(cast.dora).post(APP, code=digits(secret), secret=secret)
    assert "Scan the square anew" in page.text
    assert not factors.has_factor(cast.dora.pk)


def test_the_key_of_one_user_sets_up_nothing_for_the_next_in_the_same_browser(
    cast, browse, with_password
):
    password = with_password(cast.theo)
    browser = browse(cast.dora)
    secret = secret_on(browser.get(APP))
    kept = dict(browser.client.session.items())["new-app"]
    browser.post("/sign-out/")
    browser.post("/sign-in/", name="theo@brook.example", password=password)
    session = browser.client.session
    session["new-app"] = kept
    session.save()
    browser.post(APP, code=digits(secret))
    assert not Totp.objects.exists()


def test_no_secret_lies_open_in_the_database(cast, browse):
    browser = browse(cast.dora)
    secret = secret_on(browser.get(APP))
    (session,) = Session.objects.all()
    assert secret not in json.dumps(session.get_decoded())
    codes = _CODE.findall(browser.post(APP, code=digits(secret), follow=True).text)
    told = json.dumps([s.get_decoded() for s in Session.objects.all()])
    told += str([list(model.objects.values()) for model in (Totp, RecoveryCode, Event)])
    assert all(word not in told for word in (secret, *codes))


def test_s25_the_session_in_which_it_is_set_up_goes_on_and_others_end(cast, browse):
    here, there = browse(cast.dora), browse(cast.dora)
    set_up(here)  # not ticked: a session without second factor is over all the same
    assert here.get("/pupils/").status == 200
    assert there.get("/pupils/").leads_to.startswith("/sign-in/")
    assert UserSession.objects.filter(second=Second.TOTP).count() == 1


def test_s25_when_the_grace_is_over_it_can_be_set_up_and_then_all_is_open(cast, browse):
    no_grace()
    browser = browse(cast.dora)
    page = browser.get("/pupils/", follow=True)
    assert page.leads_to == FACTORS
    page = browser.get(FACTORS)
    assert "Set up a second factor to go on." in page.text
    assert "Settings" not in page.text and "My pupils" not in page.text
    page = browser.get(page.link("An authenticator app"))
    assert browser.post(APP, code=digits(secret_on(page))).leads_to == CODES
    assert browser.get("/pupils/").status == 200


def test_s05_another_phone_ends_the_sessions_elsewhere_if_that_is_left_ticked(cast, browse):
    for others, stays in (("on", False), ("", True)):
        an_app(cast.dora)
        here, there = browse(cast.dora), browse(cast.dora)
        UserSession.objects.update(second=Second.TOTP)
        set_up(here, others=others)
        assert (there.get("/pupils/").status == 200) is stays
        assert here.get("/pupils/").status == 200


def test_another_phone_takes_the_place_of_the_first_and_leaves_the_codes(cast, browse):
    old = an_app(cast.dora)
    (code, *_) = recovery_codes.make_new(user_id=cast.dora.pk, by=user_actor(cast.dora.pk))
    browser = browse(cast.dora)
    UserSession.objects.update(second=Second.TOTP)
    page = set_up(browser)
    assert not _CODE.search(page.text)
    assert not totp.check(cast.dora.pk, digits(old))
    assert recovery_codes.use(cast.dora.pk, code)


def test_its_user_is_told_by_mail(cast, browse):
    browser = browse(cast.dora)
    set_up(browser)
    assert [mail.user_id for mail in Mail.objects.filter(kind="sign-in-changed")] == [cast.dora.pk]


def test_what_is_for_you_alone_is_asked_for_anew_after_a_quarter_of_an_hour(cast, browse):
    an_app(cast.dora)
    browser = browse(cast.dora)
    UserSession.objects.update(
        second=Second.TOTP, confirmed_at=timezone.now() - timedelta(minutes=15, seconds=1)
    )
    for address in (APP, f"{APP}remove/", CODES):
        for page in (browser.get(address), browser.post(address, step="make", others="on")):
            assert page.leads_to.startswith("/account/confirm/?next=%2Faccount%2Ffactors"), address
    assert factors.kinds(cast.dora.pk) == {Second.TOTP}


# Taking away


def with_session_of_two(browse, user) -> Browser:
    browser = browse(user)
    UserSession.objects.update(second=Second.TOTP)
    return browser


def test_s25_the_last_one_of_staff_stays(cast, browse):
    an_app(cast.dora)
    page = with_session_of_two(browse, cast.dora).post(f"{APP}remove/", others="on")
    assert "Set up another second factor first" in page.text
    assert factors.has_factor(cast.dora.pk)


def test_whoever_needs_none_takes_it_away_and_the_codes_go_with_it(cast, browse):
    an_app(cast.noor)
    recovery_codes.make_first(user_id=cast.noor.pk, by=user_actor(cast.noor.pk))
    browser = with_session_of_two(browse, cast.noor)
    assert "codes go with it" in browser.get(f"{APP}remove/").text
    assert browser.post(f"{APP}remove/", others="on").leads_to == FACTORS
    assert factors.kinds(cast.noor.pk) == set()
    assert browser.get(FACTORS).status == 200


def test_with_a_passkey_besides_the_app_can_go(cast, browse):
    an_app(cast.dora)
    Passkey.objects.create(
        user=cast.dora, name="Phone", credential_id="x", public_key=b"", made_at=timezone.now()
    )
    browser = with_session_of_two(browse, cast.dora)
    assert "Passkey: Phone" in browser.get(FACTORS).text
    assert browser.post(f"{APP}remove/").leads_to == FACTORS
    assert factors.kinds(cast.dora.pk) == {Second.PASSKEY}


# Recovery codes


def test_codes_are_shown_until_they_are_kept_and_never_again(cast, browse):
    browser = browse(cast.dora)
    codes = _CODE.findall(set_up(browser).text)
    assert _CODE.findall(browser.get(CODES).text) == codes
    told = browser.get(FILE)
    assert _CODE.findall(told.bytes.decode()) == codes
    assert "attachment" in told.response.headers["Content-Disposition"]
    assert told.response.headers["Cache-Control"] == "no-store"

    assert browser.post(CODES, step="kept").leads_to == FACTORS
    assert not _CODE.search(browser.get(CODES).text)
    assert browser.get(FILE).leads_to == CODES
    assert "10 codes are left" in browser.get(CODES).text.replace("\u00a0", " ")


def test_codes_are_shown_for_ten_minutes_at_the_most(clock, cast, browse):
    browser = browse(cast.dora)
    set_up(browser)
    clock.wait(minutes=10, seconds=1)
    assert not _CODE.search(browser.get(CODES).text)
    assert browser.get(FILE).leads_to == CODES


def test_codes_are_of_nobody_who_signs_in_in_the_same_browser_next(cast, browse, with_password):
    password = with_password(cast.theo)
    browser = browse(cast.dora)
    set_up(browser)
    kept = dict(browser.client.session.items())["fresh-codes"]
    browser.post("/sign-out/")
    browser.post("/sign-in/", name="theo@brook.example", password=password)
    assert not _CODE.search(browser.get(CODES).text)
    session = browser.client.session
    session["fresh-codes"] = kept
    session.save()
    assert not _CODE.search(browser.get(CODES).text)


def test_new_codes_take_the_place_of_the_old(cast, browse):
    browser = browse(cast.dora)
    (old, *_) = _CODE.findall(set_up(browser).text)
    browser.post(CODES, step="kept")
    (new, *_) = _CODE.findall(browser.post(CODES, step="make", follow=True).text)
    assert Mail.objects.filter(kind="sign-in-changed", user_id=cast.dora.pk).count() == 2
    assert not recovery_codes.use(cast.dora.pk, old)
    assert recovery_codes.use(cast.dora.pk, new)


def test_without_a_second_factor_there_are_no_codes_to_make(cast, browse):
    page = browse(cast.dora).post(CODES, step="make")
    assert "Set up a second factor first" in page.text
    assert not RecoveryCode.objects.exists()


# Coming back


def test_signing_in_with_the_app_and_with_a_code(clock, cast, browse, with_password):
    password = with_password(cast.dora)
    first = browse(cast.dora)
    secret = secret_on(first.get(APP))
    codes = _CODE.findall(first.post(APP, code=digits(secret), follow=True).text)
    clock.wait(minutes=2)
    for right, kind in ((digits(secret), Second.TOTP), (codes[3], Second.RECOVERY_CODE)):
        browser = Browser(Client())
        browser.post("/sign-in/", name="dora@abbey.example", password=password)
        assert browser.post("/sign-in/second/", code=right).leads_to == "/"
        assert browser.get("/pupils/").status == 200
        assert UserSession.objects.order_by("-pk")[0].second == kind
    page = browser.get(FACTORS).text.replace("\u00a0", " ")
    assert "9 codes are left" in page


def test_after_a_reset_there_is_no_new_grace(clock, cast, browse, with_password):
    password = with_password(cast.dora)
    set_up(browse(cast.dora))
    factors.reset([cast.dora.pk], by=cast.as_ada)
    browser = Browser(Client())
    browser.post("/sign-in/", name="dora@abbey.example", password=password)
    assert browser.get("/pupils/").leads_to == FACTORS
    set_up(browser)
    assert browser.get("/pupils/").status == 200
