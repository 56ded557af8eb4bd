"""Settings > Parents > Licence types: Parent/Guardian, Pupil and others that are added (PT11)."""

from __future__ import annotations

import pytest

from schoolgate.access.licences import Block, every_licence, licence_role
from schoolgate.access.models import Grant, LicenceType
from schoolgate.access.roles import PARENT, PUPIL
from schoolgate.schools.models import Organisation
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADDRESS = "/settings/licences/"
CHILDMINDER = {"name": "Childminder", "purpose": "Fetches children.", "blocks": ["school"]}


def added() -> LicenceType:
    return LicenceType.objects.get(builtin="", gone_at=None)


@pytest.fixture
def childminder(cast, browse):
    """The licence type, and Noor who holds it over Ben."""
    Organisation.objects.create(name="Northshire", parent_access=True)
    type(cast.abbey).objects.update(parent_access=True)
    assert browse(cast.ada).post(f"{ADDRESS}add/", **CHILDMINDER).leads_to == ADDRESS
    factories.grant(cast.noor, licence_role(added().code), pupil=cast.ben)
    return added()


def test_the_two_are_there_from_the_start(cast, browse):
    rows = browse(cast.ada).get(ADDRESS).rows()
    assert [row[0] for row in rows] == ["Parent/Guardian", "Pupil"]
    assert "Who can see my child’s record" in rows[0][2]
    assert "Take away" not in browse(cast.ada).get(ADDRESS).text
    assert browse(cast.ada).get(f"{ADDRESS}{PARENT.code}/remove/").status == 404


def test_an_added_one_is_listed_with_its_holders_and_told_in_events(cast, browse, childminder):
    browser = browse(cast.ada)
    rows = browser.get(ADDRESS).rows()
    assert rows[2][:4] == [
        "Childminder", "Fetches children.", "School, year and class",
        "1 users with the licence type Childminder",
    ]  # fmt: skip
    assert "Created licence type Childminder" in browser.get("/settings/events/").text
    page = browse(cast.noor).get(f"/children/{cast.ben.pk}/")
    assert "Abbey Primary School" in page.text
    assert "Classes and teachers" not in page.text


def test_what_a_licence_type_shows_is_changed_at_once(cast, browse, childminder):
    browser, family = browse(cast.ada), browse(cast.noor)
    page = f"{ADDRESS}{childminder.code}/"
    form = {**browser.get(page).hidden(), "name": "Child minder", "purpose": ""}
    assert browser.post(page, **form, blocks=["classes"]).leads_to == ADDRESS
    text = family.get(f"/children/{cast.ben.pk}/").text
    assert "Classes and teachers" in text
    assert "Abbey Primary School" not in text
    assert "Abbey" not in family.get("/").text
    assert browser.get(ADDRESS).rows()[2][0] == "Child minder"


def test_of_one_that_is_always_there_the_blocks_alone_are_changed(cast, browse):
    browser = browse(cast.ada)
    page = f"{ADDRESS}{PUPIL.code}/"
    hidden = browser.get(page).hidden()
    browser.post(page, **hidden, name="Scholar", purpose="x", blocks=["who-sees"])
    found = every_licence()[PUPIL.code]
    assert found.blocks == (Block.WHO_SEES,)
    assert (found.role.name, LicenceType.objects.get().name) == ("Pupil", "Pupil")
    # Again: of what has a row now.
    browser.post(page, **browser.get(page).hidden(), blocks=[])
    assert every_licence()[PUPIL.code].blocks == ()
    assert "The name alone" in browser.get(ADDRESS).text
    assert "Changed licence type: what it shows" in browser.get("/settings/events/").text


@pytest.mark.parametrize("code", [PARENT.code, "added"])
def test_s57_a_stale_change_is_refused_and_what_was_chosen_stays(cast, browse, childminder, code):
    code = childminder.code if code == "added" else code
    browser, page = browse(cast.ada), f"{ADDRESS}{code}/"
    stale = browser.get(page).hidden()
    more = {"name": "Minder", "purpose": ""}
    browser.post(page, **browser.get(page).hidden(), **more, blocks=["who-sees"])
    refused = browser.post(page, **stale, **more, blocks=["classes"])
    assert "somebody has changed this licence type" in refused.text
    assert "It shows: Who can see my child’s record" in refused.text
    body = refused.bytes.decode()
    assert 'value="classes" checked' in body
    assert 'value="who-sees" checked' not in body
    assert every_licence()[code].blocks == (Block.WHO_SEES,)
    browser.post(page, **refused.hidden(), **more, blocks=["classes"])
    assert every_licence()[code].blocks == (Block.CLASSES,)


def test_a_name_is_given_once_among_roles_and_licence_types(cast, browse, childminder):
    browser = browse(cast.ada)
    factories.own_role("Mentor")
    for name in ("parent / guardian", "Social worker", "CHILD MINDER", "mentor"):
        page = browser.post(f"{ADDRESS}add/", name=name, purpose="", blocks=["school"])
        assert "Enter another name: there is a role of this name." in page.text, name
        assert f'value="{name}"' in page.bytes.decode()
    page = browser.post("/settings/roles/add/", name="Childminder", shows="the register")
    assert "Enter another name" in page.text
    assert "Enter a name" in browser.post(f"{ADDRESS}add/", name=" ").text
    assert "Choose from what" in browser.post(f"{ADDRESS}add/", name="X", blocks=["upn"]).text


def test_one_that_is_taken_away_ends_its_grants_and_stays_named(cast, browse, childminder):
    browser, page = browse(cast.ada), f"{ADDRESS}{childminder.code}/remove/"
    shown = browser.get(page)
    assert "1 user has it" in shown.text.replace("\xa0", " ")
    assert [row[0] for row in shown.rows()] == ["Noor Rahman"]
    # Somebody gives it to another meanwhile.
    factories.grant(cast.noor, licence_role(childminder.code), pupil=cast.amira)
    refused = browser.post(page, **shown.hidden())
    assert "Look at who has the licence type now" in refused.text
    assert seen_by(cast.noor) == "Amira Ben"
    assert browser.post(page, **refused.hidden()).leads_to == ADDRESS
    assert seen_by(cast.noor) == ""
    assert not Grant.objects.filter(user=cast.noor, ended_at=None).exists()
    assert browse(cast.ada).get(page).status == 404
    assert "Childminder" in browser.get(f"/pupils/{cast.ben.pk}/why/{cast.noor.pk}/").text


def test_it_is_for_la_super_users_alone(cast, browse, childminder, school):
    for user in (cast.liam, school.nia, cast.noor):
        for place in ("", "add/", f"{childminder.code}/", f"{childminder.code}/remove/"):
            assert browse(user).get(ADDRESS + place).status == 404


def test_the_roles_page_leaves_licence_types_to_their_own(cast, browse):
    assert "Parent/Guardian" not in browse(cast.ada).get("/settings/roles/").text
