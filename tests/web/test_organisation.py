"""Settings > Organisation: name, colour, whom to ask, grace; and the style sheet of the colour."""

from __future__ import annotations

import pytest
from django.utils import timezone

from schoolgate.audit.models import Event
from schoolgate.schools.actions import name_organisation
from schoolgate.schools.models import Organisation
from schoolgate.sign_in.models import Second, Totp, UserSession
from tests.web.test_headers import POLICY

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADDRESS = "/settings/organisation/"


@pytest.fixture
def northshire(cast) -> Organisation:
    return name_organisation(name="Northshire", by=cast.as_ada)


def form(organisation: Organisation, **changes: str) -> dict[str, str]:
    usual = {"name": "Northshire", "contact": "", "colour": "#1d3c6e", "own": "", "grace": "24"}
    return {**usual, "seen": organisation.standing(), **changes}


def test_name_colour_and_contact_are_set_and_told(cast, browse, northshire):
    browser = browse(cast.ada)
    told = form(northshire, name="Northshire Schools", contact="helpdesk@northshire.example")
    assert browser.post(ADDRESS, **told).leads_to == ADDRESS
    now = Organisation.objects.get()
    assert (now.name, now.colour) == ("Northshire Schools", "#1d3c6e")
    event = Event.objects.order_by("-pk")[0]
    assert (event.verb, event.kind, event.fields) == (
        "changed", "organisation", "name,colour,contact",
    )  # fmt: skip
    page = browser.get("/settings/users/")
    assert "Northshire Schools" in page.text
    assert b"/organisation.css?v=1d3c6e" in page.bytes
    assert "helpdesk@northshire.example" in browse(None).get("/sign-in/").text
    assert "helpdesk@northshire.example" in browse(None).get("/accessibility/").text


def test_a_colour_of_ones_own_is_taken(cast, browse, northshire):
    browse(cast.ada).post(ADDRESS, **form(northshire, colour="own", own="8A1538"))
    assert Organisation.objects.get().colour == "#8a1538"
    page = browse(cast.ada).get(ADDRESS)
    assert 'value="#8a1538"' in page.bytes.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the colour, or choose one from the list."),
        ("teal", "six digits or letters from a to f, like #0b5563, in place of “teal”"),
        ("#5fb3a8", "Choose a darker colour, such as #448179: white text on #5fb3a8 has a contrast"
                    " of 2.4 to 1, and needs 4.5 to 1 to be read."),
    ],
)  # fmt: skip
def test_a_colour_that_cannot_be_used_is_refused_with_the_remedy(
    cast, browse, northshire, typed, sentence
):
    page = browse(cast.ada).post(ADDRESS, **form(northshire, colour="own", own=typed))
    assert sentence in page.text
    assert Organisation.objects.get().colour is None


def test_s57_a_stale_edit_is_refused_and_loses_nothing(cast, browse, northshire):
    first, second = browse(cast.ada), browse(cast.ada)
    told = form(northshire)
    first.post(ADDRESS, **{**told, "name": "Northshire First"})
    page = second.post(ADDRESS, **{**told, "name": "Northshire Second"})
    assert "somebody has changed these settings since" in page.text
    assert "Northshire First" in page.text
    assert 'value="Northshire Second"' in page.bytes.decode()
    assert Organisation.objects.get().name == "Northshire First"
    again = form(Organisation.objects.get(), name="Northshire Second")
    assert second.post(ADDRESS, **again).leads_to == ADDRESS
    assert Organisation.objects.get().name == "Northshire Second"


def with_factor(browse, user):
    """A browser in which the user came in with a second factor."""
    Totp.objects.get_or_create(user=user, defaults={"made_at": timezone.now()})
    browser = browse(user)
    UserSession.objects.filter(user=user).update(second=Second.TOTP)
    return browser


def test_the_grace_of_the_second_factor_is_set_and_told(cast, browse, northshire):
    browser = with_factor(browse, cast.ada)
    assert "checked" in browser.get(ADDRESS).bytes.decode().partition('value="24"')[2][:20]
    assert browser.post(ADDRESS, **form(northshire, grace="0")).leads_to == ADDRESS
    assert Organisation.objects.get().factor_grace_hours == 0
    event = Event.objects.order_by("-pk")[0]
    assert (event.verb, event.fields) == ("changed", "colour,contact,factor_grace_hours")
    told = browser.get("/settings/events/").rows()[0][2]
    assert told == "Changed organisation: colour, contact, how soon a second factor must be set up"
    assert "checked" in browser.get(ADDRESS).bytes.decode().partition('value="0"')[2][:20]


def test_s25_no_grace_bites_on_the_next_request_of_everybody_in_theirs(cast, browse, northshire):
    ada, dora, theo = (
        with_factor(browse, cast.ada),
        browse(cast.dora),
        with_factor(browse, cast.theo),
    )
    noor = browse(cast.noor)  # without a role
    assert dora.get("/").status == 200
    ada.post(ADDRESS, **form(northshire, grace="0"))
    assert dora.get("/").leads_to == "/account/factors/"
    assert dora.get("/pupils/").leads_to == "/account/factors/"
    for browser in (ada, theo, noor):
        assert browser.get("/").status == 200
    ada.post(ADDRESS, **form(Organisation.objects.get(), grace="24"))
    assert dora.get("/").status == 200


def test_no_other_grace_can_be_chosen(cast, browse, northshire):
    for grace in ("", "1", "999", "-24"):
        page = browse(cast.ada).post(ADDRESS, **form(northshire, grace=grace))
        assert "Choose how soon a second factor must be set up." in page.text
    assert Organisation.objects.get().factor_grace_hours is None


def test_s57_somebody_else_has_changed_the_grace_meanwhile(cast, browse, northshire):
    ada = with_factor(browse, cast.ada)
    ada.post(ADDRESS, **form(northshire))
    stale = form(Organisation.objects.get(), grace="24")
    ada.post(ADDRESS, **{**stale, "grace": "0"})  # and nothing else
    page = ada.post(ADDRESS, **stale)
    assert "somebody has changed these settings since" in page.text
    assert "Second factor: at once" in page.text
    assert Organisation.objects.get().factor_grace_hours == 0


def test_saving_what_is_there_already_leaves_no_event(cast, browse, northshire):
    browse(cast.ada).post(ADDRESS, **form(northshire))
    before = Event.objects.count()
    browse(cast.ada).post(ADDRESS, **form(Organisation.objects.get()))
    assert Event.objects.count() == before


def test_the_style_sheet_may_be_kept_only_under_the_address_of_its_colour(cast, browse, northshire):
    browse(cast.ada).post(ADDRESS, **form(northshire))
    named = browse(None).client.get("/organisation.css?v=1d3c6e")
    assert named.headers["Content-Type"] == "text/css; charset=utf-8"
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"--govuk-brand-colour:#1d3c6e" in named.content
    assert named.headers["Content-Security-Policy"] == POLICY
    other = browse(None).client.get("/organisation.css?v=0b5563")
    assert other.headers["Cache-Control"] == "no-store"
