"""Settings > Parents: the switches, the checklist, and what whoever is kept out gets (ITS1)."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import deny
from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import SYSTEM
from schoolgate.people.actions import set_password
from schoolgate.schools.models import Establishment, Organisation
from tests import factories
from tests.web.browsing import PASSWORD, masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADDRESS = "/settings/parents/"
SCHOOLS = f"{ADDRESS}schools/"


@pytest.fixture
def mary(cast):
    """A parent of Amira with a password; parent access is off everywhere."""
    Organisation.objects.create(name="Northshire")
    mary = factories.user(first_name="Mary", last_name="Haddad", email="mary@home.example")
    factories.grant(mary, PARENT, pupil=cast.amira)
    set_password(user=mary, password=PASSWORD, by=SYSTEM)
    return mary


def save(browser, access: str, names: str = "off", **more: str):
    hidden = browser.get(ADDRESS).hidden()
    return browser.post(ADDRESS, access=access, names=names, **hidden, **more)


def switch_schools(browser, address: str):
    return browser.post(f"{SCHOOLS}?{address}", **browser.get(f"{SCHOOLS}?{address}").hidden())


def enters(browser) -> bool:
    return bool(browser.post("/sign-in/", name="mary@home.example", password=PASSWORD).leads_to)


def test_an_la_super_user_switches_parents_on_and_off(cast, browse, mary):
    browser = browse(cast.ada)
    assert not enters(browse(None))
    assert save(browser, "on", "on").leads_to == ADDRESS
    assert Organisation.objects.get().names_to_parents
    assert not enters(browse(None))  # the school is off yet
    page = switch_schools(browser, f"do=on&who=ticked&tick={cast.abbey.pk}")
    assert page.leads_to == ADDRESS
    assert ["", "Abbey Primary School", "100001", "On"] in [
        ["", *row[1:]] for row in browser.get(ADDRESS).rows()
    ]
    parent = browse(None)
    assert enters(parent)
    assert "Amira" in parent.get("/").text
    # Off: it says whom that shuts out, before and not after.
    asked = save(browser, "off")
    assert "1 person who can sign in now will be shut out" in asked.text.replace("\xa0", " ")
    assert Organisation.objects.get().parent_access
    assert "Amira" in parent.get("/").text
    assert browser.post(ADDRESS, **asked.hidden()).leads_to == ADDRESS
    assert parent.get("/").leads_to == "/sign-in/"
    save(browser, "on")
    assert parent.get("/").leads_to == "/sign-in/"
    assert enters(browse(None))


def test_schools_are_switched_ticked_or_all_after_asking(cast, browse, mary):
    browser = browse(cast.ada)
    shown = browser.get(f"{SCHOOLS}?do=on&who=all")
    assert "Switch parent access on for 2 schools?" in shown.text.replace("\xa0", " ")
    assert not Establishment.objects.filter(parent_access=True).exists()
    switch_schools(browser, "do=on&who=all")
    assert Establishment.objects.filter(parent_access=True).count() == 2
    save(browser, "on")
    asked = browser.get(f"{SCHOOLS}?do=off&tick={cast.abbey.pk}")
    assert "1 person who can sign in now will be shut out" in asked.text.replace("\xa0", " ")
    # Somebody else joins meanwhile: the page that asked has said something else.
    other = factories.user()
    set_password(user=other, password=PASSWORD, by=SYSTEM)
    factories.grant(other, PARENT, pupil=cast.ben)
    address = f"{SCHOOLS}?do=off&tick={cast.abbey.pk}"
    refused = browser.post(address, **asked.hidden())
    assert "Look at what is there now" in refused.text
    assert "2 people who can sign in now" in refused.text.replace("\xa0", " ")
    assert Establishment.objects.filter(parent_access=True).count() == 2
    assert browser.post(address, **refused.hidden()).leads_to == ADDRESS
    (left,) = Establishment.objects.filter(parent_access=True)
    assert left == cast.brook
    assert "Choose schools" in browser.get(f"{SCHOOLS}?do=on").text
    assert "Choose schools" in browser.get(f"{SCHOOLS}?tick={cast.abbey.pk}").text


def test_the_list_has_schools_with_pupils_and_is_searched(cast, browse, mary):
    factories.establishment(name="Cedar School")
    browser = browse(cast.ada)
    names = [row[1] for row in browser.get(ADDRESS).rows()]
    assert names == ["Abbey Primary School", "Brook Academy"]
    assert [row[1] for row in browser.get(ADDRESS, q="bro").rows()] == ["Brook Academy"]
    assert [row[1] for row in browser.get(ADDRESS, q="100001").rows()] == ["Abbey Primary School"]
    assert "show all schools with pupils" in browser.get(ADDRESS, q="zzz").text


def test_s57_a_stale_edit_is_refused_and_loses_nothing(cast, browse, mary):
    one, two = browse(cast.ada), browse(cast.ada)
    stale = one.get(ADDRESS).hidden()
    save(two, "on", "on")
    refused = one.post(ADDRESS, access="off", names="off", **stale)
    assert "somebody has changed these settings" in refused.text
    assert "Parents may sign in: yes" in refused.text
    body = refused.bytes.decode()
    assert body.count('value="off" checked') == 2
    assert Organisation.objects.get().parent_access
    assert one.post(ADDRESS, access="off", names="off", **refused.hidden()).leads_to == ADDRESS


def test_the_checklist_tells_what_is_missing(cast, browse, mary, settings):
    factories.grant(factories.user(), PARENT, pupil=cast.ben)
    browser = browse(cast.ada)
    text = browser.get(ADDRESS).text
    assert "Import parents Done" in text
    assert "Import pupils Done" in text
    assert "Give 1 of them a way to sign in" in text
    assert browser.get(ADDRESS).link("Give 1") == "/settings/users/credentials/"
    for words in ("Switch parent access on Done", "Switch it on for a school Done"):
        assert words not in text
    assert browser.get(ADDRESS).link("Set up mail") == "/settings/mail/"
    settings.MAIL = "smtp://127.0.0.1"
    save(browser, "on")
    switch_schools(browser, "do=on&who=all")
    text = browser.get(ADDRESS).text
    for words in ("Switch parent access on", "Switch it on for a school", "Set up mail"):
        assert f"{words} Done" in text


def test_s9_a_parent_who_is_kept_out_equals_one_who_does_not_exist(cast, browse, mary):
    denied = factories.user(email="nina@home.example")
    set_password(user=denied, password=PASSWORD, by=SYSTEM)
    deny([denied.pk], by=SYSTEM)
    for address, fields in (
        ("/sign-in/", {"password": PASSWORD}),
        ("/sign-in/", {"password": "wrong"}),
        ("/sign-in/code/", {}),
        ("/sign-in/forgotten/", {}),
    ):
        answers = []
        for name in ("mary@home.example", "nina@home.example", "nemo@home.example"):
            answer = browse(None).client.post(address, {"name": name, **fields})
            body = masked(answer).replace(name.encode(), b"")
            answers.append((answer.status_code, dict(answer.headers), body))
        assert answers[0] == answers[1] == answers[2], address


def test_it_is_for_la_super_users_alone(cast, browse, mary, school):
    for user in (cast.liam, school.nia, cast.dora):
        for address in (ADDRESS, SCHOOLS):
            assert browse(user).get(address).status == 404
