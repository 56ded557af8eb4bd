"""Settings > Roles, and where a role of the organisation's own shows up (LAC15)."""

from __future__ import annotations

import pytest

from schoolgate.access.models import Grant, OwnRole
from schoolgate.access.roles import LA_SUPER_USER, SOCIAL_WORKER
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADDRESS = "/settings/roles/"
OFFICER = "Independent Reviewing Officer"


def address(what: str = "") -> str:
    return f"{ADDRESS}{OwnRole.objects.get(gone_at=None).pk}/{what}"


def test_an_la_super_user_adds_a_role_and_it_is_offered_where_roles_are(cast, browse):
    browser = browse(cast.ada)
    told = {"name": OFFICER, "purpose": "Chairs reviews.", "shows": "everything"}
    assert browser.post(f"{ADDRESS}add/", **told).leads_to == ADDRESS
    page = browser.get(ADDRESS)
    assert [OFFICER, "Chairs reviews.", "Everything"] in [row[:3] for row in page.rows()]
    for place in (
        "/settings/users/add/", "/settings/users/", "/settings/imports/new/?kind=users",
        f"/settings/users/{cast.noor.pk}/edit/",
    ):  # fmt: skip
        assert OFFICER in browser.get(place).text, place
    assert f"Created role {OFFICER}" in browser.get("/settings/events/", what="roles").text


def test_the_four_stand_first_where_a_file_is_uploaded(cast, browse):
    factories.own_role()
    text = browse(cast.ada).get("/settings/imports/new/?kind=users").text
    names = ["Choose a role", "Designated Teacher", "LA User", "LA Super User", "Social Worker"]
    assert " ".join(names) in text
    assert "Teacher " + OFFICER not in text
    options = text.split("Choose a role")[1]
    assert options.index("Social Worker") < options.index("School Admin") < options.index(OFFICER)


def test_pupils_are_linked_to_it_in_two_panes(cast, browse):
    officer = factories.own_role()
    factories.grant(cast.noor, officer)
    browser = browse(cast.ada)
    panes = f"/settings/users/{cast.noor.pk}/pupils/select/"
    assert browser.get("/settings/users/").link("0 seen by Noor") == panes
    page = browser.get(panes)
    assert f"sees, as {OFFICER}," in page.text
    save = f"/settings/users/{cast.noor.pk}/pupils/save/?role={officer.code}&add={cast.amira.pk}"
    shown = browser.get(save)
    assert f"{cast.amira.last_name}, {cast.amira.first_name}" in shown.text
    browser.post(save, step="save", **shown.hidden())
    assert seen_by(cast.noor) == "Amira"


def test_it_is_named_wherever_what_somebody_holds_is(cast, browse):
    factories.grant(cast.noor, factories.own_role(), pupil=cast.amira)
    browser = browse(cast.ada)
    for place in (
        "/settings/users/",
        f"/settings/users/{cast.noor.pk}/",
        f"/pupils/{cast.amira.pk}/",
        f"/pupils/{cast.amira.pk}/who/",
        f"/pupils/{cast.amira.pk}/why/{cast.noor.pk}/",
    ):
        assert OFFICER in browser.get(place).text, place
    code = Grant.objects.get(user=cast.noor).role
    rows = browser.get("/settings/users/", role=code).rows()
    assert [row[1] for row in rows] == [cast.noor.email] or len(rows) == 1


def test_a_stale_change_is_refused_and_what_was_typed_stays(cast, browse):
    factories.own_role()
    browser = browse(cast.ada)
    seen = browser.get(address()).hidden()
    assert browser.post(address(), name="IRO", purpose="", **seen).leads_to == ADDRESS
    page = browser.post(address(), name="Reviewer", purpose="Mine", **seen)
    assert "somebody has changed this role" in page.text
    assert 'value="Reviewer"' in page.bytes.decode()
    assert "Name of the role: IRO" in page.text
    assert OwnRole.objects.get().name == "IRO"
    again = browser.post(address(), name="Reviewer", purpose="Mine", **page.hidden())
    assert again.leads_to == ADDRESS
    assert OwnRole.objects.get().name == "Reviewer"


