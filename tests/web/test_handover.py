"""Handing over what a leaver holds to a colleague."""

from __future__ import annotations

import pytest

from schoolgate.access.models import Grant
from schoolgate.access.roles import LA_USER, LEADER, SOCIAL_WORKER
from schoolgate.kit.records import Ending
from schoolgate.people.models import User
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def a_colleague(*pupils, first_name="Cleo"):
    """A social worker with these pupils already."""
    cleo = factories.user(first_name=first_name, last_name="Vale")
    factories.grant(cleo, SOCIAL_WORKER)
    for pupil in pupils:
        factories.grant(cleo, SOCIAL_WORKER, pupil=pupil)
    return User.objects.get(pk=cleo.pk)


def hand_over(browser, address, colleague, **fields):
    """Look at it, then do it."""
    page = browser.post(address, step="look", colleague=colleague.email, **fields)
    return page, browser.post(address, step="save", **page.hidden())


def test_a_social_workers_pupils_go_to_a_colleague_in_one_go(cast, browse, views_of):
    cleo = a_colleague(cast.amira)
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/handover/"
    assert "Haddad, Amira (Social Worker)" in browser.get(address).text
    page, sent = hand_over(browser, address, cleo)
    assert "Nothing has been saved yet." in page.text
    assert "What Cleo Vale has already It only ends for Sara Lindqvist. Haddad, Amira" in page.text
    words = page.text.replace("\u00a0", " ")
    assert "Cleo Vale would gain 1 child." in words
    assert "Sara Lindqvist would lose 2 children." in words
    assert sent.leads_to == f"/settings/users/{cast.sara.pk}/"
    assert (seen_by(cast.sara), seen_by(cleo)) == ("", "Amira Eve")
    live = Grant.objects.filter(user=cleo, pupil__isnull=False, ended_at__isnull=True)
    assert live.count() == 2
    ended = Grant.objects.filter(user=cast.sara, pupil__isnull=False)
    assert {grant.ended_how for grant in ended} == {Ending.REMOVED}
    told = {int(pk) for event in views_of(cast.ada) for pk in event.pupils.split(",") if pk}
    assert {cast.amira.pk, cast.eve.pk} <= told
    # Once more, as an impatient finger does.
    again = browser.post(address, step="save", **page.hidden())
    assert "Look again before you save" in again.text
    assert live.count() == 2


def test_only_what_is_ticked_goes(cast, browse):
    cleo = a_colleague()
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/handover/"
    link = Grant.objects.get(user=cast.sara, pupil=cast.eve)
    none = browser.post(address, step="look", colleague=cleo.email, which="some")
    assert "Tick what is handed over" in none.text
    hand_over(browser, address, cleo, which="some", what=[link.pk])
    assert (seen_by(cast.sara), seen_by(cleo)) == ("Amira", "Eve")


def test_a_restriction_of_the_colleague_is_respected_and_told(cast, browse):
    cleo = a_colleague()
    factories.restriction(cleo, cast.amira)
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/handover/"
    page, _ = hand_over(browser, address, cleo)
    assert "a restriction stands between Cleo Vale and them" in page.text
    assert (seen_by(cast.sara), seen_by(cleo)) == ("Amira", "Eve")


def test_a_pupil_kept_from_the_reader_is_neither_named_nor_moved(cast, browse):
    cleo = a_colleague()
    factories.restriction(cast.ada, cast.amira)
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/handover/"
    assert "Haddad" not in browser.get(address).text
    page, _ = hand_over(browser, address, cleo)
    assert "Haddad" not in page.text
    assert (seen_by(cast.sara), seen_by(cleo)) == ("Amira", "Eve")


def test_what_changes_meanwhile_is_shown_again(cast, browse):
    cleo = a_colleague()
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/handover/"
    page = browser.post(address, step="look", colleague=cleo.email)
    factories.restriction(cleo, cast.eve)
    again = browser.post(address, step="save", **page.hidden())
    assert "Look again before you save" in again.text
    assert seen_by(cleo) == ""


def test_who_lacks_the_role_cannot_take_over_and_is_told(cast, browse):
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/handover/"
    _, sent = hand_over(browser, address, cast.noor)
    assert "Give the colleague the role Social Worker on their page first." in sent.text
    assert seen_by(cast.sara) == "Amira Eve"
    page = browser.post(address, step="look", colleague=cast.sara.email)
    assert "Choose somebody else: that is Sara Lindqvist." in page.text


def test_pupils_assigned_to_an_la_user_go_too(cast, browse):
    factories.grant(cast.noor, LA_USER)
    browser, address = browse(cast.ada), f"/settings/users/{cast.liam.pk}/handover/"
    hand_over(browser, address, cast.noor)
    assigned = Grant.objects.filter(pupil=cast.ben, role="la_user", ended_at__isnull=True)
    assert [grant.user for grant in assigned] == [cast.noor]


def test_s31_nia_hands_over_the_subject_areas_of_her_own_school_alone(school, browse):
    cast, browser = school.cast, browse(school.nia)
    latin = factories.subject(cast.brook, "Latin")
    factories.grant(school.lena, LEADER, subject=latin)
    address = f"/school/{cast.abbey.pk}/staff/{school.lena.pk}/handover/"
    assert "History (Leader)" in browser.get(address).text
    assert "Latin" not in browser.get(address).text
    for stranger in (school.bo, cast.sara):
        page = browser.post(address, step="look", colleague=stranger.email)
        assert "nobody on the staff here" in page.text
    page, _ = hand_over(browser, address, school.una)
    words = page.text.replace("\u00a0", " ")
    assert "Una Kerr would gain 2 children." in words
    assert "Lena Fischer would lose 2 children." in words
    assert (seen_by(school.lena), seen_by(school.una)) == ("", "Amira Ben")
    assert Grant.objects.filter(user=school.lena, subject_area=latin, ended_at=None).exists()


def test_a_school_admin_is_told_what_a_colleague_gains_by_the_register_alone(school, browse):
    cast = school.cast
    # Dora sees Amira because she is in care: that she is "gained" all the same tells nothing.
    factories.post(cast.dora, cast.abbey)
    address = f"/school/{cast.abbey.pk}/staff/{school.lena.pk}/handover/"
    page = browse(school.nia).post(address, step="look", colleague=cast.dora.email)
    assert "Dora Teague would gain 2 children." in page.text.replace("\u00a0", " ")


def test_the_type_ahead_suggests_staff_of_the_school_alone(school, browse):
    address = f"/school/{school.cast.abbey.pk}/staff/suggest/"
    browser = browse(school.nia)
    assert browser.get(address, q="kerr").response.json()["found"] == [
        f"Una Kerr, {school.una.email}"
    ]
    assert browser.get(address, q="lund").response.json()["found"] == []
    assert browser.get(address, q="").response.json()["found"] == []
