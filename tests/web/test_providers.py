"""Signing in with an account elsewhere, at a real provider (S8, S12, S25, S27)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.actions import allow, deny
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.people import invitations
from schoolgate.people.actions import set_password
from schoolgate.people.models import User
from schoolgate.sign_in import guesses, openid, providers
from schoolgate.sign_in.guesses import LIMITS, Kind
from schoolgate.sign_in.models import (
    Door,
    Outcome,
    ProviderLink,
    Second,
    SignInEvent,
    UserSession,
)
from schoolgate.sign_in.openid import Identity
from tests.sign_in import provider
from tests.sign_in.provider import SECRET
from tests.web.browsing import PASSWORD, masked
from tests.web.going import comes_with, goes, led_to
from tests.web.test_second_factor import an_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sign_in.provider import Running

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

NOBODY = (
    "Sign in another way, or ask for help: nobody is signed in here with that Northshire account."
)
UNTOLD = "Try again, or sign in another way: Northshire did not tell Schoolgate who you are."
AGAIN = "Begin again: this was begun in another browser or too long ago, or it is done already."


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Running, Running]]:
    with provider.running() as first, provider.running() as other:
        yield first, other


@pytest.fixture
def there(both, settings) -> Running:
    """The provider "northshire"; the other one is known as "elsewhere"."""
    openid.forget_all()
    settings.PROVIDERS = ["northshire", "elsewhere"]
    settings.PROVIDER_SETTINGS = {**both[0].settings("northshire"), **both[1].settings("elsewhere")}
    for running in both:
        running.do()
        running.be("subject-of-dora", email="dora@abbey.example", email_verified=True)
    return both[0]


@pytest.fixture
def dora(there, cast) -> User:
    """Dora, who has set up, and whose account at the provider is linked."""
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    a_link(cast.dora, "subject-of-dora", there.issuer)
    return cast.dora


def a_link(user: User, subject: str, issuer: str) -> ProviderLink:
    identity = Identity("northshire", issuer, subject, "dora@abbey.example", False)
    return providers.link(user_id=user.pk, identity=identity, by=user_actor(user.pk))


def is_nobody(browser) -> bool:
    """Whether nobody is in, and nobody is halfway in."""
    session = browser.client.session
    held = {"_auth_user_id", "user-session", "half"} & set(session.keys())
    return not held and browser.get("/").leads_to.startswith("/sign-in/")


def test_signing_in_with_an_account_elsewhere(dora, browse):
    browser = browse(None)
    assert "Continue with Northshire" in browser.get("/sign-in/").text
    page = comes_with(browser, next="/pupils/")
    assert page.leads_to == "/pupils/"
    assert "Amira" in browser.get("/pupils/").text
    session = UserSession.objects.get(user=dora)
    assert (session.door, session.second) == (Door.PROVIDER, Second.NONE)
    event = SignInEvent.objects.get()
    assert (event.outcome, event.door, event.user_id) == (
        Outcome.SIGNED_IN, Door.PROVIDER, dora.pk,
    )  # fmt: skip
    assert ProviderLink.objects.get().used_at


def test_the_page_that_leads_on_needs_no_form_that_leads_away(dora, browse):
    page = browse(None).post("/sign-in/with/northshire/")
    assert page.status == 200
    assert led_to(page) == page.link("Continue to Northshire")
    assert "form-action 'self'" in page.response.headers["Content-Security-Policy"]


def test_s27_the_same_address_at_a_second_provider_is_nobody(dora, browse, both):
    both[1].be("subject-of-dora", email="dora@abbey.example", email_verified=True)
    browser = browse(None)
    page = comes_with(browser, "elsewhere")
    assert page.text.count(NOBODY.replace("Northshire", "Elsewhere")) == 1
    assert is_nobody(browser)


def test_s27_nor_is_another_subject_with_the_same_address(dora, browse, there):
    for subject in ("subject-of-dora2", "SUBJECT-OF-DORA", "dora@abbey.example"):
        there.be(subject, email="dora@abbey.example", email_verified=True)
        browser = browse(None)
        assert NOBODY in comes_with(browser).text
        assert is_nobody(browser)
    assert ProviderLink.objects.count() == 1


def test_s27_a_changed_address_there_changes_nothing_here(dora, browse, there):
    there.be("subject-of-dora", email="theo@brook.example")
    browser = browse(None)
    assert comes_with(browser).leads_to == "/"
    assert UserSession.objects.get().user_id == dora.pk


def shut_out_in_each_way(cast, issuer: str) -> dict[str, str]:
    """People who must all look the same, each with an account there: by the account's subject."""
    people = {
        "of-denied": cast.theo, "of-gone": cast.liam, "of-invited": cast.sara,
        "of-never-invited": cast.noor,
    }  # fmt: skip
    for subject, user in people.items():
        set_password(user=user, password=PASSWORD, by=SYSTEM)
        a_link(user, subject, issuer)
    deny([cast.theo.pk], by=SYSTEM)
    User.objects.filter(pk=cast.liam.pk).update(gone_at=timezone.now())
    User.objects.filter(pk=cast.sara.pk).update(password="!")
    User.objects.filter(pk=cast.noor.pk).update(password="")
    invitations.invite([cast.sara.pk], by=SYSTEM)
    return {"of-nobody": "nobody", **{subject: user.first_name for subject, user in people.items()}}


