"""The door of a printed letter: its code and a second fact (S15, S16, S19, S20)."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext

from schoolgate.access.actions import deny
from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import SYSTEM
from schoolgate.people import printing
from schoolgate.people.actions import set_password
from schoolgate.people.models import PrintedCode, User
from schoolgate.schools.models import Establishment, Organisation, Pupil
from schoolgate.sign_in.models import SignInEvent, UserSession
from tests import factories
from tests.web.browsing import PASSWORD, masked

pytestmark = pytest.mark.one_database

BORN = "2014-03-27"


def open_to_parents() -> None:
    Organisation.objects.update_or_create(pk=1, defaults={"name": "X", "parent_access": True})
    Establishment.objects.update(parent_access=True)


def code_of(user: User, **how: bool) -> str:
    return printing.print_for([user.pk], by=SYSTEM, **how)[user.pk]


@pytest.fixture
def elizabeth(cast) -> User:
    """The mother of Amira, who was born on a day that is known, and of Eve."""
    open_to_parents()
    Pupil.objects.filter(pk=cast.amira.pk).update(date_of_birth=date(2014, 3, 27))
    Pupil.objects.filter(pk=cast.eve.pk).update(date_of_birth=None)
    mother = factories.user(first_name="Elizabeth", email="", username="edickinson")
    for pupil in (cast.amira, cast.eve):
        factories.grant(mother, PARENT, pupil=pupil)
    return mother


@pytest.fixture
def code(elizabeth) -> str:
    return code_of(elizabeth)


def enter(browser, code: str, fact: str):
    return browser.post("/letter/", code=code, fact=fact)


@pytest.mark.parametrize(
    "typed", [BORN, "27/03/2014", "27 3 2014", "27.3.2014", "27 March 2014", "27 mar 2014"]
)
def test_the_code_and_a_day_of_birth_lead_in(code, elizabeth, browse, typed):
    browser = browse(None)
    assert enter(browser, code.lower(), typed).leads_to == "/letter/password/"
    assert "edickinson" in browser.get("/letter/password/").text
    assert browser.post("/letter/password/", password=PASSWORD).leads_to == "/"
    assert authenticate(username="edickinson", password=PASSWORD) == elizabeth
    assert UserSession.objects.get(user=elizabeth).door == "letter"
    assert browser.get("/").status == 200


def test_s20_it_works_once(code, browse):
    browser = browse(None)
    enter(browser, code, BORN)
    late = browse(None)
    enter(late, code, BORN)
    browser.post("/letter/password/", password=PASSWORD)
    assert "Check the code" in enter(browse(None), code, BORN).text
    assert late.post("/letter/password/", password=PASSWORD + "!").leads_to == "/letter/"


def test_s20_reprinting_closes_what_the_earlier_letter_opened(code, elizabeth, browse):
    browser = browse(None)
    enter(browser, code, BORN)
    again = code_of(elizabeth)
    assert browser.get("/letter/password/").leads_to == "/letter/"
    assert "Check the code" in enter(browser, code, BORN).text
    assert enter(browser, again, BORN).leads_to == "/letter/password/"


def test_s19_opening_the_address_of_the_square_consumes_nothing_and_is_kept_nowhere(code, browse):
    before = list(PrintedCode.objects.values())
    for method in ("get", "head", "options", "put", "delete"):
        getattr(browse(None).client, method)(f"/letter/{code}/")
    page = browse(None).get(f"/letter/{code}/")
    assert f'value="{code}"' in page.bytes.decode()
    assert page.response.headers["Cache-Control"] == "no-store"
    assert page.response.headers["Referrer-Policy"] == "strict-origin"
    assert list(PrintedCode.objects.values()) == before


def test_s15_the_code_alone_opens_nothing(code, browse):
    for fact in ("2014-03-28", "Amira", "Eve", "", "x", "Elizabeth", "27 3"):
        page = enter(browse(None), code, fact)
        assert page.status == 200
        assert page.leads_to == ""
    assert browse(None).get("/letter/password/").leads_to == "/letter/"


def test_where_no_day_of_birth_is_known_a_first_name_will_do(code, cast, browse):
    Pupil.objects.update(date_of_birth=None)
    assert "Check the code" in enter(browse(None), code, "Ben").text
    assert "Check the code" in enter(browse(None), code, BORN).text
    assert enter(browse(None), code, " eve").leads_to == "/letter/password/"


def test_a_child_whose_link_is_over_proves_nothing(code, elizabeth, cast, browse):
    Pupil.objects.filter(pk=cast.amira.pk).update(date_of_birth=None)
    Pupil.objects.filter(pk=cast.carys.pk).update(date_of_birth=date(2014, 3, 27))
    assert "Check the code" in enter(browse(None), code, BORN).text


CLASSES = ("never was", "wrong fact", "used", "replaced", "denied", "too old")


@pytest.fixture
def codes(elizabeth, cast) -> dict[str, str]:
    """A code of each class; the second fact that goes with all is Amira's day of birth, but one."""
    made = {"never was": "3333-3333-3333"}
    for kind in CLASSES[1:]:
        parent = factories.user(first_name="Parent", email="", username=kind.replace(" ", "."))
        factories.grant(parent, PARENT, pupil=cast.amira if kind != "wrong fact" else cast.eve)
        made[kind] = code_of(parent)
        row = PrintedCode.objects.get(user=parent)
        match kind:
            case "used":
                printing.redeem(row.pk, password=PASSWORD)
            case "replaced":
                code_of(parent)
            case "denied":
                deny([parent.pk], by=SYSTEM)
                made[kind] = code_of(parent)  # one that was made since
            case "too old":
                PrintedCode.objects.filter(pk=row.pk).update(expires_at=row.made_at)
    return made


