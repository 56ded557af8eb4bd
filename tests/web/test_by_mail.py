"""Asking for mail at the sign-in page, and coming in by what it holds."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from schoolgate.access.actions import allow, deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.jobs import asked_worker
from schoolgate.kit.records import Ending
from schoolgate.outbox.models import Mail
from schoolgate.people.actions import remove_users, set_password
from schoolgate.people.models import User
from schoolgate.schools.models import Organisation
from schoolgate.sign_in.models import (
    AskedByMail,
    AskedKind,
    Door,
    Guesses,
    Outcome,
    SignInEvent,
    UserSession,
)
from tests import factories
from tests.sign_in.mailed import reset_link, secret_of
from tests.web.browsing import PASSWORD, masked
from tests.web.test_second_factor import an_app, no_grace

ASKING = {AskedKind.RESET: "/sign-in/forgotten/", AskedKind.CODE: "/sign-in/code/"}
BOTH = pytest.mark.parametrize("kind", list(ASKING))
ANOTHER = "velvet harbour thistle drum"
ENTER = "/sign-in/code/enter/"


@pytest.fixture(autouse=True)
def mail_goes_somewhere(settings):
    settings.MAIL = "smtp://127.0.0.1"


@pytest.fixture
def dora(cast) -> User:
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    return cast.dora


def newest_secret() -> str:
    """What the worker puts into the mail that was asked for last."""
    while asked_worker.look():
        pass
    return secret_of(AskedByMail.objects.latest("pk"))


def asks_for_code(browser, name: str, **more) -> str:
    """Ask for a code in the browser; the code, from the mail."""
    assert browser.post("/sign-in/code/", name=name, **more).leads_to == ENTER
    return newest_secret()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


# Asking


def test_the_sign_in_page_leads_to_both(db, browse):
    page = browse(None).get("/sign-in/", next="/pupils/?q=h&x=1")
    assert page.link("Forgotten your password?") == "/sign-in/forgotten/"
    code = page.link("E-mail me a code instead")
    assert code == "/sign-in/code/?next=%2Fpupils%2F%3Fq%3Dh%26x%3D1"
    assert 'value="/pupils/?q=h&amp;x=1"' in browse(None).client.get(code).content.decode()


CLASSES = ["known", "by user name", "unknown", "denied", "not set up", "gone", "no address"]


def a_name_of(cast, what: str) -> str:
    """The name of somebody of this class."""
    person = factories.user(
        email="" if what == "no address" else f"{what.replace(' ', '.')}@x.example",
        username=what.replace(" ", "."),
    )
    if what != "not set up":
        set_password(user=person, password=PASSWORD, by=SYSTEM)
    if what == "denied":
        deny([person.pk], by=SYSTEM)
    if what == "gone":
        remove_users([person.pk], how=Ending.REMOVED, by=SYSTEM)
    if what == "unknown":
        return "nobody@nowhere.example"
    return person.username if what in ("by user name", "no address") else person.email


def answers_to(browse, kind: AskedKind, name: str) -> list[object]:
    """Everything that somebody is told who asks: status, headers and bytes of each answer, and what
    the database was asked."""
    browser, told = browse(None), []
    with questions() as asked:
        sent = browser.post(ASKING[kind], name=name)
        page = browser.get(sent.leads_to)
        again = browser.post(ASKING[kind], name=name)
        answers = [sent, page, again]
        if kind == AskedKind.CODE:
            answers += [browser.post(ENTER, code="000000") for _ in range(7)]
    for answer in answers:
        told += [answer.status, dict(answer.response.headers), masked(answer.response)]
    return [*told, asked]


@contextmanager
def questions() -> Iterator[list[str]]:
    """What the database is asked, without the values."""
    asked: list[str] = []

    def note(execute, sql, params, many, context):
        asked.append(re.sub(r'SAVEPOINT "?\w+"?', "SAVEPOINT", sql))  # each has a name of its own
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield asked


@BOTH
def test_s11_whoever_asks_is_told_the_same(cast, browse, kind):
    found = {}
    for what in CLASSES:
        name = a_name_of(cast, what)
        before = Mail.objects.count()
        found[what] = answers_to(browse, kind, name)
        assert Mail.objects.count() == before, "nothing is posted within the request"
        Guesses.objects.exclude(key="").delete()  # of the network, which they share
    assert found["known"][0] == 302
    for what in CLASSES[1:]:
        assert found[what] == found["known"], what


@BOTH
def test_s11_codes_are_told_the_same_once_the_worker_has_looked(cast, browse, kind):
    found = []
    for what in CLASSES:
        browser = browse(None)
        browser.post(ASKING[AskedKind.CODE], name=a_name_of(cast, what))
        while asked_worker.look():
            pass
        row = AskedByMail.objects.latest("pk")
        if row.user_id and kind == AskedKind.CODE:
            secret_of(row)
        with questions() as asked:
            page = browser.post(ENTER, code="none")
        found.append((page.status, dict(page.response.headers), masked(page.response), asked))
        Guesses.objects.all().delete()
    assert all(one == found[0] for one in found)


@BOTH
def test_s11_whoever_asks_too_often_is_told_the_same_and_sent_nothing(browse, dora, kind):
    browser, pages = browse(None), []
    for _ in range(7):
        sent = browser.post(ASKING[kind], name=dora.email)
        pages.append((sent.status, sent.leads_to, masked(sent.response)))
    assert len(set(pages)) == 1
    assert AskedByMail.objects.count() == 5
    outcomes = SignInEvent.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == [Outcome.ASKED] * 5 + [Outcome.TOO_MANY] * 2
    other = browse(None).post(ASKING[kind], name="nobody@nowhere.example")
    assert AskedByMail.objects.count() == 6
    assert (other.status, other.leads_to, masked(other.response)) == pages[0]


def test_asking_is_limited_by_network_too(browse, dora):
    for number in range(52):
        browse(None).post("/sign-in/forgotten/", name=f"n{number}@x.example")
    assert AskedByMail.objects.count() == 50


@BOTH
def test_the_note_at_the_door_has_no_name(browse, dora, kind):
    browse(None).post(ASKING[kind], name=dora.email)
    (event,) = SignInEvent.objects.all()
    assert (event.outcome, event.user_id) == (Outcome.ASKED, None)
    assert event.address == "127.0.0.1"
    asked_worker.look()
    assert SignInEvent.objects.get().user_id == dora.pk


@BOTH
def test_where_no_mail_is_sent_the_page_says_so(browse, dora, kind, settings):
    settings.MAIL = ""
    page = browse(None).get(ASKING[kind])
    assert "no e-mail is sent from here" in page.text
    assert b'name="name"' not in page.bytes
    assert browse(None).post(ASKING[kind], name=dora.email).status == 200
    assert not AskedByMail.objects.exists()


@BOTH
def test_an_empty_name_is_named(db, browse, kind):
    page = browse(None).post(ASKING[kind], name=" ")
    assert "Enter your e-mail address or user name." in page.text
    assert page.title.startswith("Error: ")


def test_the_page_names_whom_to_ask(db, browse):
    Organisation.objects.create(name="Northshire", contact="the help desk")
    for address in ASKING.values():
        assert "Without an e-mail address in your account" in browse(None).get(address).text
        assert "ask the help desk" in browse(None).get(address).text


# The link


def standing() -> list:
    return [list(m.objects.order_by("pk").values()) for m in (AskedByMail, User, Event)]


def test_s19_opening_the_link_consumes_nothing_however_often(dora, browse):
    token = reset_link(dora)
    before = standing()
    for _ in range(3):
        for method in ("get", "head", "options", "put", "delete"):
            getattr(Client(), method)(f"/sign-in/forgotten/{token}/", HTTP_USER_AGENT="SafeLinks")
    page = browse(None).get(f"/sign-in/forgotten/{token}/")
    assert page.status == 200
    assert "d•••@abbey.example" in page.text
    for private in ("Dora", "Teague", "dora@", token):
        assert private not in page.bytes.decode()
    assert standing() == before


def test_a_new_password_by_mail(dora, browse):
    elsewhere, browser = browse(dora), browse(None)
    assert elsewhere.get("/pupils/").status == 200
    browser.post("/sign-in/forgotten/", name="dora@abbey.example")
    token = newest_secret()
    assert browser.post(f"/sign-in/forgotten/{token}/", password=ANOTHER).leads_to == "/"
    assert "Amira" in browser.get("/pupils/").text
    assert elsewhere.get("/pupils/").leads_to.startswith("/sign-in/")
    (session,) = UserSession.objects.filter(user=dora, ended_at=None)
    assert session.door == Door.PASSWORD
    old = browse(None).post("/sign-in/", name=dora.email, password=PASSWORD)
    assert "Check your e-mail address" in old.text
    assert browse(None).post("/sign-in/", name=dora.email, password=ANOTHER).leads_to == "/"


def test_s25_a_new_password_leads_to_the_second_factor(dora, browse):
    secret, browser = an_app(dora), browse(None)
    page = browser.post(f"/sign-in/forgotten/{reset_link(dora)}/", password=ANOTHER)
    assert page.leads_to == "/sign-in/second/"
    assert browser.get("/pupils/").leads_to.startswith("/sign-in/")
    assert not UserSession.objects.exists()
    browser.post("/sign-in/second/", code=pyotp.TOTP(secret).at(timezone.now()))
    assert browser.get("/pupils/").status == 200


def test_s25_without_a_second_factor_that_is_due_the_link_opens_nothing_else(dora, browse):
    no_grace()
    browser = browse(None)
    browser.post(f"/sign-in/forgotten/{reset_link(dora)}/", password=ANOTHER)
    assert browser.get("/pupils/").leads_to == "/account/factors/"


def test_a_password_that_will_not_do_uses_nothing_up(dora, browse):
    token = reset_link(dora)
    page = browse(None).post(f"/sign-in/forgotten/{token}/", password="short")
    assert "Choose a password of at least 12 characters" in page.text
    assert b"short" not in page.bytes
    assert browse(None).post(f"/sign-in/forgotten/{token}/", password=ANOTHER).status == 302


@pytest.mark.parametrize("what", ["never was", "used", "replaced", "denied", "allowed again"])
def test_s03_links_that_do_not_work_are_the_same(dora, browse, what):
    token = "never-was" if what == "never was" else reset_link(dora)
    if what == "used":
        browse(None).post(f"/sign-in/forgotten/{token}/", password=ANOTHER)
    if what == "replaced":
        reset_link(dora)
    if what in ("denied", "allowed again"):
        deny([dora.pk], by=SYSTEM)
    if what == "allowed again":
        allow([dora.pk], by=SYSTEM)
    never = browse(None).get("/sign-in/forgotten/another/")
    for page in (
        browse(None).get(f"/sign-in/forgotten/{token}/"),
        browse(None).post(f"/sign-in/forgotten/{token}/", password="yet another pass phrase"),
    ):
        assert (page.status, page.bytes) == (404, never.bytes)
        assert page.response.headers == never.response.headers
    assert not User.objects.get(pk=dora.pk).check_password("yet another pass phrase")


# The code


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
    last = None
    for number in range(3):
        browser = browse(None)  # each with a code of its own
        code = asks_for_code(browser, dora.email)
        for _ in range(4):
            last = browser.post(ENTER, code=wrong(code))
        assert ("Wait five minutes" in last.text) is (number == 2)
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


# What is told elsewhere


@pytest.mark.parametrize("address", ["/sign-in/forgotten/{}/", "/address/{}/", "/address/stop/{}/"])
def test_s19_tokens_are_in_no_log_and_no_referer(db, browse, address, caplog):
    from schoolgate.web.logs import WithoutTokens, holds_token

    told = address.format("secret-token")
    record = logging.LogRecord("x", 30, "x", 1, "Not Found: %s", (told + "?x=1",), None)
    assert WithoutTokens().format(record) == f"Not Found: {address.format('...')}?x=1"
    assert holds_token(told)
    answer = browse(None).get(told).response
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"secret-token" not in answer.content
    for page in ("/sign-in/forgotten/", "/account/address/", "/sign-in/code/enter/"):
        assert not holds_token(page)
