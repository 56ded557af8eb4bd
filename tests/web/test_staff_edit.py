"""My school > Staff > Edit: details, and what somebody is in the school (PP7 to PP10)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import levels
from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.access.models import Grant
from schoolgate.access.roles import FINANCE_MANAGER, LEADER, SCHOOL_ADMIN
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Source
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, StaffRecord
from schoolgate.schools import classes
from tests import factories
from tests.cast import seen_by
from tests.web.routes import an_invitation

if TYPE_CHECKING:
    from schoolgate.people.models import User
    from tests.school import School
    from tests.web.browsing import Browser, Page

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def address(school: School, person: User) -> str:
    return f"/school/{school.cast.abbey.pk}/staff/{person.pk}/edit/"


def typed(person: User, **changes: Any) -> dict[str, Any]:
    """The form as it is for a person with no level, with what is typed instead."""
    form = {
        "first_name": person.first_name, "last_name": person.last_name, "email": person.email,
        "job_title": person.job_title, "phone": person.phone, "leads": "none", **changes,
    }  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


def checked(browser: Browser, school: School, person: User, **changes: Any) -> Page:
    """The preview."""
    began: dict[str, Any] = browser.get(address(school, person)).hidden()
    return browser.post(address(school, person), step="check", **typed(person, **changes), **began)


def saved(browser: Browser, page: Page, school: School, person: User, **changes: Any) -> Page:
    """What comes of pressing Save on the preview."""
    fields = {**typed(person, **changes), **_marks(page)}
    return browser.post(address(school, person), step="save", **fields)


def _marks(page: Page) -> dict[str, Any]:
    return {name: value for name, value in page.hidden().items() if name in ("was", "shown")}


def led(person: User) -> list[str]:
    held = Grant.objects.filter(user=person, role=LEADER.code, ended_at__isnull=True)
    return sorted(held.values_list("subject_area__name", flat=True))


@pytest.mark.parametrize(
    ("leads", "subjects", "becomes", "sees"),
    [
        ("some", ["history"], ["History"], "Amira Ben"),
        ("some", ["history", "maths"], ["History", "Maths"], "Amira Ben Dylan"),
        ("some", ["humanities"], ["Geography", "History"], "Amira Ben"),
        ("some", ["humanities", "maths"], ["Geography", "History", "Maths"], "Amira Ben Dylan"),
        ("all", [], ["Geography", "History", "Maths"], "Amira Ben Dylan"),
        ("none", ["history"], [], ""),
    ],
)
def test_leader_of_one_several_all_or_a_category_in_one_step(
    school, browse, leads, subjects, becomes, sees
):
    nia, una = browse(school.nia), school.una
    ticked = [
        f"category-{school.humanities.pk}" if name == "humanities"
        else str(getattr(school, name).pk)
        for name in subjects
    ]  # fmt: skip
    page = checked(nia, school, una, leads=leads, subjects=ticked)
    assert led(una) == []
    assert f"Leader of – {', '.join(becomes)}" in page.text or not becomes
    count = len(sees.split())
    assert (f"They would gain {count}\xa0child" in page.bytes.decode()) is bool(sees)
    for name in ("Amira", "Ben", "Dylan"):
        assert (name in page.text) is (name in sees)
    page = saved(nia, page, school, una, leads=leads, subjects=ticked)
    assert page.leads_to == f"/school/{school.cast.abbey.pk}/staff/"
    assert (led(una), seen_by(una)) == (becomes, sees)


def test_upgrade_to_administrator_and_back(school, browse):
    nia, una = browse(school.nia), school.una
    saved(nia, checked(nia, school, una, admin="on"), school, una, admin="on")
    assert seen_by(una) == "Amira Ben Dylan"
    page = checked(nia, school, una)
    assert "They would lose 3" in page.text
    assert "School Admin Yes No" in page.text
    saved(nia, page, school, una)
    assert seen_by(una) == ""


def test_the_form_shows_how_they_stand_and_what_suits_whom(school, browse):
    page = browse(school.nia).get(address(school, school.lena))
    body = page.bytes.decode()
    assert 'value="some" checked' in body
    assert f'value="{school.history.pk}" id="id_subjects_1"' in body or "checked" in body
    for words in (
        "Senior leadership School Admin",
        "SEN leader, head of year, head of key stage Leader of all subject areas",
        "Head of department Leader of their own subject area",
        "Finance manager Finance Manager (an LA Super User sets it)",
        "All of Humanities: Geography, History",
    ):
        assert words in page.text
    assert 'name="finance"' not in body
    assert (
        'name="finance"' in browse(school.cast.ada).get(address(school, school.lena)).bytes.decode()
    )
    page = browse(school.nia).get(address(school, school.tariq))
    assert "Here they are also: Teacher of 6B/Ma." in page.text


def test_s31_a_finance_manager_is_made_by_an_la_super_user_only(school, browse):
    una = school.una
    nia = browse(school.nia)
    saved(nia, checked(nia, school, una, finance="on"), school, una, finance="on")
    assert not Grant.objects.filter(user=una).exists()
    ada = browse(school.cast.ada)
    saved(ada, checked(ada, school, una, finance="on"), school, una, finance="on")
    assert Grant.objects.get(user=una).role == FINANCE_MANAGER.code
    # Nia, whose form has no such tick, does not take it away by saving.
    saved(nia, _without_account(nia, school, una, admin="on"), school, una, admin="on")
    held = Grant.objects.filter(user=una, ended_at__isnull=True)
    assert {grant.role for grant in held} == {FINANCE_MANAGER.code, SCHOOL_ADMIN.code}


def _without_account(browser: Browser, school: School, person: User, **changes: Any) -> Page:
    began: dict[str, Any] = browser.get(address(school, person)).hidden()
    return browser.post(
        address(school, person), step="check", **{"leads": "none", **changes}, **began
    )


@pytest.mark.parametrize("name", ["dora", "femi", "theo", "ada"])
def test_s62_of_whom_one_could_not_give_all_roles_only_the_levels_change(school, browse, name):
    cast = school.cast
    person = cast.ada if name == "ada" else getattr(school if name == "femi" else cast, name)
    factories.post(cast.ada, cast.abbey)
    before = (person.email, person.phone, person.first_name)
    nia = browse(school.nia)
    page = nia.get(address(school, person))
    assert "Ask an LA Super User to change these details" in page.text
    assert 'name="email"' not in page.bytes.decode()
    changes = {
        "first_name": "Taken", "email": "mine@example.org", "phone": "1", "invite": "on",
        "leads": "some", "subjects": [str(school.history.pk)],
    }  # fmt: skip
    page = _without_account(nia, school, person, **changes)
    assert "mine@example.org" not in page.text
    saved(nia, page, school, person, **changes)
    person.refresh_from_db()
    assert (person.email, person.phone, person.first_name) == before
    assert led(person) == ["History"]
    assert not Invitation.objects.exists()


def test_s62_their_details_are_the_admins_to_change_where_all_roles_are(school, browse):
    nia, lena = browse(school.nia), school.lena
    change = {
        "email": "l.fischer@abbey.example", "job_title": "Head of History", "leads": "some",
        "subjects": [str(school.history.pk)],
    }  # fmt: skip
    page = checked(nia, school, lena, **change)
    assert "Nothing changes: they would see the same children as now." in page.text
    saved(nia, page, school, lena, **change)
    lena.refresh_from_db()
    assert (lena.email, lena.job_title) == ("l.fischer@abbey.example", "Head of History")
    assert led(lena) == ["History"]


def test_whoever_is_not_on_the_staff_is_a_missing_page(school, browse):
    bo_at_home = browse(school.bo)
    for browser, place, person in (
        (browse(school.nia), school.cast.abbey, school.bo),
        (browse(school.nia), school.cast.abbey, school.cast.noor),
        (browse(school.nia), school.cast.brook, school.bo),
        (bo_at_home, school.cast.brook, school.una),
        (bo_at_home, school.cast.abbey, school.una),
        (browse(school.lena), school.cast.abbey, school.una),
        (browse(school.tariq), school.cast.abbey, school.una),
    ):
        where = f"/school/{place.pk}/staff/{person.pk}/edit/"
        assert browser.get(where).status == 404
        assert browser.post(where, step="save").status == 404


def test_nothing_tells_a_school_admin_who_is_in_care(school, browse):
    """Dora sees Amira, because she is in care: Nia is told just what she would be told if not."""
    nia, ada = browse(school.nia), browse(school.cast.ada)
    given = {"admin": "on"}
    page = _without_account(nia, school, school.cast.dora, **given)
    assert "They would gain 3" in page.text
    assert "What other roles may show them is not told here." in page.text
    whole = checked(ada, school, school.cast.dora, **given)
    assert "They would gain 2" in whole.text
    assert "not told here" not in whole.text


def test_s57_a_stale_edit_is_refused_and_loses_nothing(school, browse):
    nia, una = browse(school.nia), school.una
    mine = {"job_title": "Deputy", "leads": "some", "subjects": [str(school.maths.pk)]}
    page = checked(nia, school, una, **mine)
    save_users([UserToSave(una.pk, {"phone": "0117 496 0002"})], by=school.cast.as_ada)
    access.grant(
        levels.to_lead([una.pk], school.history), by=school.cast.as_ada, source=Source.BY_HAND
    )
    stale = saved(nia, page, school, una, **mine)
    assert stale.status == 200
    assert "Look again before you save" in stale.text
    assert ["Phone", "–", "0117 496 0002", "0117 496 0002"] in stale.rows()
    assert ["Leader of", "–", "History", "Maths"] in stale.rows()
    body = stale.bytes.decode()
    assert 'value="Deputy"' in body
    assert 'value="0117 496 0002"' in body
    assert led(una) == ["History"]
    una.refresh_from_db()
    assert una.job_title == ""

    # What was left as it was takes what the other made of it; saved now, it is as it says.
    again = {**mine, "phone": "0117 496 0002"}
    page = nia.post(
        address(school, una), step="check", **typed(una, **again), was=stale.hidden()["was"]
    )
    saved(nia, page, school, una, **again)
    una.refresh_from_db()
    assert (una.job_title, una.phone, led(una)) == ("Deputy", "0117 496 0002", ["Maths"])


def test_what_another_class_list_makes_of_the_preview_is_shown_again(school, browse):
    nia, una = browse(school.nia), school.una
    mine = {"leads": "some", "subjects": [str(school.history.pk)]}
    page = checked(nia, school, una, **mine)
    joining = [classes.Membership(school.history_class.pk, school.cast.dylan.pk)]
    classes.join(joining, by=SYSTEM, source=Source.SYNC)
    again = saved(nia, page, school, una, **mine)
    assert "something has changed since you looked" in again.text
    assert "Dylan" in again.text
    assert led(una) == []


def test_s17_what_they_hold_changes_and_the_link_they_have_dies(school, browse):
    nia, una = browse(school.nia), school.una
    token = an_invitation(una)
    body = nia.get(address(school, una)).bytes.decode()
    assert "Send a new invitation if this changes what they are" in body
    change = {"leads": "all", "invite": "on"}
    page = checked(nia, school, una, **change)
    assert "Invitation – Is sent when you save" in page.text
    saved(nia, page, school, una, **change)
    assert invitations.find(token) is None
    assert Invitation.objects.filter(user=una, ended_at=None).count() == 1


def test_s17_unticked_the_page_says_that_the_link_stops_working(school, browse):
    nia, una = browse(school.nia), school.una
    token = an_invitation(una)
    page = checked(nia, school, una, leads="all")
    assert (
        "The link of the invitation that they have stops working. No new one is sent." in page.text
    )
    saved(nia, page, school, una, leads="all")
    assert invitations.find(token) is None
    assert invitations.invitation_states([una.pk])[una.pk] == invitations.EXPIRED
    assert Invitation.objects.filter(user=una).count() == 1


def test_a_ticked_invitation_that_nothing_ends_is_left_alone(school, browse):
    nia, una = browse(school.nia), school.una
    token = an_invitation(una)
    change = {"phone": "0117 496 0003", "invite": "on"}
    saved(nia, checked(nia, school, una, **change), school, una, **change)
    assert invitations.find(token) is not None


def test_whoever_is_nothing_any_more_stays_on_the_staff(school, browse):
    nia, lena = browse(school.nia), school.lena
    saved(nia, checked(nia, school, lena), school, lena)
    assert led(lena) == []
    assert StaffRecord.objects.filter(user=lena, ended_at=None).count() == 1
    assert nia.get(address(school, lena)).status == 200


def test_a_level_that_lasts_until_a_day_keeps_its_day(school, browse):
    until = timezone.localdate() + timedelta(days=9)
    factories.grant(school.una, LEADER, subject=school.maths, until=until)
    nia, una = browse(school.nia), school.una
    change = {"leads": "some", "subjects": [str(school.maths.pk), str(school.history.pk)]}
    saved(nia, checked(nia, school, una, **change), school, una, **change)
    held = Grant.objects.get(user=una, subject_area=school.maths, ended_at=None)
    assert held.ends_on == until


def test_whoever_takes_their_own_role_away_is_told_and_led_home(school, browse):
    nia = browse(school.nia)
    page = checked(nia, school, school.nia)
    assert "You take your own role away" in page.text
    assert saved(nia, page, school, school.nia).leads_to == "/"
    assert nia.get(address(school, school.una)).status == 404


def test_ticks_that_say_two_things_or_none_are_asked_about(school, browse):
    nia = browse(school.nia)
    page = checked(nia, school, school.una, leads="some")
    assert "Tick the subject areas that they lead" in page.text
    page = checked(nia, school, school.una, leads="some", subjects=["9999"])
    assert "Choose among the subject areas shown" in page.text
    page = checked(nia, school, school.una, leads=None)
    assert "Choose of which subject areas they are Leader." in page.text


def test_another_address_that_cannot_be_added_tells_no_more(school, browse):
    nia = browse(school.nia)
    page = checked(nia, school, school.una, email="sara@council.example")
    assert "this address cannot be added here" in page.text
    assert "Lindqvist" not in page.text
