"""Severing a record in the browser: asked for by one, confirmed by another, and then nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from schoolgate.access.roles import LA_SUPER_USER, PARENT
from schoolgate.people.models import User
from schoolgate.sign_in import sessions
from schoolgate.sign_in.models import UserSession
from tests import factories
from tests.cast import Cast
from tests.intake.desk import upn_of
from tests.web.browsing import masked
from tests.web.files import upload
from tests.web.routes import FORM_ONLY, MISSING, a_world, routes

if TYPE_CHECKING:
    from tests.web.browsing import Browser, Page

pytestmark = pytest.mark.one_database
REASON = "Order of the Family Court, 3 March 2026"


@pytest.fixture
def bea(cast: Cast) -> User:
    """Another LA Super User."""
    user = factories.user(first_name="Bea", last_name="Second")
    factories.grant(user, LA_SUPER_USER)
    return user


def of(pk: int) -> str:
    return f"/pupils/{pk}/sever/"


def ask(browser: Browser, pk: int) -> Page:
    return browser.post(of(pk), follow=True, step="ask", reason=REASON)


def test_one_asks_another_confirms_and_the_child_is_nowhere(
    cast: Cast, bea: User, browse: Any
) -> None:
    first, second = browse(cast.ada), browse(bea)
    page = first.get(first.get(f"/pupils/{cast.amira.pk}/").link("Sever this record"))
    assert "Nobody can take it back." in page.text

    page = ask(first, cast.amira.pk)
    assert "Another LA Super User confirms it, on this page" in page.text
    assert "Sever this record for good" not in page.text
    assert first.post(of(cast.amira.pk), step="confirm", name="Amira Haddad").status == 200
    assert "asked to sever this record" in second.get(f"/pupils/{cast.amira.pk}/").text

    waiting = second.get("/settings/severed/")
    page = second.get(waiting.link("Amira Haddad"))
    assert REASON in page.text
    wrong = second.post(of(cast.amira.pk), step="confirm", name="Amira")
    assert "Type the child’s first name and last name as they stand above." in wrong.text

    page = second.post(of(cast.amira.pk), follow=True, step="confirm", name="Amira Haddad")

    assert "The record has been severed for good." in page.text
    assert "Amira" not in page.text
    for browser in (first, second):
        missing = browser.get(f"/pupils/{MISSING}/").response
        for end in ("", "sever/", "who/", "restrictions/add/"):
            there = browser.get(f"/pupils/{cast.amira.pk}/{end}").response
            assert (there.status_code, masked(there)) == (404, masked(missing))


def test_it_is_taken_back(cast: Cast, bea: User, browse: Any) -> None:
    browser = browse(bea)
    ask(browse(cast.ada), cast.amira.pk)

    page = browser.post(of(cast.amira.pk), follow=True, step="withdraw")

    assert "Taken back: nothing happens to this record." in page.text
    page = browser.post(of(cast.amira.pk), step="confirm", name="Amira Haddad")
    assert "Look at the page again" in page.text
    assert browser.get(f"/pupils/{cast.amira.pk}/").status == 200


def test_a_reason_is_wanted_and_what_was_typed_stays(cast: Cast, browse: Any) -> None:
    browser = browse(cast.ada)
    assert "Enter a reason" in browser.post(of(cast.amira.pk), step="ask", reason="").text
    long = "x" * 501
    page = browser.post(of(cast.amira.pk), step="ask", reason=long)
    assert "Shorten the reason to 500 characters" in page.text
    assert long in page.text


def test_s35_a_child_kept_from_the_reader_is_not_named_among_those_that_wait(
    cast: Cast, bea: User, browse: Any
) -> None:
    ask(browse(cast.ada), cast.amira.pk)
    factories.restriction(bea, cast.amira)
    browser = browse(bea)

    page = browser.get("/settings/severed/")

    assert "A pupil whom you may not see" in page.text
    assert "Amira" not in page.text
    assert browser.get(of(cast.amira.pk)).status == 404


def test_severing_wants_to_know_who_it_is(cast: Cast, browse: Any) -> None:
    browser = browse(cast.ada)
    old = timezone.now() - sessions.RECENT - timedelta(minutes=1)
    UserSession.objects.filter(user=cast.ada).update(confirmed_at=old)
    assert browser.get(of(cast.amira.pk)).leads_to.startswith("/account/confirm/")


def test_s35_no_page_names_a_child_who_was_severed(cast: Cast, bea: User, browse: Any) -> None:
    """A canary: name, date of birth and numbers of the child are on no page of any role."""
    factories.grant(cast.noor, PARENT, pupil=cast.amira)
    # Her mother's name is her own: the last name alone tells of nobody.
    canaries = (b"Amira", upn_of(cast.amira).encode())
    first = browse(cast.ada)
    run = upload(
        first, f"Grace,Okoro,,grace@x.example,,,{upn_of(cast.amira)},,,", role="social_worker"
    )
    world = a_world(cast)
    for end in ("rows/", "columns/", ""):
        first.get(f"/settings/imports/{run}/{end}")
    ask(first, cast.amira.pk)
    browse(bea).post(of(cast.amira.pk), step="confirm", name="Amira Haddad")

    looked = 0
    for user in (cast.ada, cast.liam, cast.sara, cast.noor):
        browser = browse(user)
        for route in routes():
            if route.name in FORM_ONLY:
                continue
            page = browser.get(world.address(route, pupil=cast.amira.pk))
            found = [canary for canary in canaries if canary in page.bytes]
            assert found == [], (str(user), route.name)
            looked += page.status == 200
        for address in (
            f"/settings/imports/{run}/",
            f"/settings/imports/{run}/refused.csv",
            f"{reverse('events')}?pupil={cast.amira.pk}",
            f"{reverse('pupils')}?q=haddad",
            f"{reverse('pupil-suggest')}?q=hadd",
            f"/settings/users/{cast.sara.pk}/",
            f"/settings/users/{cast.sara.pk}/pupils/",
        ):
            page = browser.get(address)
            shown = page.bytes.replace(b'value="haddad"', b"").replace("“haddad”".encode(), b"")
            assert [canary for canary in canaries if canary in shown] == [], address
    assert looked > 60
