"""One pupil's record, and who can see it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from schoolgate.access.roles import DESIGNATED_TEACHER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.dates import in_words
from schoolgate.kit.records import Source
from schoolgate.schools.actions import NewIdentifier, add_identifiers
from tests import factories


def test_the_record_is_shown(cast, browse):
    add_identifiers(
        [NewIdentifier(cast.amira.pk, "internal_id", "4711")], by=SYSTEM, source=Source.BY_HAND
    )
    page = browse(cast.dora).get(f"/pupils/{cast.amira.pk}/")
    for words in (
        "Amira Haddad In care",
        "Date of birth 30 May 2014",
        "Internal person ID 4711",
        "School Abbey Primary School",
        "Year 6, class 6B",
        "In care since",
    ):
        assert words in page.text


def test_who_can_see_this_child(cast, browse):
    page = browse(cast.dora).get(f"/pupils/{cast.amira.pk}/")
    since = in_words(timezone.localdate() - factories.LONG_AGO)
    assert [row[:3] for row in page.rows()] == [
        ["Sara Lindqvist Not signed in yet", "Social Worker", "This pupil"],
        ["Theo Marsh Not signed in yet", "Designated Teacher", "Abbey Primary School"],
        ["Liam Novak Not signed in yet", "LA User", "Every pupil"],
        ["Ada Osei Not signed in yet", "LA Super User", "Every pupil"],
        ["Dora Teague", "Designated Teacher", "Abbey Primary School"],
    ]
    assert {tuple(row[3:]) for row in page.rows()} == {("By hand", since, "open")}


def test_a_grant_made_by_hand_says_by_whom_and_until_when(cast, browse):
    until = timezone.localdate() + timedelta(days=9)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira, until=until, by=cast.as_ada)
    rows = browse(cast.dora).get(f"/pupils/{cast.amira.pk}/").rows()
    (noor,) = [row for row in rows if row[0].startswith("Noor")]
    assert (noor[3], noor[5]) == ("By hand, Ada Osei", in_words(until))


def test_past_care_is_for_those_who_may_see_everything(cast, browse):
    factories.episode(cast.amira, since=date(2019, 1, 7), until=date(2020, 2, 3))
    past = "In care from 7 January 2019 until 3 February 2020"
    address = f"/pupils/{cast.amira.pk}/"
    assert past not in browse(cast.dora).get(address).text
    for user in (cast.sara, cast.liam, cast.ada):
        assert past in browse(user).get(address).text
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.abbey)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira)
    assert past in browse(cast.noor).get(address).text


def test_only_super_users_find_the_question_and_the_restrictions(cast, browse):
    address = f"/pupils/{cast.amira.pk}/"
    assert "Restrictions" in browse(cast.ada).get(address).text
    for user in (cast.dora, cast.sara, cast.liam):
        page = browse(user).get(address)
        assert "Restrictions" not in page.text
        assert "this person?" not in page.text
        assert b"/settings/" not in page.bytes


def test_one_event_a_view(cast, browse, views_of):
    browse(cast.dora).get(f"/pupils/{cast.amira.pk}/")
    (event,) = views_of(cast.dora)
    assert (event.kind, event.object_id, event.pupil_id) == (
        "pupil", cast.amira.pk, cast.amira.pk,
    )  # fmt: skip


def test_a_child_who_left_care_disappears_from_the_teacher(cast, browse):
    page = browse(cast.dora).get(f"/pupils/{cast.dylan.pk}/")
    assert page.status == 404


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(factories.user(), SOCIAL_WORKER, pupil=cast.amira)
        factories.restriction(factories.user(), cast.amira)
    factories.restriction(cast.noor, cast.amira)
    browser = browse(cast.ada)
    with count_queries(22, events=1):
        browser.get(f"/pupils/{cast.amira.pk}/")
