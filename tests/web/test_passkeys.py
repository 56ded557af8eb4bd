"""Signing in with a passkey, one's own passkeys, and setting up with one."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from fido2.cose import ES256

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.people import invitations
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import passkeys, recovery_codes
from schoolgate.sign_in.guesses import LIMITS, Kind
from schoolgate.sign_in.models import Passkey, SignInEvent, UserSession
from schoolgate.sign_in.passkeys import Site
from schoolgate.web.views.account_confirm import NOT_THIS
from schoolgate.web.views.passkeys import NO
from schoolgate.web.views.sign_in import TOO_MANY
from tests.cast import assemble
from tests.sign_in.authenticator import Device
from tests.web.browsing import PASSWORD, Browser, masked
from tests.web.test_invitation import token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.databases import OwnDatabase

SITE = Site("testserver", "http://testserver", "Schoolgate")
DOOR, ADD = "/sign-in/passkey/", "/account/passkeys/add/"


@pytest.fixture
def phone() -> Device:
    return Device()


def has_passkey(user: User, device: Device) -> Passkey:
    """The user has set up, with a passkey on the device and no password."""
    User.objects.filter(pk=user.pk, password__startswith="!").update(password=NO_PASSWORD)
    begun = passkeys.begin_making(SITE, user_id=user.pk, shown="x", name="x")
    made = passkeys.read_made(SITE, begun.challenge, device.makes(begun.options))
    return passkeys.make(user_id=user.pk, made=made, name="Phone", by=SYSTEM)


def asked(browser: Browser, address: str = DOOR, **fields: Any) -> dict[str, Any]:
    """What the browser is told to ask for."""
    told = browser.post(address, passkey_begin="1", **fields).response.json()
    found: dict[str, Any] = told["options"]
    return found


def shows(browser: Browser, device: Device, **wrong: Any) -> Any:
    """The page after the device has answered at the sign-in page."""
    answer = device.proves(asked(browser), **wrong)
    return browser.post(DOOR, passkey_answer=answer, next="/pupils/")


def outcomes() -> list[tuple[str, int | None]]:
    told = SignInEvent.objects.filter(door="passkey").order_by("pk")
    return list(told.values_list("outcome", "user_id"))


def test_a_passkey_alone_signs_in_and_is_both_factors(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    asked(browser)
    before = browser.client.session.session_key
    page = shows(browser, phone)
    assert (page.status, page.leads_to) == (302, "/pupils/")
    assert browser.client.session.session_key != before
    assert "Amira" in browser.get("/pupils/").text
    session = UserSession.objects.get()
    assert (session.door, session.second) == ("passkey", "passkey")
    assert outcomes() == [("signed-in", cast.dora.pk)]
    assert Event.objects.filter(verb="signed in", user_id=cast.dora.pk).count() == 1
    assert User.objects.get(pk=cast.dora.pk).factor_asked_at is None  # no grace was begun


def test_next_is_local_only(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    answer = phone.proves(asked(browser))
    page = browser.post(DOOR, passkey_answer=answer, next="https://evil.example/")
    assert page.leads_to == "/"


def test_whoever_was_signed_in_before_is_so_no_longer(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(cast.ada)
    shows(browser, phone)
    assert browser.client.session["_auth_user_id"] == str(cast.dora.pk)
    assert UserSession.objects.get(user=cast.ada).ended_how == "signed-out"


def somebody_at_each_failure(cast) -> dict[str, tuple[Device, dict[str, Any]]]:
    """A device and what it does wrong, by whose it is: none of them comes in."""
    devices = {name: Device() for name in ("denied", "gone", "not set up", "removed", "other key")}
    for device, user in zip(
        devices.values(), (cast.theo, cast.noor, cast.sara, cast.dora, cast.liam), strict=True
    ):
        has_passkey(user, device)
    deny([cast.theo.pk], by=SYSTEM)
    people.remove_users([cast.noor.pk], how=Ending.REMOVED, by=SYSTEM)
    User.objects.filter(pk=cast.sara.pk).update(password="!")
    Passkey.objects.filter(user=cast.dora).delete()
    never = Device()
    options = passkeys.begin_making(SITE, user_id=987_654, shown="x", name="x").options
    never.makes(options)
    found: dict[str, tuple[Device, dict[str, Any]]] = {
        name: (device, {}) for name, device in devices.items()
    }
    found["other key"] = (devices["other key"], {"secret": never.made[0].secret})
    found["other page"] = (devices["other key"], {"origin": "http://evil.example"})
    found["never was"] = (never, {})
    return found


def test_s09_s08_denied_gone_not_set_up_and_unknown_get_one_answer(cast, browse):
    answers, statements = set(), {}
    for name, (device, wrong) in somebody_at_each_failure(cast).items():
        browser = browse(None)
        answer = device.proves(asked(browser), **wrong)
        with CaptureQueriesContext(connection) as told:
            page = browser.post(DOOR, passkey_answer=answer, next="/pupils/")
        statements[name] = [
            re.sub(r"'[^']*'|\"s\d+_x\d+\"|\b\d+\b|NULL", "?", one["sql"]) for one in told
        ]
        headers = str(sorted(page.response.headers.items()))
        answers.add((page.status, masked(page.response), headers))
        assert NO in page.text, name
        assert page.title.startswith("Error: ")
        assert "_auth_user_id" not in browser.client.session
        assert browser.get("/pupils/").leads_to.startswith("/sign-in/")
    assert len(answers) == 1
    same = statements["never was"]
    assert {name for name, told in statements.items() if told != same} == set()
    assert not UserSession.objects.exists()


def test_s10_a_signature_is_looked_at_once_for_everybody(cast, browse, monkeypatch):
    looked = []
    verify = ES256.verify

    def counted(key: ES256, message: bytes, signature: bytes) -> None:
        looked.append(1)
        verify(key, message, signature)

    failures = somebody_at_each_failure(cast)
    monkeypatch.setattr(ES256, "verify", counted)
    for name in ("denied", "gone", "not set up", "removed", "other key", "never was"):
        device, wrong = failures[name]
        looked.clear()
        assert NO in shows(browse(None), device, **wrong).text
        assert len(looked) == 1, name


def test_s09_what_is_asked_for_is_the_same_for_everybody(cast, browse, phone):
    has_passkey(cast.dora, phone)
    told = asked(browse(None))
    assert set(told) == {"challenge", "timeout", "rpId", "userVerification"}
    again = asked(browse(None))
    assert told["challenge"] != again["challenge"]
    assert {**told, "challenge": ""} == {**again, "challenge": ""}


def test_s26_a_challenge_is_answered_once(cast, browse):
    phone = Device(counts=False)  # so that nothing but the challenge stands in the way
    has_passkey(cast.dora, phone)
    browser = browse(None)
    answer = phone.proves(asked(browser))
    kept = browser.client.session["passkey"]
    assert browser.post(DOOR, passkey_answer=answer).status == 302
    assert "passkey" not in browser.client.session
    browser.post("/sign-out/")
    assert NO in browser.post(DOOR, passkey_answer=answer).text
    # Neither where the browser's session has it again.
    thief = browse(None)
    asked(thief)
    session = thief.client.session
    session["passkey"] = kept
    session.save()
    assert NO in thief.post(DOOR, passkey_answer=answer).text


def test_s26_a_wrong_answer_uses_the_challenge_up(cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    options = asked(browser)
    assert NO in browser.post(DOOR).text
    assert NO in browser.post(DOOR, passkey_answer=phone.proves(options)).text


def test_a_challenge_is_for_one_browser_one_purpose_and_five_minutes(clock, cast, browse, phone):
    has_passkey(cast.dora, phone)
    browser = browse(None)
    other = browse(None)
    asked(other)
    assert NO in other.post(DOOR, passkey_answer=phone.proves(asked(browser))).text

    options = asked(browser)
    clock.wait(minutes=5, seconds=1)
    assert NO in browser.post(DOOR, passkey_answer=phone.proves(options)).text

    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    browser.post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    options = asked(browser, step="second")
    assert NO in browser.post(DOOR, passkey_answer=phone.proves(options)).text
    options = asked(browser)
    page = browser.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert NO in page.text


def test_a_copied_passkey_signs_nobody_in(cast, browse, phone):
    has_passkey(cast.dora, phone)
    assert shows(browse(None), phone, count=7).status == 302
    assert NO in shows(browse(None), phone, count=7).text
    assert Event.objects.filter(verb="refused", kind="passkey", user_id=cast.dora.pk).count() == 1
    assert outcomes() == [("signed-in", cast.dora.pk), ("failed", cast.dora.pk)]


def test_s24_tries_from_one_address_are_limited_whoever_is_meant(clock, cast, browse, phone):
    has_passkey(cast.dora, phone)
    stranger = Device()
    stranger.makes(passkeys.begin_making(SITE, user_id=987_654, shown="x", name="x").options)
    for n in range(LIMITS[Kind.PASSKEY_ADDRESS].most):
        answer = stranger.proves(asked(browse(None))) if n < 3 else "{}"
        page = browse(None).client.post(
            DOOR, {"passkey_answer": answer}, headers={"x-forwarded-for": f"10.0.0.{n}"}
        )
        assert NO in page.content.decode()
    answers = {masked(shows(browse(None), device).response) for device in (phone, stranger)}
    assert len(answers) == 1
    assert TOO_MANY.encode() in answers.pop()
    clock.wait(minutes=5, seconds=1)
    assert shows(browse(None), phone).status == 302


# The second step.


@pytest.fixture
def halfway(cast, browse, phone, with_password) -> Browser:
    """A browser in which Dora, who has a passkey, has given her password."""
    has_passkey(cast.dora, phone)
    with_password(cast.dora)
    browser = browse(None)
    page = browser.post("/sign-in/", name="dora@abbey.example", password=PASSWORD, next="/pupils/")
    assert page.leads_to == "/sign-in/second/"
    return browser


def test_a_passkey_is_the_second_factor_after_a_password(cast, halfway, phone):
    assert "Use a passkey" in halfway.get("/sign-in/second/").text
    options = asked(halfway, step="second")
    assert len(options["allowCredentials"]) == 1
    page = halfway.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert page.leads_to == "/pupils/"
    session = UserSession.objects.get()
    assert (session.user_id, session.door, session.second) == (
        cast.dora.pk, "password", "passkey",
    )  # fmt: skip


def test_s25_another_users_passkey_is_no_second_factor(cast, halfway):
    thief = Device()
    has_passkey(cast.theo, thief)
    page = halfway.post(DOOR, passkey_answer=thief.proves(asked(halfway, step="second")),
                        step="second")  # fmt: skip
    assert NO in page.text
    assert "_auth_user_id" not in halfway.client.session
    assert SignInEvent.objects.latest("pk").outcome == "second-failed"


def test_s24_second_steps_are_limited(clock, cast, halfway, phone):
    for _ in range(10):
        assert NO in halfway.post(DOOR, passkey_answer="{}", step="second").text
    options = asked(halfway, step="second")
    page = halfway.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert TOO_MANY in page.text
    clock.wait(minutes=5, seconds=1)
    page = halfway.post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    options = asked(halfway, step="second")
    assert halfway.post(DOOR, passkey_answer=phone.proves(options), step="second").status == 302


def test_s01_a_denial_between_the_factors_ends_it(cast, halfway, phone):
    options = asked(halfway, step="second")
    deny([cast.dora.pk], by=SYSTEM)
    page = halfway.post(DOOR, passkey_answer=phone.proves(options), step="second")
    assert page.leads_to == "/sign-in/"
    told = halfway.post(DOOR, passkey_begin="1", step="second").response.json()
    assert told == {"problem": "Begin again: it has taken too long."}
    assert not UserSession.objects.exists()


# One's own passkeys.


def add(browser: Browser, device: Device, name: str = "My phone", **fields: Any) -> Any:
    options = asked(browser, ADD, name=name, **fields)
    return browser.post(ADD, name=name, passkey_answer=device.makes(options), **fields)


def test_several_are_added_named_and_removed(cast, browse, phone, with_password):
    with_password(cast.noor)
    browser = browse(cast.noor)
    assert add(browser, phone).leads_to == "/account/factors/codes/"
    assert recovery_codes.left(cast.noor.pk) == 10
    assert add(browser, Device(), "Key").leads_to == "/account/factors/"
    first, second = passkeys.of(cast.noor.pk)
    assert [first.name, second.name] == ["My phone", "Key"]
    page = browser.get(f"/account/passkeys/{first.pk}/")
    assert "Not used yet." in page.text
    browser.post(f"/account/passkeys/{first.pk}/", step="save", name="Work phone")
    page = browser.get(f"/account/passkeys/{first.pk}/")
    assert "Passkey Work phone" in page.text
    page = browser.post(f"/account/passkeys/{first.pk}/", step="save", name=" ")
    assert "Enter a name for the passkey" in page.text
    for one in (first, second):
        browser.post(f"/account/passkeys/{one.pk}/", step="remove")
        assert browser.get(f"/account/passkeys/{one.pk}/").status == 404
    assert NO in shows(browse(None), phone).text
    found = Event.objects.filter(kind="passkey", user_id=cast.noor.pk).order_by("pk")
    assert [event.verb for event in found] == ["added", "added", "changed", "removed", "removed"]


def test_adding_one_wants_a_name_before_the_device_is_asked(cast, browse, phone):
    browser = browse(cast.dora)
    told = browser.post(ADD, passkey_begin="1", name=" ").response.json()
    assert told == {"problem": "Enter a name for the passkey, for example “My phone”."}


def test_what_was_not_asked_for_adds_nothing(cast, browse, phone):
    browser = browse(cast.dora)
    answer = phone.makes(asked(browser, ADD, name="x"))
    thief = browse(cast.theo)
    asked(thief, ADD, name="x")
    for page in (
        thief.post(ADD, name="x", passkey_answer=answer),  # made for Dora's challenge
        browser.post(ADD, name="x", passkey_answer="{}"),
        browser.post(ADD, name="x", passkey_answer=answer),  # the challenge is used up
        browser.post(ADD, name="x"),
    ):
        assert passkeys.NOT_MADE in page.text
        assert page.title.startswith("Error: ")
    assert not Passkey.objects.exists()


def test_s14_another_users_passkey_does_not_exist(cast, browse, phone):
    passkey = has_passkey(cast.dora, phone)
    thief = browse(cast.theo)
    for page in (
        thief.get(f"/account/passkeys/{passkey.pk}/"),
        thief.post(f"/account/passkeys/{passkey.pk}/", step="remove"),
        thief.post(f"/account/passkeys/{passkey.pk}/", step="save", name="Mine"),
    ):
        assert page.status == 404
        assert masked(page.response) == masked(thief.get("/account/passkeys/987654/").response)
    assert Passkey.objects.get().name == "Phone"


def test_s05_a_change_offers_to_end_the_other_sessions(cast, browse, phone, with_password):
    with_password(cast.noor)
    here, there = browse(cast.noor), browse(cast.noor)
    add(here, phone, others="on")
    assert here.get("/account/factors/").status == 200
    assert there.get("/account/factors/").leads_to.startswith("/sign-in/")
    assert sorted(UserSession.objects.values_list("ended_how", flat=True)) == ["", "changed"]

    there = browse(None)
    shows(there, phone)
    mine = passkeys.of(cast.noor.pk).get()
    assert "Sign out everywhere else" in here.get(f"/account/passkeys/{mine.pk}/").text
    here.post(f"/account/passkeys/{mine.pk}/", step="remove", others="on")
    assert here.get("/account/factors/").status == 200
    assert there.get("/account/factors/").leads_to.startswith("/sign-in/")


def test_only_whoever_has_just_proved_who_they_are_adds_one(cast, browse, phone):
    browser = browse(cast.dora)
    passkey = has_passkey(cast.dora, phone)
    long_ago = timezone.now() - timedelta(minutes=16)
    UserSession.objects.update(confirmed_at=long_ago, second="passkey")
    for address in (ADD, f"/account/passkeys/{passkey.pk}/"):
        for page in (browser.get(address), browser.post(address, passkey_begin="1", name="x")):
            assert page.leads_to.startswith("/account/confirm/")


def test_a_passkey_confirms_who_is_there(clock, cast, browse, phone):
    passkey = has_passkey(cast.dora, phone)
    thief = Device()
    has_passkey(cast.theo, thief)
    confirm, mine = "/account/confirm/", f"/account/passkeys/{passkey.pk}/"
    browser = browse(cast.dora)
    clock.wait(minutes=16)
    assert browser.get(mine).leads_to.startswith(confirm)
    assert "Go on with a passkey" in browser.get(confirm).text
    options = asked(browser, confirm)
    assert len(options["allowCredentials"]) == 1
    for answer in (thief.proves(options), phone.proves(options), "{}"):
        page = browser.post(confirm, step="passkey", passkey_answer=answer)
        assert NOT_THIS in page.text
    assert browser.get(mine).status == 302
    answer = phone.proves(asked(browser, confirm))
    page = browser.post(confirm, step="passkey", passkey_answer=answer, next=mine)
    assert page.leads_to == mine
    assert browser.get(mine).status == 200


def test_s25_a_passkey_opens_what_was_shut_for_want_of_a_second_factor(clock, cast, browse, phone):
    User.objects.filter(pk=cast.dora.pk).update(
        factor_asked_at=timezone.now() - timedelta(hours=25), password=NO_PASSWORD
    )
    browser = browse(cast.dora)
    assert browser.get("/pupils/").leads_to == "/account/factors/"
    assert browser.get(ADD).status == 200
    add(browser, phone)
    assert browser.get("/pupils/").status == 200
    assert UserSession.objects.get().second == "passkey"


def test_the_last_factor_of_somebody_who_must_have_one_stays(cast, browse, phone, with_password):
    with_password(cast.dora)
    browser = browse(cast.dora)
    add(browser, phone)
    mine = passkeys.of(cast.dora.pk).get()
    page = browser.post(f"/account/passkeys/{mine.pk}/", step="remove", others="on")
    assert "Set up another second factor first" in page.text
    assert page.title.startswith("Error: ")
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    browser = browse(None)
    shows(browser, phone)
    page = browser.post(f"/account/passkeys/{mine.pk}/", step="remove")
    assert "Set a password or add another passkey first" in page.text
    assert passkeys.of(cast.dora.pk).exists()


# Setting up.


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
