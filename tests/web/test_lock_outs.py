"""Guessing at the doors: so many tries and no more (S24), for whom there is as for whom there is
not (S13)."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.people.actions import set_password
from schoolgate.sign_in import guesses, totp
from schoolgate.sign_in.guesses import LIMITS, Kind
from schoolgate.sign_in.models import Outcome, SignInEvent, Totp, UserSession
from schoolgate.web.views.sign_in import NO, TOO_MANY, WRONG_CODE
from tests import factories
from tests.cast import assemble
from tests.sign_in.at_once import at_once
from tests.web.browsing import PASSWORD, masked

WRONG = "not it, not at all"
LIMIT = 10


def tries(name: str, password: str = WRONG, **headers: str):
    """An answer to somebody at the password door, in a new browser."""
    client = Client(raise_request_exception=False)
    return client.post("/sign-in/", {"name": name, "password": password}, headers=headers)


def says(answer) -> str:
    """What it comes to: in, no, too many."""
    if answer.status_code == 302:
        return "in"
    text = answer.content.decode()
    assert (NO in text) is not (TOO_MANY in text)
    return "no" if NO in text else "too many"


@pytest.fixture
def five(cast, with_password) -> dict[str, tuple[str, str]]:
    """A name and a password that does not let in, of each kind of person."""
    with_password(cast.dora)
    with_password(cast.theo)
    with_password(cast.sara)
    deny([cast.theo.pk, cast.sara.pk], by=SYSTEM)
    return {
        "unknown": ("nobody@example.org", WRONG),
        "known": (cast.dora.email, WRONG),
        "denied, wrong password": (cast.sara.email, WRONG),
        "denied, right password": (cast.theo.email, PASSWORD),
        "not set up": (cast.noor.email, WRONG),
    }


def test_s13_lock_outs_are_the_same_for_whom_there_is_and_is_not(clock, five):
    stories: dict[str, list[Any]] = {}
    for kind, (name, password) in five.items():
        started, story = clock.moment, []
        for _ in range(2 * LIMIT):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                answer = tries(name, password)
            page = masked(answer).replace(name.encode(), b"NAME")
            headers = {**answer.headers}
            # The name that was typed stands in the form again.
            headers["Content-Length"] = int(headers["Content-Length"]) - len(name)
            cookies = sorted(answer.cookies)
            shapes = [query["sql"].split(" WHERE ")[0][:60] for query in asked.captured_queries]
            story.append((says(answer), answer.status_code, page, headers, cookies, shapes))
            clock.wait(seconds=3)
        said = [step[0] for step in story]
        assert said == ["no"] * LIMIT + ["too many"] * LIMIT, kind
        # The tenth was 27 seconds in; what came after it prolonged nothing.
        ends = []
        for seconds in (27 + 299, 27 + 300):
            clock.moment = started
            clock.wait(seconds=seconds)
            ends.append(says(tries(name, password)))
        stories[kind] = [*story, ends]
        assert ends == ["too many", "no"], kind
    unknown = stories["unknown"]
    for kind, steps in stories.items():
        for number, (step, same) in enumerate(zip(steps, unknown, strict=True)):
            assert step == same, (kind, number)


def test_s24_after_ten_guesses_the_right_password_does_not_help_either(clock, cast, with_password):
    with_password(cast.dora)
    assert [says(tries(cast.dora.email)) for _ in range(LIMIT)] == ["no"] * LIMIT
    for name in (cast.dora.email, cast.dora.email.upper(), f"  {cast.dora.email}"):
        assert says(tries(name, PASSWORD)) == "too many"
    told = SignInEvent.objects.order_by("-pk").values_list("outcome", "user_id")[0]
    assert told == (Outcome.TOO_MANY, cast.dora.pk)
    clock.wait(minutes=5)
    assert says(tries(cast.dora.email, PASSWORD)) == "in"


def test_s24_a_success_in_between_resets_nothing(clock, cast, with_password):
    with_password(cast.dora)
    with_password(cast.sara)
    said = []
    for number in range(2 * LIMIT):
        clock.wait(seconds=1)
        said.append(says(tries(cast.dora.email)))
        if number < LIMIT - 1:
            # The owner herself, and somebody else from the same place.
            assert says(tries(cast.dora.email, PASSWORD)) == "in"
            assert says(tries(cast.sara.email, PASSWORD)) == "in"
    assert said == ["no"] * LIMIT + ["too many"] * LIMIT
    assert says(tries(cast.dora.email, PASSWORD)) == "too many"


FORGED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP")


@pytest.mark.parametrize("behind_proxy", [False, True])
def test_s24_forged_headers_reset_nothing(cast, with_password, settings, behind_proxy):
    settings.BEHIND_PROXY = behind_proxy
    with_password(cast.dora)
    said = []
    for number in range(2 * LIMIT):
        headers = dict.fromkeys(FORGED, f"198.51.100.{number}")
        said.append(says(tries(cast.dora.email, **headers, **{"X-Forwarded-Proto": "https"})))
    assert said == ["no"] * LIMIT + ["too many"] * LIMIT


def has_failed_often(network: str) -> None:
    """As many failures from the network as are let through, but for one."""
    for _ in range(LIMITS[Kind.ADDRESS].most - 1):
        guesses.may_try(Kind.ADDRESS, network)


def test_s24_many_names_from_one_place_are_limited_too(cast, with_password):
    with_password(cast.dora)
    has_failed_often("127.0.0.1")
    forged = {"X-Forwarded-For": "198.51.100.1"}
    assert says(tries("one@example.org", **forged)) == "no"
    assert says(tries("two@example.org", **forged)) == "too many"
    assert says(tries(cast.dora.email, PASSWORD, **forged)) == "too many"


def test_s24_behind_a_proxy_its_own_entry_alone_counts(cast, with_password, settings):
    settings.BEHIND_PROXY = True
    https = {"X-Forwarded-Proto": "https"}
    has_failed_often("203.0.113.5")
    first = tries("one@example.org", **https, **{"X-Forwarded-For": "10.0.0.1, 203.0.113.5"})
    assert says(first) == "no"
    for forged in (
        "10.0.0.2, 203.0.113.5",
        "203.0.113.6,203.0.113.5",
        "203.0.113.5",
        "x, 203.0.113.5",
    ):
        answer = tries("two@example.org", **https, **{"X-Forwarded-For": forged})
        assert says(answer) == "too many", forged
    other = tries("two@example.org", **https, **{"X-Forwarded-For": "203.0.113.5, 203.0.113.6"})
    assert says(other) == "no"


def test_s24_on_a_socket_for_both_kinds_of_address_places_are_told_apart(cast):
    def tries_from(name: str, address: str):
        told = {"name": name, "password": WRONG}
        return Client(REMOTE_ADDR=address).post("/sign-in/", told)

    has_failed_often("203.0.113.5")
    assert says(tries_from("one@example.org", "::ffff:203.0.113.5")) == "no"
    assert says(tries_from("two@example.org", "::ffff:203.0.113.5")) == "too many"
    assert says(tries_from("two@example.org", "::ffff:203.0.113.6")) == "no"


def test_s24_somebody_with_two_names_is_guessed_at_ten_times_in_all(cast):
    umi = factories.user(first_name="Umi", email="umi@example.org", username="umi.moss")
    set_password(user=umi, password=PASSWORD, by=SYSTEM)
    assert [says(tries(umi.email)) for _ in range(LIMIT)] == ["no"] * LIMIT
    # That the two names are one person's is not told: as with a wrong password.
    assert says(tries(umi.username, PASSWORD)) == "no"


def half_in(user, **headers: str) -> Client:
    """A browser that waits for the second factor."""
    client = Client(raise_request_exception=False)
    answer = client.post("/sign-in/", {"name": user.email, "password": PASSWORD}, headers=headers)
    assert answer.headers["Location"] == "/sign-in/second/"
    return client


def app_of(user) -> pyotp.TOTP:
    """The authenticator app of the user, set up a while ago."""
    secret = totp.start()
    code = pyotp.TOTP(secret).at(timezone.now())
    totp.set_up(user_id=user.pk, secret=secret, code=code, by=user_actor(user.pk))
    Totp.objects.filter(user=user).update(last_step=0)
    return pyotp.TOTP(secret)


def test_s24_codes_of_the_second_step_are_guessed_ten_times(clock, cast, with_password):
    with_password(cast.dora)
    app = app_of(cast.dora)
    said = []
    for number in range(2 * LIMIT):
        # Beginning again, elsewhere, by the right password.
        client = half_in(cast.dora, **{"X-Forwarded-For": f"198.51.100.{number}"})
        page = client.post("/sign-in/second/", {"code": "000000"}).content.decode()
        assert (WRONG_CODE in page) is not (TOO_MANY in page)
        said.append("no" if WRONG_CODE in page else "too many")
    assert said == ["no"] * LIMIT + ["too many"] * LIMIT
    client = half_in(cast.dora)
    right = {"code": app.at(clock.moment)}
    assert TOO_MANY in client.post("/sign-in/second/", right).content.decode()
    clock.wait(minutes=5)
    right = {"code": app.at(clock.moment)}
    assert client.post("/sign-in/second/", right).headers["Location"] == "/"


@pytest.mark.postgresql
def test_s24_of_fifty_guesses_at_once_ten_are_let_through(own_database):
    dora = assemble().dora
    set_password(user=dora, password=PASSWORD, by=SYSTEM)
    Client().get("/sign-in/")  # what is made once, is made
    assert at_once(lambda: says(tries(dora.email)) == "no") == LIMIT
    assert says(tries(dora.email, PASSWORD)) == "too many"
    assert SignInEvent.objects.filter(outcome=Outcome.FAILED).count() == LIMIT
    assert SignInEvent.objects.filter(outcome=Outcome.TOO_MANY).count() == 41


@pytest.mark.postgresql
def test_fifty_sign_ins_of_one_user_at_once_wait_for_one_another(own_database):
    dora = assemble().dora
    set_password(user=dora, password=PASSWORD, by=SYSTEM)
    # Of those who are at the door at the same moment some are told to wait (S24); none fails.
    assert at_once(lambda: says(tries(dora.email, PASSWORD)) in ("in", "too many")) == 50
    assert UserSession.objects.filter(user=dora).count() >= LIMIT


@pytest.mark.postgresql
def test_s24_a_success_at_the_same_moment_lets_no_further_guess_through(own_database):
    dora = assemble().dora
    set_password(user=dora, password=PASSWORD, by=SYSTEM)
    words = iter([WRONG, PASSWORD] * 25)
    assert at_once(lambda: says(tries(dora.email, next(words))) == "no") <= LIMIT
    assert SignInEvent.objects.filter(outcome=Outcome.FAILED).count() <= LIMIT