@pytest.mark.parametrize("name", ["", "Leader", "x" * 101])
def test_a_name_that_cannot_be_is_said_at_its_field(cast, browse, name):
    page = browse(cast.ada).post(f"{ADDRESS}add/", name=name, purpose="p", shows="everything")
    assert page.title.startswith("Error:")
    assert 'href="#id_name"' in page.bytes.decode()
    assert not OwnRole.objects.exists()


def test_taking_it_away_shows_who_has_it_and_what_they_lose_first(cast, browse):
    officer = factories.own_role()
    factories.grant(cast.noor, officer, pupil=cast.amira)
    factories.grant(cast.noor, officer, pupil=cast.ben)
    factories.grant(cast.sara, officer, pupil=cast.amira)
    browser = browse(cast.ada)
    gone = address("remove/")
    page = browser.get(gone)
    assert page.link("Mail") == "/settings/mail/"  # the way to the other settings is there
    rows = [(row[0], row[1].split()[0]) for row in page.rows()]
    assert rows == [(str(cast.sara), "0"), (str(cast.noor), "2")] or rows == [
        (str(cast.noor), "2"), (str(cast.sara), "0"),
    ]  # fmt: skip
    assert seen_by(cast.noor) == "Amira Ben"
    assert browser.post(gone, **page.hidden()).leads_to == ADDRESS
    assert seen_by(cast.noor) == ""
    assert browser.get(gone).status == 404
    assert OFFICER not in browser.get("/settings/users/add/").text
    assert f"Removed role {OFFICER}" in browser.get("/settings/events/", what="roles").text


def test_a_second_press_of_the_button_does_no_harm(cast, browse):
    officer = factories.own_role()
    factories.grant(cast.noor, officer, pupil=cast.amira)
    browser = browse(cast.ada)
    gone = address("remove/")
    seen = browser.get(gone).hidden()
    browser.post(gone, **seen)
    assert browser.post(gone, **seen).status == 404


def test_s30_what_it_shows_cannot_be_changed_by_a_form(cast, browse):
    factories.own_role(shows="the register")
    browser = browse(cast.ada)
    seen = browser.get(address()).hidden()
    browser.post(address(), name="IRO", purpose="", shows="everything", gone_how="x", **seen)
    assert OwnRole.objects.values_list("name", "shows").get() == ("IRO", "the register")


def test_s31_no_page_gives_a_role_of_ones_own_to_who_is_no_la_super_user(cast, school, browse):
    officer = factories.own_role()
    for user in (school.nia, school.lena, cast.liam):
        browser = browse(user)
        assert browser.get(f"{ADDRESS}").status == 404
        assert browser.post(address(), name="x", purpose="").status == 404
        assert browser.post(
            f"/settings/users/{user.pk}/edit/", roles=officer.code, step="save"
        ).status == 404  # fmt: skip
    assert not Grant.objects.filter(role=officer.code).exists()


@pytest.mark.parametrize("others", [1, 3])
def test_query_count(cast, browse, count_queries, others):
    for number in range(others):
        role = factories.own_role(f"Role {number}")
        factories.grant(cast.noor, role, pupil=cast.amira)
    browser = browse(cast.ada)
    with count_queries(7):
        browser.get(ADDRESS)


@pytest.mark.parametrize("others", [1, 3])
def test_query_count_of_taking_away(cast, browse, count_queries, others):
    officer = factories.own_role()
    for _ in range(others):
        factories.grant(factories.user(), officer, pupil=cast.amira)
    browser = browse(cast.ada)
    with count_queries(12):
        browser.get(address("remove/"))


def test_the_roles_that_are_always_there_are_told(cast, browse):
    rows = browse(cast.ada).get(ADDRESS).rows()
    assert {LA_SUPER_USER.name, SOCIAL_WORKER.name, "Finance Manager"} <= {row[0] for row in rows}
    assert ["Finance Manager", "Establishment"] in [row[:2] for row in rows]
