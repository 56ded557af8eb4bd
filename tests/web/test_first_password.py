"""Signing in with a first password from a file: nothing is open but choosing one's own (S22)."""

from __future__ import annotations

import pytest

from schoolgate.audit.actions import SYSTEM
from schoolgate.people import first_passwords
from schoolgate.people.actions import set_password
from schoolgate.people.models import User
from schoolgate.sign_in.models import UserSession
from schoolgate.web.permissions import Permission
from tests.web.browsing import PASSWORD
from tests.web.routes import FORMS, a_world, routes
from tests.web.test_denied_equals_unknown import WRONG, attempt
from tests.web.test_second_factor import no_grace

FIRST = "Abc-1234"
PAGE = "/account/first-password/"
BEHIND = [
    route
    for route in sorted(routes(), key=lambda route: route.name)
    if route.permission
    not in (Permission.PUBLIC, Permission.DEMONSTRATION, Permission.FIRST_SIGN_IN)
]


def given(user: User) -> User:
    """The user, with a first password that came with a file."""
    first_passwords.keep([(user.pk, FIRST)], by=SYSTEM, import_id=None)
    first_passwords.hash_some()
    return User.objects.get(pk=user.pk)


@pytest.fixture
def newcomer(cast):
    """Dora, before she set up her sign-in, with a first password."""
    return given(cast.dora)


@pytest.fixture
def inside(newcomer, browse):
    """Her browser, just signed in."""
    browser = browse(None)
    page = browser.post("/sign-in/", name=newcomer.email, password=FIRST)
    assert page.leads_to == "/"
    return browser


@pytest.mark.one_database
def test_s22_with_a_first_password_no_page_opens_but_the_one_to_change_it(cast, inside):
    world = a_world(cast)
    for route in BEHIND:
        address = world.address(route, pupil=cast.amira.pk)
        for page in (inside.get(address), inside.post(address, **FORMS.get(route.name, {}))):
            assert (page.status, page.leads_to) == (302, PAGE), route.name
    assert inside.get("/sign-in/").leads_to == "/"
    assert inside.get(PAGE).status == 200


@pytest.mark.one_database
def test_s22_it_goes_before_a_second_factor_that_is_due(cast, newcomer, browse):
    no_grace()
    browser = browse(None)
    browser.post("/sign-in/", name=newcomer.email, password=FIRST)
    assert browser.get("/account/factors/").leads_to == PAGE
    browser.post(PAGE, password=PASSWORD)
    assert browser.get("/pupils/").leads_to == "/account/factors/"
    assert browser.get(PAGE).leads_to == "/account/factors/"


def test_s22_the_new_one_obeys_the_rules_and_is_another(cast, browse):
    first = "correct horse battery staple"
    first_passwords.keep([(cast.dora.pk, first)], by=SYSTEM, import_id=None)
    first_passwords.hash_some()
    browser = browse(None)
    browser.post("/sign-in/", name=cast.dora.email, password=first)
    for typed, words in {
        "short": "at least 12 characters",
        "": "Enter a password",
        "Schoolgate12345": "without the name Schoolgate",
        first: "Choose another password than the one that you were given",
    }.items():
        page = browser.post(PAGE, password=typed)
        assert words in page.text
        assert browser.get("/pupils/").leads_to == PAGE
    assert User.objects.get(pk=cast.dora.pk).has_first_password


def test_s22_chosen_everything_opens_and_the_old_one_is_dead_everywhere(newcomer, inside, browse):
    other = browse(None)
    other.post("/sign-in/", name=newcomer.email, password=FIRST)
    assert UserSession.objects.filter(user=newcomer, ended_at=None).count() == 2
    key = inside.client.session.session_key
    page = inside.post(PAGE, password=PASSWORD)
    assert page.leads_to == "/"
    assert inside.client.session.session_key != key
    assert inside.get("/pupils/").status == 200
    assert inside.get(PAGE).leads_to == "/"
    assert other.get("/pupils/").leads_to.startswith("/sign-in/")
    again = browse(None)
    again.post("/sign-in/", name=newcomer.email, password=FIRST)
    assert again.get("/pupils/").leads_to.startswith("/sign-in/")
    again.post("/sign-in/", name=newcomer.email, password=PASSWORD)
    assert again.get("/pupils/").status == 200


def test_s22_one_that_was_not_changed_in_time_is_as_a_name_that_nobody_has(clock, newcomer, browse):
    unknown = attempt(browse, "nobody@council.example", FIRST)
    assert attempt(browse, newcomer.email, WRONG) == unknown
    clock.wait(days=15)
    assert attempt(browse, newcomer.email, FIRST) == attempt(browse, "nobody@x.example", FIRST)


def test_s09_one_that_is_not_hashed_yet_is_as_a_name_that_nobody_has(cast, browse):
    first_passwords.keep([(cast.dora.pk, FIRST)], by=SYSTEM, import_id=None)
    unknown = attempt(browse, "nobody@council.example", FIRST)
    assert attempt(browse, cast.dora.email, FIRST) == unknown


def test_nobody_else_is_asked_for_another_password(cast, browse):
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    assert browse(cast.dora).get(PAGE).leads_to == "/"
    assert browse(None).get(PAGE).leads_to.startswith("/sign-in/")