def attempt(browser, code: str):
    answer = enter(browser, code, BORN).response
    headers = {
        name: re.sub(r"=[^;]+", "=", value) if name == "Set-Cookie" else value
        for name, value in answer.headers.items()
        if name != "Content-Length"
    }
    return answer.status_code, headers, masked(answer).replace(code.encode(), b"CODE")


def test_s09_every_code_that_opens_nothing_gets_the_same_answer(codes, browse):
    answers = {kind: attempt(browse(None), code) for kind, code in codes.items()}
    same = answers["never was"]
    assert same[0] == 200
    assert b"Check the code and the date of birth" in same[2]
    assert {kind for kind, answer in answers.items() if answer != same} == set()


def test_s10_the_database_is_asked_the_same_for_every_code(codes, browse):
    def asked(code: str) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            enter(browse(None), code, BORN)
        return [re.sub(r"'[^']*'|\b\d+\b|NULL", "?", query["sql"]) for query in queries]

    asked("3333-3333-3334")
    questions = {kind: asked(code) for kind, code in codes.items()}
    same = questions["never was"]
    assert {kind for kind, found in questions.items() if found != same} == set()


def test_s13_tries_are_limited_the_same_for_every_code(codes, browse):
    told = {}
    for kind, code in codes.items():
        answers = [attempt(browse(None), code) for _ in range(12)]
        told[kind] = [answers.index(answers[-1]), answers[0][2], answers[-1][2]]
    same = told["never was"]
    assert same[0] == 10
    assert b"Try again tomorrow" in same[2]
    assert {kind for kind, found in told.items() if found != same} == set()


def test_s15_ten_wrong_days_close_a_code_for_a_day_in_every_browser(clock, code, browse):
    for day in range(1, 11):
        enter(browse(None), code, f"2014-04-{day:02}")
    assert "Try again tomorrow" in enter(browse(None), code, BORN).text
    clock.wait(hours=23)
    assert "Try again tomorrow" in enter(browse(None), code, BORN).text
    clock.wait(hours=1)
    assert enter(browse(None), code, BORN).leads_to == "/letter/password/"


