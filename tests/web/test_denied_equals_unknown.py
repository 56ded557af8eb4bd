"""A denied user equals one whom nobody knows, at the password door (S9, S13): in words, status,
headers, and in what the database is asked."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from schoolgate.access.accounts import delete_users
from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.people import invitations
from schoolgate.people.actions import set_password
from schoolgate.people.passwords import Argon2id
from tests import factories
from tests.web.browsing import PASSWORD, masked
from tests.web.test_second_factor import an_app

WRONG = "not it, not at all, no"
CLASSES = {
    "unknown": ("nobody@council.example", PASSWORD),
    "unknown user name": ("nobody.at.all", PASSWORD),
    "denied, right password": ("liam@council.example", PASSWORD),
    "denied, wrong password": ("liam@council.example", WRONG),
    "denied with an app": ("theo@brook.example", PASSWORD),
    "denied at their school": ("nia@abbey.example", PASSWORD),
    "gone": ("dora@abbey.example", PASSWORD),
    "invited, not set up": ("noor@example.org", PASSWORD),
    "wrong password": ("sara@council.example", WRONG),
}


@pytest.fixture
def world(school):
    """Somebody of each class; Sara may come in."""
    cast = school.cast
    for user in (cast.liam, cast.theo, cast.dora, cast.sara, school.nia):
        set_password(user=user, password=PASSWORD, by=SYSTEM)
    an_app(cast.theo)
    deny([cast.liam.pk, cast.theo.pk], by=SYSTEM)
    deny([school.nia.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    delete_users([cast.dora.pk], by=SYSTEM)
    invitations.invite([cast.noor.pk], by=SYSTEM)
    return cast


def attempt(browse, name: str, password: str):
    """What the browser gets, without the name that it typed and marks that differ each time."""
    answer = browse(None).post("/sign-in/", name=name, password=password).response
    headers = {
        key: re.sub(r"=[^;]+", "=", value) if key == "Set-Cookie" else value
        for key, value in answer.headers.items()
        if key != "Content-Length"
    }
    cookies = sorted(answer.cookies)
    return answer.status_code, headers, cookies, masked(answer).replace(name.encode(), b"NAME")


def asked(browse, name: str, password: str) -> list[str]:
    """What the database is asked, without the values."""
    with CaptureQueriesContext(connection) as queries:
        browse(None).post("/sign-in/", name=name, password=password)
    return [re.sub(r"'[^']*'|\b\d+\b|NULL", "?", query["sql"]) for query in queries]


def test_s09_every_class_gets_the_same_answer(world, browse):
    answers = {kind: attempt(browse, *pair) for kind, pair in CLASSES.items()}
    same = answers["unknown"]
    assert same[0] == 200
    assert {kind for kind, answer in answers.items() if answer != same} == set()


def test_s10_the_database_is_asked_the_same_for_every_class(world, browse):
    asked(browse, "warm@up.example", WRONG)
    questions = {kind: asked(browse, *pair) for kind, pair in CLASSES.items()}
    same = questions["unknown"]
    assert {kind for kind, found in questions.items() if found != same} == set()


class Counting(Argon2id):
    """Counts how often a password is looked at: each time costs what guessing costs."""

    looked = 0

    def verify(self, password: str, encoded: str) -> bool:
        Counting.looked += 1
        return bool(super().verify(password, encoded))

    def encode(self, password: str, salt: str) -> str:
        Counting.looked += 1
        return str(super().encode(password, salt))


def test_s10_a_password_is_looked_at_once_for_every_class(world, browse, settings):
    settings.PASSWORD_HASHERS = [f"{Counting.__module__}.{Counting.__qualname__}"]
    attempt(browse, "warm@up.example", WRONG)
    looked = {}
    for kind, pair in CLASSES.items():
        before = Counting.looked
        attempt(browse, *pair)
        looked[kind] = Counting.looked - before
    assert set(looked.values()) == {1}, looked


def test_s13_lock_outs_are_the_same_for_every_class(world, browse):
    told = {}
    for kind, pair in CLASSES.items():
        if kind == "denied, right password":
            continue  # the name of the one with the wrong one
        answers = [attempt(browse, *pair) for _ in range(12)]
        told[kind] = [answers.index(answers[-1]), answers[0], answers[-1]]
    same = told["unknown"]
    assert same[0] == 10
    assert b"Wait five minutes" in same[2][3]
    assert {kind for kind, found in told.items() if found != same} == set()


def test_s24_two_names_of_one_person_are_no_twenty_tries_and_tell_nothing(world, browse):
    both = factories.user(first_name="Both", email="both@council.example", username="both.names")
    set_password(user=both, password=PASSWORD, by=SYSTEM)
    for _ in range(10):
        attempt(browse, "both@council.example", WRONG)
    right = attempt(browse, "both.names", PASSWORD)
    unknown = attempt(browse, "no.such.name", WRONG)
    assert right == unknown  # not let in, and not told that they are one person


def test_s24_a_success_in_between_resets_nothing(world, browse):
    for _ in range(9):
        attempt(browse, "sara@council.example", WRONG)
    for _ in range(3):
        assert attempt(browse, "sara@council.example", PASSWORD)[0] == 302
    assert b"Check your" in attempt(browse, "sara@council.example", WRONG)[3]
    assert b"Wait five" in attempt(browse, "sara@council.example", PASSWORD)[3]


def test_whoever_may_come_in_does(world, browse):
    page = browse(None).post("/sign-in/", name="sara@council.example", password=PASSWORD)
    assert page.leads_to == "/"
