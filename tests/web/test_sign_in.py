"""Signing in and out."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import allow, deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.web.views.sign_in import NO
from tests.web.browsing import masked


def test_signing_in_by_address_leads_to_my_pupils(cast, browse, with_password):
    password = with_password(cast.dora)
    page = browse(None).post("/sign-in/", name=" DORA@abbey.example ", password=password)
    assert (page.status, page.leads_to) == (302, "/")


def test_signing_in_is_an_event(cast, browse, with_password):
    password = with_password(cast.dora)
    browse(None).post("/sign-in/", name="dora@abbey.example", password=password)
    assert Event.objects.filter(verb="signed in", user_id=cast.dora.pk).count() == 1


def test_session_id_rotates_at_sign_in(cast, browse, with_password):
    password = with_password(cast.dora)
    browser = browse(None)
    browser.client.session["left"] = "by somebody else"
    browser.client.session.save()
    before = browser.client.session.session_key
    browser.post("/sign-in/", name="dora@abbey.example", password=password)
    assert browser.client.session.session_key != before


def test_every_failure_is_told_in_the_same_sentence(cast, browse, with_password):
    for user in (cast.dora, cast.theo):
        with_password(user)
    deny([cast.theo.pk], by=SYSTEM)
    tries = [
        ("dora@abbey.example", "not it, not at all"),  # wrong password
        ("nobody@example.org", "not it, not at all"),  # no such user
        ("theo@brook.example", "correct horse battery staple"),  # inactive
        ("noor@example.org", "not it, not at all"),  # has not set up
    ]
    answers = set()
    for name, password in tries:
        page = browse(None).post("/sign-in/", name=name, password=password)
        assert NO in page.text
        assert page.title.startswith("Error: ")
        answers.add(masked(page.response).replace(name.encode(), b"NAME"))
    assert len(answers) == 1


def test_empty_fields_are_named(db, browse):
    page = browse(None).post("/sign-in/", name="", password="")
    assert "Enter your e-mail address or user name." in page.text
    assert "Enter your password." in page.text


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/pupils/7/", "/pupils/7/"),
        ("/pupils/?q=mo", "/pupils/?q=mo"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("///evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("pupils/", "/"),
    ],
)
def test_s59_next_is_local_only(cast, browse, with_password, wanted, reached):
    password = with_password(cast.dora)
    page = browse(None).post("/sign-in/", name="dora@abbey.example", password=password, next=wanted)
    assert page.leads_to == reached


def test_whoever_is_signed_in_is_led_on(cast, browse):
    assert browse(cast.dora).get("/sign-in/").leads_to == "/"


def test_signing_out_ends_the_session(cast, browse):
    browser = browse(cast.dora)
    assert browser.post("/sign-out/").leads_to == "/sign-in/"
    assert browser.get("/").leads_to == "/sign-in/"


def test_a_denied_user_is_out_at_the_next_request(cast, browse):
    browser = browse(cast.dora)
    assert browser.get("/").status == 200
    deny([cast.dora.pk], by=SYSTEM)
    assert browser.get("/").leads_to == "/sign-in/"


def test_s2_allowing_again_revives_no_old_session(cast, browse, with_password):
    password = with_password(cast.dora)
    old, new = browse(None), browse(None)
    old.post("/sign-in/", name="dora@abbey.example", password=password)
    assert old.get("/").status == 200
    deny([cast.dora.pk], by=SYSTEM)
    allow([cast.dora.pk], by=SYSTEM)
    assert old.get("/").leads_to == "/sign-in/"
    new.post("/sign-in/", name="dora@abbey.example", password=password)
    assert new.get("/").status == 200
    assert old.get("/").leads_to == "/sign-in/"

    deny([cast.dora.pk], by=SYSTEM)
    allow([cast.dora.pk], by=SYSTEM)
    assert new.get("/").leads_to == "/sign-in/"


def test_s2_a_denial_of_another_user_ends_no_session(cast, browse):
    browser = browse(cast.dora)
    deny([cast.theo.pk], by=SYSTEM)
    assert browser.get("/").status == 200
