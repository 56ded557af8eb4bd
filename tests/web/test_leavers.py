"""Offboard leavers: a school's staff, and all users."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import deny, shut_out
from schoolgate.access.models import Denial, Grant
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.people import staff
from schoolgate.people.models import StaffRecord, SyncStatus, User
from tests import factories
from tests.cast import seen_by


def look(browser, address, do, *users, **more):
    """Tick users and choose what to do."""
    return browser.post(address, step="look", do=do, tick=[user.pk for user in users], **more)


def save(browser, address, page, **changes):
    """Do what the page shows."""
    fields = {**page.hidden(), "step": "save", **changes}
    return browser.post(address, **fields)


@pytest.fixture
def here(school):
    """The page of Abbey."""
    return f"/school/{school.cast.abbey.pk}/staff/leavers/"


def test_those_not_syncing_are_proposed_first(school, here, browse):
    staff.set_sync(
        [factories.post(school.lena, school.cast.abbey).pk], SyncStatus.NOT_SYNCING, by=SYSTEM
    )
    page = browse(school.nia).get(here)
    names = [row[1] for row in page.rows()]
    assert names[0] == "Fischer, Lena"
    assert sorted(names[1:]) == names[1:]
    assert "Everybody who is not syncing" in page.text

    page = browse(school.nia).post(here, step="look", do="make-inactive", who="not-syncing")
    assert "Make 1 person inactive at Abbey Primary School?" in page.text
    assert page.rows()[0] == ["Fischer, Lena", "2 children"]


def test_nia_makes_two_inactive_and_sees_first_what_goes(school, here, browse):
    browser = browse(school.nia)
    page = look(browser, here, "make-inactive", school.lena, school.tariq)
    assert "Make 2 people inactive at Abbey Primary School?" in page.text
    assert page.rows() == [["Aziz, Tariq", "2 children"], ["Fischer, Lena", "2 children"]]
    assert "3 children would be left with nobody" in page.text
    assert "Haddad, Amira" in page.text
    assert seen_by(school.lena) == "Amira Ben"  # nothing has been saved

    assert save(browser, here, page).leads_to == f"/school/{school.cast.abbey.pk}/staff/"
    assert shut_out([school.lena.pk, school.tariq.pk]) == {school.lena.pk, school.tariq.pk}
    assert seen_by(school.lena) == ""
    # Once more, as an impatient finger does: nothing more happens.
    again = save(browser, here, page)
    assert "Look again before you save" in again.text
    assert Denial.objects.filter(establishment=school.cast.abbey).count() == 2

    page = look(browser, here, "reactivate", school.lena, school.una)
    assert "Reactivate 1 person?" in page.text
    assert "1 person: Not inactive Una Kerr" in page.text.replace("\u00a0", " ")
    save(browser, here, page)
    assert seen_by(school.lena) == "Amira Ben"


def test_what_changes_meanwhile_is_shown_again_and_nothing_is_done(school, here, browse):
    browser = browse(school.nia)
    page = look(browser, here, "make-inactive", school.lena)
    factories.school_class(
        school.cast.abbey, "9/Hi", subject=school.history, pupils=[school.cast.dylan]
    )
    again = save(browser, here, page)
    assert "Look again before you save" in again.text
    assert again.rows() == [["Fischer, Lena", "3 children"]]
    assert not Denial.objects.exists()
    save(browser, here, again)
    assert shut_out([school.lena.pk])


def test_deleting_says_what_is_destroyed_and_leaves_out_who_is_not_hers(school, here, browse):
    factories.grant(school.lena, LA_SUPER_USER)
    browser = browse(school.nia)
    page = look(browser, here, "delete", school.una, school.lena, school.tariq, school.nia)
    words = page.text.replace("\u00a0", " ")
    assert "Delete 1 person?" in words
    for told in ("This cannot be undone", "What is destroyed", "What is kept", "the log"):
        assert told in words
    assert "Not yours to delete" in words
    assert "Synchronised, so they would come again" in words
    assert "That is you" in words
    save(browser, here, page)
    gone = User.objects.filter(gone_at__isnull=False)
    assert [user.pk for user in gone] == [school.una.pk]
    assert not StaffRecord.objects.filter(user=school.una, ended_at__isnull=True).exists()


def test_s62_a_forged_form_deletes_nobody_who_is_not_hers(school, here, browse):
    browser = browse(school.nia)
    page = look(browser, here, "delete", school.una)
    for victim in (school.cast.dora, school.bo, school.cast.ada, school.cast.sara):
        save(browser, here, page, ids=str(victim.pk))
    assert not User.objects.filter(gone_at__isnull=False).exists()


def test_taking_somebody_off_the_staff_ends_what_they_hold_here_alone(school, here, browse):
    cast, browser = school.cast, browse(school.nia)
    page = look(browser, here, "take-off", cast.theo)
    # Theo sees Amira because she is in care: Nia is told nothing of that.
    assert page.rows() == [["Marsh, Theo", "–"]]
    assert "Amira" not in page.text
    save(browser, here, page)
    assert seen_by(cast.theo) == "Carys"
    assert not Grant.objects.filter(
        user=cast.theo, establishment=cast.abbey, ended_at__isnull=True
    ).exists()
    assert User.objects.get(pk=cast.theo.pk).gone_at is None


def test_taking_off_ends_the_staff_record_and_leaves_out_who_is_synchronised(school, here, browse):
    browser = browse(school.nia)
    page = look(browser, here, "take-off", school.una, school.tariq)
    assert [row[0] for row in page.rows()] == ["Kerr, Una"]
    assert "Synchronised, so they would come again" in page.text
    save(browser, here, page)
    live = StaffRecord.objects.filter(ended_at__isnull=True)
    assert [record.user for record in live] == [school.tariq]
    assert seen_by(school.tariq) == "Ben Dylan"


def test_what_an_la_super_user_denied_a_school_admin_does_not_reactivate(school, here, browse):
    deny([school.lena.pk], by=school.cast.as_ada, establishment_id=school.cast.abbey.pk)
    page = look(browse(school.nia), here, "reactivate", school.lena)
    assert "Made inactive by an LA Super User" in page.text
    assert "There is nobody to do this for" in page.text
    page = look(browse(school.cast.ada), here, "reactivate", school.lena)
    save(browse(school.cast.ada), here, page)
    assert seen_by(school.lena) == "Amira Ben"


def test_an_la_super_user_offboards_anybody(school, browse, views_of):
    cast, browser = school.cast, browse(school.cast.ada)
    page = look(browser, "/settings/users/leavers/", "delete", cast.sara, cast.dora, cast.theo)
    assert page.rows() == [
        ["Lindqvist, Sara", "2 children"], ["Marsh, Theo", "2 children"],
        ["Teague, Dora", "1 child"],
    ]  # fmt: skip
    told = {int(pk) for event in views_of(cast.ada) for pk in event.pupils.split(",") if pk}
    assert {cast.carys.pk, cast.eve.pk} <= told
    save(browser, "/settings/users/leavers/", page)
    assert User.objects.filter(gone_at__isnull=False).count() == 3
    assert Event.objects.filter(verb="removed", kind="user").count() == 3

    page = browser.post(
        "/settings/users/leavers/?role=la_user", step="look", do="make-inactive", who="match"
    )
    assert page.rows() == [["Novak, Liam", "Every pupil"]]
    save(browser, "/settings/users/leavers/", page)
    assert shut_out([cast.liam.pk])


def test_s32_the_last_la_super_user_cannot_be_offboarded(school, browse):
    browser = browse(school.cast.ada)
    page = look(browser, "/settings/users/leavers/", "delete", school.cast.ada)
    assert "There is nobody to do this for" in page.text
    other = factories.user(first_name="Other")
    factories.grant(other, LA_SUPER_USER)
    deny([other.pk], by=user_actor(school.cast.ada.pk))
    page = look(browser, "/settings/users/leavers/", "make-inactive", school.cast.ada, other)
    assert "There is nobody to do this for" in page.text


def test_nothing_ticked_or_chosen_is_told(school, here, browse):
    browser = browse(school.nia)
    assert "Tick somebody first" in browser.post(here, step="look", do="delete").text
    page = browser.post(here, step="look", do="nonsense", tick=[school.una.pk])
    assert "Choose what to do" in page.text
    assert f'id="tick-{school.una.pk}" checked' in page.bytes.decode()
    # Somebody who is not of this school is not ticked at all.
    assert "Tick somebody first" in look(browser, here, "take-off", school.bo).text


@pytest.mark.parametrize("many", [1, 3])
def test_the_page_takes_as_many_queries_however_many_are_on_it(
    school, here, browse, count_queries, many
):
    for number in range(many * 5):
        factories.post(factories.user(last_name=f"No{number}"), school.cast.abbey)
    browser = browse(school.nia)
    browser.get(here)
    with count_queries(10):
        browser.get(here)
