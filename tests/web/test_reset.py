"""The page on which somebody who has forgotten their password chooses a new one."""

from __future__ import annotations

import logging

import pyotp
import pytest
from django.test import Client
from django.utils import timezone

from schoolgate.access.actions import NewGrant, allow, deny, grant, revoke
from schoolgate.access.models import Grant
from schoolgate.access.sign_in import is_password_of
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Source
from schoolgate.people import first_passwords
from schoolgate.people.actions import set_password
from schoolgate.people.models import User
from schoolgate.sign_in.models import (
    AskedByMail,
    Door,
    UserSession,
)
from tests.sign_in.mailed import newest_secret, reset_link
from tests.web.browsing import PASSWORD
from tests.web.test_second_factor import an_app, no_grace

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ANOTHER = "velvet harbour thistle drum"


@pytest.fixture(autouse=True)
def mail_goes_somewhere(settings):
    settings.MAIL = "smtp://127.0.0.1"


@pytest.fixture
def dora(cast) -> User:
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    return cast.dora


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


def test_s22_a_new_password_by_mail_is_no_first_one_any_more(dora, browse):
    """What they chose is theirs: it outlives the first one, and the undo of its file."""
    User.objects.filter(pk=dora.pk).update(
        has_first_password=True, first_password_at=timezone.now(), first_password_import_id=7
    )
    browser = browse(None)
    link = f"/sign-in/forgotten/{reset_link(dora)}/"
    assert browser.post(link, password=ANOTHER).leads_to == "/"
    assert browser.get("/account/").status == 200
    first_passwords.take_back(7, by=SYSTEM)
    assert is_password_of(User.objects.get(pk=dora.pk), ANOTHER)


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


def test_s03_a_link_opens_nothing_for_whoever_is_shut_out_by_what_ended(cast, browse):
    """Denied at one school, and with a role at the other until today."""
    deny([cast.theo.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    token = reset_link(cast.theo)
    at_brook = Grant.objects.get(user=cast.theo, establishment=cast.brook)
    revoke([at_brook.pk], by=SYSTEM)
    address = f"/sign-in/forgotten/{token}/"
    assert browse(None).get(address).status == 404
    assert browse(None).post(address, password=ANOTHER).status == 404
    assert not User.objects.get(pk=cast.theo.pk).check_password(ANOTHER)
    grant(
        [NewGrant(cast.theo.pk, at_brook.role, cast.brook.pk, None, timezone.localdate())],
        by=cast.as_ada,
        source=Source.BY_HAND,
    )
    assert browse(None).get(address).status == 404, "it does not come back with another role"


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