def test_s12_denied_gone_invited_and_unknown_are_one_and_the_same(there, cast, browse):
    answers, counts = [], []
    for subject, name in shut_out_in_each_way(cast, there.issuer).items():
        there.be(subject, email=f"{name.lower()}@council.example")
        browser = browse(None)
        back = goes(browser.post("/sign-in/with/northshire/"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = browser.get(back)
        assert NOBODY in page.text, subject
        headers = sorted(page.response.headers.items())
        cookies = [
            {key: morsel[key] for key in morsel if key != "expires"}
            for morsel in page.response.cookies.values()
        ]
        answers.append((page.status, masked(page.response), headers, cookies))
        # The savepoints, with numbers of their own, left out.
        asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        counts.append([sql.split(" ")[:3] for sql in asked])
        assert is_nobody(browser), subject
    assert answers == [answers[0]] * 5
    assert counts == [counts[0]] * 5
    assert set(SignInEvent.objects.values_list("outcome", flat=True)) == {Outcome.FAILED}
    assert not UserSession.objects.exists()


def test_s2_allowed_again_they_come_in_by_the_door_and_by_no_old_session(dora, browse):
    browser = browse(None)
    comes_with(browser)
    deny([dora.pk], by=SYSTEM)
    assert browser.get("/").leads_to == "/sign-in/"
    assert NOBODY in comes_with(browse(None)).text
    allow([dora.pk], by=SYSTEM)
    assert browser.get("/").leads_to == "/sign-in/"
    assert comes_with(browse(None)).leads_to == "/"


def test_s12_denied_while_at_the_provider(dora, browse):
    browser = browse(None)
    back = goes(browser.post("/sign-in/with/northshire/"))
    deny([dora.pk], by=SYSTEM)
    assert NOBODY in browser.get(back).text
    assert is_nobody(browser)


def test_s25_a_second_factor_is_asked_for_after_it(dora, browse):
    secret = an_app(dora)
    browser = browse(None)
    page = comes_with(browser, next="/pupils/")
    assert page.leads_to == "/sign-in/second/"
    assert browser.get("/pupils/").leads_to.startswith("/sign-in/")
    page = browser.post("/sign-in/second/", code=pyotp.TOTP(secret).at(timezone.now()))
    assert page.leads_to == "/pupils/"
    session = UserSession.objects.get()
    assert (session.door, session.second) == (Door.PROVIDER, Second.TOTP)


def test_s25_one_there_counts_where_the_settings_trust_it(dora, browse, there, settings):
    an_app(dora)
    there.be("subject-of-dora", amr=["pwd", "mfa"])
    assert comes_with(browse(None)).leads_to == "/sign-in/second/"
    settings.PROVIDER_SETTINGS = {
        **settings.PROVIDER_SETTINGS,
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_TRUST_SECOND_FACTOR": "yes",
    }
    browser = browse(None)
    assert comes_with(browser).leads_to == "/"
    assert browser.get("/").status == 200
    assert UserSession.objects.get().second == Second.PROVIDER
    there.be("subject-of-dora", amr=["pwd"])
    assert comes_with(browse(None)).leads_to == "/sign-in/second/"


def test_s25_whoever_showed_one_there_owes_none_here(dora, browse, there, settings):
    from tests.web.test_second_factor import no_grace

    no_grace()
    assert comes_with(browse(None)).leads_to == "/"
    bare = browse(None)
    comes_with(bare)
    assert bare.get("/").leads_to == "/account/factors/"
    settings.PROVIDER_SETTINGS = {
        **settings.PROVIDER_SETTINGS,
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_TRUST_SECOND_FACTOR": "yes",
    }
    there.be("subject-of-dora", amr=["mfa"])
    browser = browse(None)
    comes_with(browser)
    assert browser.get("/").status == 200


@pytest.mark.parametrize(
    "wrong", ["cancelled", "no-code", "audience", "unsigned", "nonce", "expired"]
)
def test_s12_a_bad_answer_ends_calmly_with_nobody_in(dora, browse, there, wrong):
    there.do(wrong)
    browser = browse(None)
    page = comes_with(browser)
    assert (page.status, page.title.split(" – ")[0]) == (200, "You are not signed in")
    assert UNTOLD in page.text
    assert page.link("To the sign-in page") == "/sign-in/"
    assert is_nobody(browser)


def test_a_provider_that_is_down_gives_a_calm_page(dora, browse, there):
    there.do("broken")
    page = browse(None).post("/sign-in/with/northshire/")
    assert page.status == 200
    assert "Try again in a minute, or sign in another way: Northshire does not answer." in page.text


def test_s12_an_answer_counts_once_and_where_it_was_asked_for(dora, browse, there, clock_now):
    there.do("another-state")
    assert AGAIN in comes_with(browse(None)).text
    there.do()
    browser, stranger = browse(None), browse(None)
    back = goes(browser.post("/sign-in/with/northshire/"))
    assert AGAIN in stranger.get(back).text
    assert AGAIN in browser.get(back.replace("northshire", "elsewhere")).text
    assert AGAIN in browser.get(back).text  # used up by the one before
    back = goes(browser.post("/sign-in/with/northshire/"))
    assert browser.get(back).leads_to == "/"
    browser.post("/sign-out/")
    assert AGAIN in browser.get(back).text
    back = goes(browser.post("/sign-in/with/northshire/"))
    clock_now(minutes=11)
    assert AGAIN in browser.get(back).text
    for address in ("/sign-in/with/northshire/back/", "/sign-in/with/northshire/back/?error=x"):
        assert AGAIN in browse(None).get(address).text


@pytest.fixture
def clock_now(monkeypatch):
    """Lets time pass here, but not at the provider."""
    from datetime import timedelta

    real = timezone.now

    def wait(**length: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(**length))

    return wait


def test_there_and_back_leads_to_no_address_but_ours(dora, browse):
    page = comes_with(browse(None), next="https://evil.example/")
    assert page.leads_to == "/"


def test_a_provider_that_there_is_not_is_a_missing_page(there, browse, cast):
    for address in ("/sign-in/with/unknown/", "/account/providers/unknown/add/"):
        assert browse(cast.ada).post(address).status == 404
    assert browse(None).get("/sign-in/with/unknown/back/").status == 404


def test_without_providers_the_pages_offer_none(cast, browse, settings):
    settings.PROVIDERS = []
    assert "Continue with" not in browse(None).get("/sign-in/").text
    assert (
        "offers no accounts of other providers" in browse(cast.ada).get("/account/providers/").text
    )


def test_s24_too_many_ways_that_come_to_nothing_are_stopped(dora, browse, monkeypatch):

    monkeypatch.setitem(
        LIMITS, Kind.PROVIDER_ADDRESS, LIMITS[Kind.PROVIDER_ADDRESS]._replace(most=3)
    )
    for _ in range(5):  # what comes to something is not counted
        assert comes_with(browse(None)).leads_to == "/"
    browser = browse(None)
    for _ in range(3):
        assert "You are taken to" in browser.post("/sign-in/with/northshire/").text
    page = browser.post("/sign-in/with/northshire/", headers={"X-Forwarded-For": "1.2.3.4"})
    assert "Wait five minutes" in page.text
    assert not guesses.is_open(Kind.PROVIDER_ADDRESS, "127.0.0.1")


def test_s19_nothing_of_it_is_in_the_logs_or_the_database(dora, browse, there, caplog):
    caplog.set_level(logging.DEBUG)
    browser = browse(None)
    asked = browser.post("/sign-in/with/northshire/")
    kept = str(dict(browser.client.session.items()))
    back = goes(asked)
    code = back.partition("code=")[2].partition("&")[0]
    state = back.partition("state=")[2].partition("&")[0]
    nonce = led_to(asked).partition("nonce=")[2].partition("&")[0]
    page = browser.get(back)
    assert page.response.headers["Referrer-Policy"] == "strict-origin"
    there.do("signed-by-a-stranger")
    comes_with(browse(None))
    written = caplog.text + kept + str(dict(browser.client.session.items()))
    for secret in (code, state, nonce, "eyJ", SECRET):
        assert secret
        assert secret not in written


def test_s19_a_logged_answer_is_blanked():
    from schoolgate.web.logs import WithoutTokens, holds_token

    address = "/sign-in/with/northshire/back/?code=the-code&state=the-state"
    record = logging.LogRecord("x", 30, "x", 1, "Not Found: %s", (address,), None)
    assert WithoutTokens().format(record) == "Not Found: /sign-in/with/northshire/back/?..."
    assert holds_token("/sign-in/with/northshire/back/")
    assert not holds_token("/sign-in/with/northshire/")


def test_s59_a_forged_form_sends_nobody_to_a_provider(dora):
    guarded = Client(enforce_csrf_checks=True)
    assert guarded.post("/sign-in/with/northshire/").status_code == 403
    assert not guarded.session.keys()
