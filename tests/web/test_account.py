"""My account: details, password, devices, notices (S5, S57)."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from schoolgate.access import ends
from schoolgate.access.actions import NewGrant, grant
from schoolgate.access.roles import DESIGNATED_TEACHER
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Source
from schoolgate.outbox.models import Mail
from schoolgate.people.actions import change_users
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in.models import SessionEnding, UserSession
from tests.web.browsing import PASSWORD, Browser

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

NEW = "another horse battery staple"
PASSWORD_PAGE = "/account/password/"


@pytest.fixture
def signs_in(with_password):
    """A browser in which somebody has signed in by their password."""

    def sign_in(user: User, agent: str = "") -> Browser:
        password = with_password(user)
        browser = Browser(Client(headers={"user-agent": agent}))
        page = browser.post("/sign-in/", name=user.email or user.username, password=password)
        assert page.leads_to == "/"
        return browser

    return sign_in


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status == 200


# Details


def test_the_name_in_the_header_leads_to_my_account(cast, browse):
    browser = browse(cast.dora)
    page = browser.get(browser.get("/pupils/").link("My account"))
    assert page.title.startswith("My account")
    assert "dora@abbey.example" in page.text
    assert "1 device" in page.text.replace("\u00a0", " ")


def test_phone_and_job_title_are_mine_to_change(cast, browse):
    browser = browse(cast.dora)
    page = browser.get("/account/details/")
    done = browser.post(
        "/account/details/", follow=True, phone="0117 496 0000", job_title=" SENCo ",
        first_name="Queen", email="x@y.example", **page.hidden(),
    )  # fmt: skip
    assert "0117 496 0000" in done.text and "SENCo" in done.text
    dora = User.objects.get(pk=cast.dora.pk)
    assert (dora.first_name, dora.email, dora.job_title) == ("Dora", "dora@abbey.example", "SENCo")
    (event,) = Event.objects.filter(verb="changed", user_id=dora.pk)
    assert event.fields == "phone,job_title"


def test_s57_a_stale_edit_loses_nothing(cast, browse):
    browser = browse(cast.dora)
    seen = browser.get("/account/details/").hidden()
    change_users([(cast.dora.pk, "phone", "020 7946 0000")], by=SYSTEM)

    page = browser.post("/account/details/", phone="0117 496 0000", job_title="SENCo", **seen)
    assert "somebody else has changed this" in page.text
    assert "020 7946 0000" in page.text and 'value="0117 496 0000"' in page.bytes.decode()
    assert User.objects.get(pk=cast.dora.pk).phone == "020 7946 0000"

    given = {"phone": "0117 496 0000", "job_title": "SENCo"}
    assert browser.post("/account/details/", **given, **page.hidden()).leads_to == "/account/"
    assert User.objects.get(pk=cast.dora.pk).phone == "0117 496 0000"


def test_s57_what_only_somebody_else_changed_stays_as_they_left_it(cast, browse):
    browser = browse(cast.dora)
    seen = browser.get("/account/details/").hidden()
    change_users([(cast.dora.pk, "phone", "020 7946 0000")], by=SYSTEM)

    page = browser.post("/account/details/", phone="", job_title="SENCo", **seen)
    assert page.leads_to == "/account/"
    dora = User.objects.get(pk=cast.dora.pk)
    assert (dora.phone, dora.job_title) == ("020 7946 0000", "SENCo")


def test_s57_a_forged_beginning_overwrites_nothing(cast, browse):
    change_users([(cast.dora.pk, "phone", "020 7946 0000")], by=SYSTEM)
    page = browse(cast.dora).post("/account/details/", phone="1", job_title="", seen="forged")
    assert "somebody else has changed this" in page.text
    assert User.objects.get(pk=cast.dora.pk).phone == "020 7946 0000"


# Password


def test_the_password_is_changed_by_the_one_there_is(cast, signs_in):
    browser = signs_in(cast.dora)
    assert browser.post(PASSWORD_PAGE, current=PASSWORD, password=NEW).status == 302
    assert User.objects.get(pk=cast.dora.pk).check_password(NEW)
    assert is_in(browser)
    (mail,) = Mail.objects.filter(kind="sign-in-changed")
    assert (mail.user_id, mail.address) == (cast.dora.pk, "dora@abbey.example")


@pytest.mark.parametrize("current", ["", "not the password", NEW])
def test_a_wrong_password_changes_nothing(cast, signs_in, current):
    browser = signs_in(cast.dora)
    page = browser.post(PASSWORD_PAGE, current=current, password=NEW)
    assert page.status == 200 and page.title.startswith("Error")
    assert User.objects.get(pk=cast.dora.pk).check_password(PASSWORD)
    assert NEW.encode() not in page.bytes


@pytest.mark.parametrize("password", ["too short", "password12345", "dora@abbey.example"])
def test_s23_a_weak_new_password_is_refused(cast, signs_in, password):
    page = signs_in(cast.dora).post(PASSWORD_PAGE, current=PASSWORD, password=password)
    assert "Choose" in page.text
    assert User.objects.get(pk=cast.dora.pk).check_password(PASSWORD)


def test_s24_a_stranger_at_an_open_screen_does_not_guess_on_and_on(cast, signs_in):
    browser = signs_in(cast.dora)
    for n in range(10):
        browser.post(PASSWORD_PAGE, current=f"guess {n}", password=NEW)
    page = browser.post(PASSWORD_PAGE, current=PASSWORD, password=NEW)
    assert "Wait five minutes" in page.text
    assert User.objects.get(pk=cast.dora.pk).check_password(PASSWORD)


def test_whoever_has_no_password_chooses_one_once_they_have_proved_who_they_are(cast, browse):
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    browser = browse(cast.dora)
    UserSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=16))
    assert browser.post(PASSWORD_PAGE, password=NEW).leads_to.startswith("/account/confirm/")
    UserSession.objects.update(confirmed_at=timezone.now())
    assert "Choose a password" in browser.get(PASSWORD_PAGE).text
    assert browser.post(PASSWORD_PAGE, password=NEW).leads_to == "/account/"
    assert User.objects.get(pk=cast.dora.pk).check_password(NEW)


def test_s05_a_new_password_ends_other_sessions_if_that_is_left_ticked(cast, signs_in):
    here, there = signs_in(cast.dora), signs_in(cast.dora)
    (tick,) = re.findall(
        r"<input[^>]* name=\"others\"[^>]*>", here.get(PASSWORD_PAGE).bytes.decode()
    )
    assert " checked" in tick
    here.post(PASSWORD_PAGE, current=PASSWORD, password=NEW, others="on")
    assert (is_in(here), is_in(there)) == (True, False)
    (ended,) = UserSession.objects.exclude(ended_at=None)
    assert ended.ended_how == SessionEnding.CHANGED


def test_s05_and_leaves_them_if_it_is_not(cast, signs_in):
    here, there = signs_in(cast.dora), signs_in(cast.dora)
    here.post(PASSWORD_PAGE, current=PASSWORD, password=NEW)
    assert (is_in(here), is_in(there)) == (True, True)


def test_s05_sessions_of_others_stay(cast, signs_in):
    here, other = signs_in(cast.dora), signs_in(cast.theo)
    here.post(PASSWORD_PAGE, current=PASSWORD, password=NEW, others="on")
    assert is_in(other)


# Devices

PHONE = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36"


def test_the_devices_are_told_apart(cast, signs_in):
    signs_in(cast.dora, PHONE)
    here = signs_in(cast.dora, "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/132.0")
    rows = here.get("/account/sessions/").rows()
    assert [row[0].partition(" network")[0] for row in rows[:2]] == [
        "Firefox on Windows",
        "Chrome on Android",
    ]
    assert rows[0][-1] == "This device" and rows[1][-1].startswith("Sign out")
    assert [row[1] for row in rows[2:]] == ["Signed in", "Signed in"]


def test_s05_one_device_is_signed_out(cast, signs_in):
    phone, tablet, here = signs_in(cast.dora, PHONE), signs_in(cast.dora), signs_in(cast.dora)
    lost = UserSession.objects.get(device="Chrome on Android")
    page = here.post("/account/sessions/", follow=True, session=lost.pk)
    assert "Signed out there" in page.text
    assert (is_in(phone), is_in(tablet), is_in(here)) == (False, True, True)
    lost.refresh_from_db()
    assert (lost.ended_how, lost.ended_by_id) == (SessionEnding.BY_SELF, cast.dora.pk)
    assert Event.objects.filter(verb="ended", kind="session", object_id=lost.pk).count() == 1


def test_s05_all_other_devices_are_signed_out(cast, signs_in):
    phone, tablet, here = signs_in(cast.dora, PHONE), signs_in(cast.dora), signs_in(cast.dora)
    here.post("/account/sessions/", session="others")
    assert (is_in(phone), is_in(tablet), is_in(here)) == (False, False, True)


@pytest.mark.parametrize("session", ["theirs", "mine", "0", "-1", "x", "", "9" * 5000, "²"])
def test_nobody_ends_the_session_of_somebody_else_here(cast, signs_in, session):
    here, other = signs_in(cast.dora), signs_in(cast.theo)
    ids = {
        "theirs": UserSession.objects.get(user=cast.theo).pk,
        "mine": UserSession.objects.get(user=cast.dora).pk,
    }
    page = here.post("/account/sessions/", follow=True, session=ids.get(session, session))
    assert "that was over already" in page.text
    assert (is_in(here), is_in(other)) == (True, True)


def test_as_many_queries_for_one_device_as_for_three(cast, browse, count_queries):
    here = browse(cast.dora)
    here.get("/account/sessions/")
    for _ in range(2):
        with count_queries(7):
            here.get("/account/sessions/")
        for _ in range(2):
            browse(cast.dora)


# S6


def test_s06_a_session_is_over_after_half_an_hour_without_use(clock, cast, signs_in):
    browser = signs_in(cast.dora)
    for _ in range(3):
        clock.wait(minutes=29)
        assert is_in(browser)
    clock.wait(minutes=30, seconds=1)
    assert not is_in(browser)


def test_s06_a_session_is_over_after_twelve_hours_however_it_is_used(clock, cast, signs_in):
    browser = signs_in(cast.dora)
    for _ in range(12 * 60 // 25):
        clock.wait(minutes=25)
        assert is_in(browser)
    clock.wait(minutes=21)
    assert not is_in(browser)


def test_s06_one_that_is_over_is_no_device_any_more(clock, cast, signs_in):
    signs_in(cast.dora, PHONE)
    clock.wait(minutes=31)
    here = signs_in(cast.dora)
    assert "Android" not in here.get("/account/sessions/").rows()[0][0]
    assert "1 device" in here.get("/account/").text.replace("\u00a0", " ")


def test_s06_the_key_of_the_browser_session_is_new_after_sign_in_and_password(cast, with_password):
    password = with_password(cast.dora)
    browser = Browser(Client())
    browser.get("/sign-in/")
    session = browser.client.session
    session["before"] = 1
    session.save()
    keys = [str(session.session_key)]
    browser.client.cookies["schoolgate-session"] = keys[0]
    browser.post("/sign-in/", name="dora@abbey.example", password=password)
    keys.append(str(browser.client.session.session_key))
    browser.post(PASSWORD_PAGE, current=password, password=NEW)
    keys.append(str(browser.client.session.session_key))
    assert len(set(keys)) == 3
    for old in keys[:2]:
        stale = Browser(Client())
        stale.client.cookies["schoolgate-session"] = old
        assert not is_in(stale)


# Notices


def ending(user: User, last_day: date) -> None:
    """Let the user hold a role at Abbey until that day."""
    held = NewGrant(user.pk, DESIGNATED_TEACHER.code, None, None, timezone.localdate(), last_day)
    grant([held], by=SYSTEM, source=Source.BY_HAND)


def test_what_mail_is_to_come_is_what_is_sent(clock, cast, browse):
    ending(cast.noor, clock.day(20))
    assert ends.notices_to_come(cast.noor.pk) == [
        ends.Coming(clock.day(20), [clock.day(6), clock.day(17)])
    ]
    sent = []
    for _ in range(21):
        if ends.post_notices():
            sent.append(clock.today)
        clock.wait(days=1)
    assert sent == [date(2026, 3, 8), date(2026, 3, 19)]


def test_a_notice_that_has_gone_is_not_to_come(clock, cast, browse):
    ending(cast.noor, clock.day(10))
    assert ends.notices_to_come(cast.noor.pk)[0].told_on == [clock.today, clock.day(7)]
    ends.post_notices()
    assert ends.notices_to_come(cast.noor.pk)[0].told_on == [clock.day(7)]
    text = browse(cast.noor).get("/account/notices/").text
    assert "ends after 12 March 2026" in text and "by mail on 9 March 2026." in text
    clock.wait(days=8)
    ends.post_notices()
    assert ends.notices_to_come(cast.noor.pk)[0].told_on == []
    assert "You have been told by mail" in browse(cast.noor).get("/account/notices/").text


def test_notices_are_of_nobody_else(clock, cast, browse):
    ending(cast.noor, clock.day(10))
    assert ends.notices_to_come(cast.dora.pk) == []
    assert "nothing that you hold has a last day" in browse(cast.dora).get("/account/notices/").text


def test_whoever_has_no_address_is_told_that_no_mail_comes(cast, browse):
    User.objects.filter(pk=cast.noor.pk).update(email="", email_key=None, username="noor")
    assert "No mail is sent to you" in browse(cast.noor).get("/account/notices/").text
