"""The one-time set-up link."""

from __future__ import annotations

import pytest

from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.people.actions import make_set_up_link
from schoolgate.people.models import SetUpLink, User
from schoolgate.schools.models import Organisation

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

FIELDS = {
    "organisation": "Northshire Virtual School",
    "first_name": "Ada",
    "last_name": "Osei",
    "email": "ada@council.example",
    "password": "correct horse battery staple",
}


@pytest.fixture
def address(db) -> str:
    return f"/set-up/{make_set_up_link(by=SYSTEM)}/"


def test_opening_the_link_consumes_nothing_and_tells_no_referrer(address, browse):
    page = browse(None).get(address)
    assert page.status == 200
    assert page.response.headers["Referrer-Policy"] == "strict-origin"
    assert SetUpLink.objects.get().ended_at is None


def test_setting_up_makes_the_first_super_user_and_signs_them_in(address, browse):
    browser = browse(None)
    assert browser.post(address, **FIELDS).leads_to == "/"
    user = User.objects.get()
    assert user.email == "ada@council.example"
    assert [g.role for g in Grant.objects.filter(user=user)] == ["la_super_user"]
    assert Organisation.objects.get().name == "Northshire Virtual School"
    assert browser.get("/settings/users/").status == 200
    assert Event.objects.filter(verb="signed in").count() == 1


def test_the_link_works_once(address, browse):
    browse(None).post(address, **FIELDS)
    page = browse(None).post(address, **{**FIELDS, "email": "other@council.example"})
    assert page.status == 404
    assert "Start Schoolgate again to get a new link" in page.text
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("first_name", "", "Enter your first name."),
        ("last_name", "", "Enter your last name."),
        ("email", "ada", "Enter an e-mail address like name@school.sch.uk."),
        # Compared as 15 letters each: longer than the column of addresses.
        ("email", f"a@{'ﷺ' * 20}.example", "Enter an e-mail address like name@school.sch.uk."),
        (
            "password",
            "short",
            "Choose a password of at least 12 characters: this one has 5 characters.",
        ),
        (
            "password",
            "ada@council.example",
            "Choose a password without your e-mail address in it: that is what people guess first.",
        ),
        (
            "password",
            "1qaz2wsx3edc",
            "Choose another password: this one is on the lists of those who guess passwords.",
        ),
    ],
)
def test_mistakes_are_named_and_nothing_is_lost(address, browse, field, value, sentence):
    page = browse(None).post(address, **{**FIELDS, field: value})
    assert page.status == 200
    assert page.title.startswith("Error: ")
    assert sentence in page.text
    assert b'value="Northshire Virtual School"' in page.bytes
    assert not User.objects.exists()


def test_a_link_that_never_was_leads_nowhere(db, browse):
    page = browse(None).get("/set-up/never-was/")
    assert page.status == 404
    assert "This link does not work" in page.text