def test_s24_a_network_that_tries_codes_is_stopped(code, browse, settings):
    for n in range(100):
        enter(browse(None), f"{n:04}-{n:04}-3333", BORN)
    assert "Wait five minutes" in enter(browse(None), code, BORN).text
    assert SignInEvent.objects.filter(door="letter", outcome="too-many").exists()


def test_while_parent_access_is_off_the_letter_stays_good(code, browse):
    Organisation.objects.update(parent_access=False)
    page = enter(browse(None), code, BORN)
    assert "Keep your letter and try again later" in page.text
    assert "Keep your letter" not in enter(browse(None), code, "2014-03-28").text
    Organisation.objects.update(parent_access=True)
    assert enter(browse(None), code, BORN).leads_to == "/letter/password/"


def test_parent_access_switched_off_on_the_way_stops_at_the_password(code, browse, elizabeth):
    browser = browse(None)
    enter(browser, code, BORN)
    Organisation.objects.update(parent_access=False)
    assert browser.post("/letter/password/", password=PASSWORD).leads_to == "/letter/"
    assert not User.objects.get(pk=elizabeth.pk).has_usable_password()


def test_s06_whoever_knew_the_browsers_session_before_is_not_led_on(code, browse):
    browser, other = browse(None), browse(None)
    session = browser.client.session  # one in which nobody has signed in, as on a shared computer
    session["something"] = "before"
    session.save()
    for one in (browser, other):
        one.client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert enter(browser, code, BORN).leads_to == "/letter/password/"
    assert other.get("/letter/password/").leads_to == "/letter/"
    assert other.post("/letter/password/", password=PASSWORD).leads_to == "/letter/"
    assert browser.post("/letter/password/", password=PASSWORD).leads_to == "/"


def test_a_password_that_will_not_do_uses_nothing_up(code, browse):
    browser = browse(None)
    enter(browser, code, BORN)
    assert (
        "Choose a password of at least 12" in browser.post("/letter/password/", password="x").text
    )
    assert browser.post("/letter/password/", password=PASSWORD).leads_to == "/"


def test_a_letter_gives_back_a_forgotten_sign_in_without_e_mail(elizabeth, browse):
    set_password(user=elizabeth, password=PASSWORD, by=SYSTEM)
    there = browse(elizabeth)
    code = code_of(elizabeth, resets=True)
    # Printing takes nothing away; using the letter does.
    assert there.get("/account/").status == 200
    assert authenticate(username="edickinson", password=PASSWORD) == elizabeth
    browser = browse(None)
    enter(browser, code, BORN)
    browser.post("/letter/password/", password=PASSWORD + " anew")
    assert authenticate(username="edickinson", password=PASSWORD) is None
    assert there.get("/account/").leads_to.startswith("/sign-in/")


def test_s17_whoever_chooses_another_password_themselves_closes_a_letter(elizabeth, browse):
    set_password(user=elizabeth, password=PASSWORD, by=SYSTEM)
    code = code_of(elizabeth, resets=True)
    new = PASSWORD + " anew"
    fields = {"current": PASSWORD, "password": new}
    assert browse(elizabeth).post("/account/password/", **fields).leads_to == "/account/"
    assert authenticate(username="edickinson", password=new) == elizabeth
    assert "Check the code" in enter(browse(None), code, BORN).text


def test_the_opened_letter_is_forgotten_after_half_an_hour(clock, code, browse):
    browser = browse(None)
    enter(browser, code, BORN)
    clock.wait(minutes=29)
    assert browser.get("/letter/password/").status == 200
    clock.wait(minutes=2)
    assert browser.post("/letter/password/", password=PASSWORD).leads_to == "/letter/"


def test_the_sign_in_page_leads_to_it(cast, browse):
    assert "I have a letter with a code" in browse(None).get("/sign-in/").text
