"""Asking for mail at the sign-in page: everybody is told the same (S11)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.jobs import asked_worker
from schoolgate.kit.records import Ending
from schoolgate.outbox.models import Mail
from schoolgate.people.actions import remove_users, set_password
from schoolgate.people.models import User
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import guesses
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import (
    AskedByMail,
    AskedKind,
    Guesses,
    Outcome,
    SignInEvent,
)
from tests import factories
from tests.sign_in.mailed import secret_of
from tests.web.browsing import PASSWORD, masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ASKING = {AskedKind.RESET: "/sign-in/forgotten/", AskedKind.CODE: "/sign-in/code/"}
BOTH = pytest.mark.parametrize("kind", list(ASKING))
ENTER = "/sign-in/code/enter/"


@pytest.fixture(autouse=True)
def mail_goes_somewhere(settings):
    settings.MAIL = "smtp://127.0.0.1"


@pytest.fixture
def dora(cast) -> User:
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    return cast.dora


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
    most, _ = guesses.LIMITS[Kind.MAIL_ADDRESS]
    for _ in range(most - 2):  # others behind the same address have asked
        guesses.may_try(Kind.MAIL_ADDRESS, "127.0.0.1")
    for number in range(4):
        browse(None).post("/sign-in/forgotten/", name=f"n{number}@x.example")
    assert AskedByMail.objects.count() == 2


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
