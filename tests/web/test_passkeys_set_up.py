"""Setting up with a passkey in place of a password, and what only one of many at once may do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.people import invitations
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import passkeys, recovery_codes
from schoolgate.sign_in.models import Passkey, UserSession
from tests.cast import assemble
from tests.sign_in.authenticator import Device
from tests.web.browsing import Browser, masked
from tests.web.passkeys import DOOR, asked, has_passkey, shows
from tests.web.test_invitation import token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.databases import OwnDatabase


@pytest.fixture
def phone() -> Device:
    return Device()


def set_up(browser: Browser, token: str, device: Device) -> Any:
    address = f"/invitation/{token}/"
    return browser.post(address, passkey_answer=device.makes(asked(browser, address)))


def test_an_invitation_is_used_up_by_a_passkey(cast, browse, phone):
    token = token_of(cast.dora)
    browser = browse(None)
    assert "Set up with a passkey" in browser.get(f"/invitation/{token}/").text
    assert set_up(browser, token, phone).leads_to == "/account/factors/codes/"
    assert recovery_codes.left(cast.dora.pk) == 10
    assert "Amira" in browser.get("/pupils/").text
    dora = User.objects.get(pk=cast.dora.pk)
    assert (dora.password, dora.has_password) == (NO_PASSWORD, False)
    session = UserSession.objects.get()
    assert (session.door, session.second) == ("set-up", "passkey")
    assert shows(browse(None), phone).status == 302
    for method in ("get", "post"):
        assert getattr(browse(None), method)(f"/invitation/{token}/").status == 404
    page = browse(None).post("/sign-in/", name="dora@abbey.example", password=NO_PASSWORD)
    assert page.status == 200


def test_s19_what_is_asked_for_tells_nobody_whose_the_link_is(cast, browse):
    browser, token = browse(None), token_of(cast.dora)
    page = browser.post(f"/invitation/{token}/", passkey_begin="1")
    assert page.response.json()["options"]["user"]["name"] == "d•••@abbey.example"
    for private in (b"Dora", b"Teague", b"dora@", token.encode()):
        assert private not in page.bytes
    assert page.response.headers["Referrer-Policy"] == "strict-origin"
    assert page.response.headers["Cache-Control"] == "no-store"


def test_a_passkey_that_will_not_do_uses_nothing_up(cast, browse, phone):
    token = token_of(cast.dora)
    browser = browse(None)
    address = f"/invitation/{token}/"
    framed = phone.makes(asked(browser, address), origin="https://evil.example")
    for answer in (framed, phone.makes(asked(browse(None), address)), ""):
        page = browser.post(address, passkey_answer=answer)
        assert passkeys.NOT_MADE in page.text
        assert page.title.startswith("Error: ")
    assert invitations.find(token)
    assert not Passkey.objects.exists()
    assert set_up(browser, token, phone).status == 302


def test_s03_s18_a_link_that_died_meanwhile_sets_nothing_up(cast, browse):
    for user, end in (
        (cast.dora, lambda: deny([cast.dora.pk], by=SYSTEM)),
        (cast.theo, lambda: token_of(cast.theo)),
    ):
        token, browser, device = token_of(user), browse(None), Device()
        answer = device.makes(asked(browser, f"/invitation/{token}/"))
        end()
        page = browser.post(f"/invitation/{token}/", passkey_answer=answer)
        never = browse(None).post("/invitation/never-was/", passkey_answer="{}")
        assert (page.status, masked(page.response)) == (404, masked(never.response))
    assert not Passkey.objects.exists()
    assert not UserSession.objects.exists()


@pytest.mark.postgresql
@pytest.mark.parametrize("what", ["invitation", "challenge"])
def test_s16_of_fifty_at_once_one_wins(own_database: OwnDatabase, what: str) -> None:
    cast = assemble()
    if what == "invitation":
        tries = fifty_set_ups(token_of(cast.dora))
    else:
        phone = Device(counts=False)
        has_passkey(cast.dora, phone)
        tries = fifty_answers(phone)
    won: list[int] = []
    ready = threading.Barrier(len(tries))

    def run(attempt: Callable[[], int]) -> None:
        ready.wait()
        try:
            won.append(attempt())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(won) == 50
    assert won.count(302) == 1
    assert UserSession.objects.filter(user=cast.dora).count() == 1
    assert Passkey.objects.filter(user=cast.dora).count() == 1


def fifty_set_ups(token: str) -> list[Callable[[], int]]:
    """Fifty browsers, each with a passkey of its own made for the same invitation."""

    def one() -> Callable[[], int]:
        browser, device = Browser(Client(raise_request_exception=False)), Device()
        address = f"/invitation/{token}/"
        answer = device.makes(asked(browser, address))
        return lambda: browser.post(address, passkey_answer=answer).status

    return [one() for _ in range(50)]


def fifty_answers(phone: Device) -> list[Callable[[], int]]:
    """The same answer fifty times, from fifty windows of the browser that was asked."""
    asking = Browser(Client(raise_request_exception=False))
    answer = phone.proves(asked(asking))

    def one() -> Callable[[], int]:
        window = Client(raise_request_exception=False)
        window.cookies.update(asking.client.cookies)
        return lambda: Browser(window).post(DOOR, passkey_answer=answer).status

    return [one() for _ in range(50)]
