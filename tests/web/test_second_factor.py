"""The second factor on every path of staff (S25), and its grace (NEW11)."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.db import connection, transaction
from django.utils import timezone

from schoolgate.audit.actions import user_actor
from schoolgate.people.models import User
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import recovery_codes, totp
from schoolgate.sign_in.models import Door, Second, SignInEvent, UserSession
from schoolgate.web.permissions import Permission
from tests.web.routes import FORMS, a_world, routes

FACTORS = "/account/factors/"
BEHIND = [
    route
    for route in sorted(routes(), key=lambda route: route.name)
    if route.permission
    not in (Permission.PUBLIC, Permission.DEMONSTRATION, Permission.ACCOUNT_START)
]


def an_app(user: User) -> str:
    """Give the user an authenticator app; its secret."""
    secret = totp.start()
    # The code that shows it is of the step before, so that the one of now is there to be used.
    before = pyotp.TOTP(secret).at(timezone.now() - timedelta(seconds=30))
    totp.set_up(user_id=user.pk, secret=secret, code=before, by=user_actor(user.pk))
    return secret


def no_grace() -> None:
    """The organisation allows none."""
    Organisation.objects.update_or_create(defaults={"name": "Here", "factor_grace_hours": 0})


@pytest.mark.one_database
def test_s25_without_a_second_factor_that_is_due_no_page_opens(cast, browse):
    world = a_world(cast)
    no_grace()
    for user in (cast.ada, world.school.nia, world.school.lena, world.school.femi, cast.dora):
        browser = browse(user)
        for route in BEHIND:
            address = world.address(route, pupil=cast.amira.pk)
            for page in (browser.get(address), browser.post(address, **FORMS.get(route.name, {}))):
                assert (page.status, page.leads_to) == (302, FACTORS), route.name


def test_s25_the_pages_that_set_one_up_open(cast, browse):
    no_grace()
    assert browse(cast.ada).get(FACTORS).status == 200


@pytest.mark.one_database
def test_s25_between_the_factors_no_page_opens(cast, browse, with_password):
    world, password = a_world(cast), with_password(cast.ada)
    an_app(cast.ada)
    browser = browse(None)
    page = browser.post("/sign-in/", name="ada@council.example", password=password)
    assert page.leads_to == "/sign-in/second/"
    for route in BEHIND:
        page = browser.get(world.address(route, pupil=cast.amira.pk))
        assert page.leads_to.startswith("/sign-in/"), route.name
    assert not UserSession.objects.filter(user=cast.ada).exists()


def test_s25_a_session_without_one_ends_when_its_user_has_one(cast, browse):
    browser = browse(cast.ada)
    assert browser.get("/").status == 200
    an_app(cast.ada)
    assert browser.get("/").leads_to == "/sign-in/"


def test_signing_in_with_an_app(cast, browse, with_password):
    password, secret = with_password(cast.dora), an_app(cast.dora)
    browser = browse(None)
    half = browser.post(
        "/sign-in/", name="dora@abbey.example", password=password, next="/pupils/?q=h"
    )
    assert half.leads_to == "/sign-in/second/"
    assert browser.get("/sign-in/second/").status == 200
    page = browser.post("/sign-in/second/", code=pyotp.TOTP(secret).at(timezone.now()))
    assert page.leads_to == "/pupils/?q=h"
    assert browser.get("/pupils/").status == 200
    (session,) = UserSession.objects.filter(user=cast.dora)
    assert (session.door, session.second) == (Door.PASSWORD, Second.TOTP)
    outcomes = SignInEvent.objects.filter(user_id=cast.dora.pk).order_by("pk")
    assert list(outcomes.values_list("outcome", flat=True)) == ["half", "signed-in"]


def test_s26_codes_work_once_at_the_door(cast, browse, with_password):
    password, secret = with_password(cast.dora), an_app(cast.dora)
    (code, *_) = recovery_codes.make_new(user_id=cast.dora.pk, by=user_actor(cast.dora.pk))
    for right in (pyotp.TOTP(secret).at(timezone.now()), code):
        first, again = browse(None), browse(None)
        for browser in (first, again):
            browser.post("/sign-in/", name="dora@abbey.example", password=password)
        assert first.post("/sign-in/second/", code=right).leads_to == "/"
        assert "Check the code" in again.post("/sign-in/second/", code=right).text
        assert again.get("/pupils/").leads_to.startswith("/sign-in/")


def test_s24_codes_cannot_be_guessed_on_and_on(cast, browse, with_password):
    password, secret = with_password(cast.dora), an_app(cast.dora)
    right = pyotp.TOTP(secret).at(timezone.now())
    wrong = [f"{number:06d}" for number in range(12) if f"{number:06d}" != right]
    for code in wrong[:10]:
        browser = browse(None)  # a new browser each time counts on
        browser.post("/sign-in/", name="dora@abbey.example", password=password)
        browser.post("/sign-in/second/", code=code)
    assert "Wait five minutes" in browser.post("/sign-in/second/", code=right).text
    assert browser.get("/pupils/").leads_to.startswith("/sign-in/")


def test_between_the_factors_lasts_ten_minutes(clock, cast, browse, with_password):
    password, secret = with_password(cast.dora), an_app(cast.dora)
    browser = browse(None)
    browser.post("/sign-in/", name="dora@abbey.example", password=password)
    clock.wait(minutes=10, seconds=1)
    page = browser.post("/sign-in/second/", code=pyotp.TOTP(secret).at(timezone.now()))
    assert page.leads_to == "/sign-in/"
    assert not UserSession.objects.exists()


def test_the_second_step_alone_leads_to_the_beginning(cast, browse):
    assert browse(None).get("/sign-in/second/").leads_to == "/sign-in/"


# The grace


def test_the_grace_is_a_day_from_the_first_sign_in(clock, cast, browse, with_password):
    password = with_password(cast.dora)

    def come_in():
        browser = browse(None)
        browser.post("/sign-in/", name="dora@abbey.example", password=password)
        return browser.get("/pupils/")

    first = come_in()
    assert first.status == 200
    assert "Set up a second factor" in first.text
    clock.wait(hours=23, minutes=59)
    assert come_in().status == 200
    clock.wait(minutes=2)
    assert come_in().leads_to == FACTORS


def test_whoever_holds_no_role_needs_none(cast, browse):
    no_grace()
    page = browse(cast.noor).get("/pupils/")
    assert page.status == 200
    assert "second factor" not in page.text


def test_taking_the_grace_away_bites_at_the_next_request(cast, browse):
    browser = browse(cast.dora)
    assert browser.get("/pupils/").status == 200
    no_grace()
    assert browser.get("/pupils/").leads_to == FACTORS


def test_in_the_demonstration_the_grace_lasts_until_it_is_set(clock, cast, browse):
    Organisation.objects.update_or_create(defaults={"name": "Here", "is_demonstration": True})
    User.objects.update(factor_asked_at=timezone.now() - timedelta(days=400))
    assert browse(cast.dora).get("/pupils/").status == 200
    no_grace()
    assert browse(cast.dora).get("/pupils/").leads_to == FACTORS


def test_s60_a_second_factor_that_cannot_be_looked_up_lets_nobody_in(cast, browse, with_password):
    password = with_password(cast.dora)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sign_in_totp RENAME TO sign_in_totp_gone")
    browser = browse(None)
    with transaction.atomic():
        page = browser.post("/sign-in/", name="dora@abbey.example", password=password)
        transaction.set_rollback(True)
    assert page.status == 500
    assert not UserSession.objects.exists()


def test_s60_a_sign_in_that_cannot_be_written_down_is_none(cast, browse, with_password):
    password = with_password(cast.dora)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event RENAME TO audit_event_gone")
    browser = browse(None)
    with transaction.atomic():
        page = browser.post("/sign-in/", name="dora@abbey.example", password=password)
        transaction.set_rollback(True)
    assert page.status == 500
    assert "_auth_user_id" not in browser.client.session
