"""One pupil's record, and who can see it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape

from schoolgate.access.actions import revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, SOCIAL_WORKER
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
        ["Dora Teague", "Designated Teacher", "Abbey Primary School"],
        ["Liam Novak Not signed in yet", "LA User", "Every pupil"],
        ["Ada Osei Not signed in yet", "LA Super User", "Every pupil"],
    ]
    assert "1 LA Super User and 1 LA User who see every child" in page.text
    assert {tuple(row[3:]) for row in page.rows()} == {("By hand", since, "open")}


def test_a_grant_made_by_hand_says_by_whom_and_until_when(cast, browse):
    until = timezone.localdate() + timedelta(days=9)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira, until=until, by=cast.as_ada)
    rows = browse(cast.dora).get(f"/pupils/{cast.amira.pk}/").rows()
    noor, ends = [row for row in rows if row[0].startswith("Noor")]
    assert noor[0] == f"Noor Rahman Not signed in yet Ends {in_words(until)}"
    assert ends[1:3] == [in_words(until + timedelta(days=1)), "No longer sees this child"]
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


def people_in(page) -> list[str]:
    return [re.sub(r" Not signed in yet.*", "", row[0]) for row in page.rows()]


def test_one_person_with_several_grants_is_one_person(cast, browse):
    factories.grant(cast.sara, DESIGNATED_TEACHER, school=cast.abbey)
    factories.grant(cast.liam, SOCIAL_WORKER, pupil=cast.amira)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/")
    assert people_in(page) == [
        "Sara Lindqvist", "Sara Lindqvist, also", "Theo Marsh", "Dora Teague",
        "Liam Novak", "Liam Novak, also", "Ada Osei",
    ]  # fmt: skip


def test_hundreds_of_adults_are_paged_by_key(cast, browse):
    for number in range(60):
        user = factories.user(first_name=f"W{number:02}", last_name="Worker")
        factories.grant(user, SOCIAL_WORKER, pupil=cast.amira)
    for number in range(24):
        factories.grant(factories.user(last_name=f"Wide{number:02}"), LA_USER)
    ada = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/"
    page, near = ada.get(address), []
    while True:
        near += people_in(page)[: len(people_in(page)) - 20]
        assert len(page.rows()) <= 45
        if b'rel="next"' not in page.bytes:
            break
        page = ada.get(address + page.link("Next"))
    assert len(near) == len(set(near)) == 63
    assert "1 LA Super User and 25 LA Users who see every child" in page.text
    everybody = ada.get(page.link("Show all 1 LA Super User and 25 LA Users"))
    rest = ada.get(f"/pupils/{cast.amira.pk}/who/" + everybody.link("Next"))
    assert len(set(people_in(everybody) + people_in(rest))) == 26


def test_what_begins_later_is_told(clock, cast, browse):
    soon = clock.today + timedelta(days=10)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira, since=soon)
    enrol_elsewhere = clock.today + timedelta(days=20)
    factories.enrolment(cast.amira, cast.brook, since=enrol_elsewhere)
    factories.grant(cast.sara, DESIGNATED_TEACHER, school=cast.brook)
    only_there = factories.user(first_name="Bea", last_name="Brook")
    factories.grant(only_there, DESIGNATED_TEACHER, school=cast.brook)
    later_still = clock.today + timedelta(days=30)
    factories.restriction(cast.dora, cast.amira, since=later_still)
    rows = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/").rows()
    changes = [row for row in rows if "this child" in row[2]]
    assert [(row[0], row[1], row[2]) for row in changes] == [
        ("Noor Rahman", in_words(soon), "Begins to see this child"),
        ("Bea Brook", in_words(enrol_elsewhere), "Begins to see this child"),
        ("Dora Teague", in_words(later_still), "No longer sees this child"),
    ]
    assert rows[-1][0] == "Dora Teague Not yet"  # among the restrictions


def test_who_could_see_the_child_on_a_past_day(clock, cast, browse):
    began = clock.today
    clock.wait(days=5)
    revoke(list(Grant.objects.filter(user=cast.dora).values_list("pk", flat=True)), by=cast.as_ada)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira)  # backdated: recorded today
    ada = browse(cast.ada)
    now = people_in(ada.get(f"/pupils/{cast.amira.pk}/"))
    assert "Dora Teague" not in now
    assert "Noor Rahman" in now
    for text in (began.isoformat(), f"{began:%d/%m/%Y}"):
        page = ada.get(f"/pupils/{cast.amira.pk}/who/", on=text)
        assert f"Who could see Amira Haddad on {in_words(began)}?" in page.text
        assert people_in(page) == [
            "Sara Lindqvist", "Theo Marsh", "Dora Teague", "Liam Novak", "Ada Osei",
        ]  # fmt: skip
    (dora,) = [row for row in page.rows() if row[0] == "Dora Teague"]
    assert dora[5] == f"open Taken away by Ada Osei, {in_words(clock.today)}"
    assert "Not signed in yet" not in page.text


@pytest.mark.parametrize("day", ["x", "30/02/2026", "2999-01-01", "<b>"])
def test_a_day_that_is_none_is_named_and_not_lost(cast, browse, day):
    page = browse(cast.sara).get(f"/pupils/{cast.amira.pk}/who/", on=day)
    assert page.status == 200
    assert "Enter" in page.text
    assert f'value="{escape(day)}"'.encode() in page.bytes


def test_a_past_day_is_no_way_to_a_child_whom_one_may_not_see_now(cast, browse):
    for child in (cast.carys, cast.dylan):
        page = browse(cast.dora).get(f"/pupils/{child.pk}/who/", on="2026-01-01")
        assert page.status == 404


@pytest.mark.parametrize("more", [1, 3])
def test_query_count_of_a_past_day(clock, cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(factories.user(), SOCIAL_WORKER, pupil=cast.amira)
        factories.grant(factories.user(), LA_USER)
    clock.wait(days=1)
    browser = browse(cast.ada)
    day = (clock.today - timedelta(days=1)).isoformat()
    with count_queries(26, events=1):
        browser.get(f"/pupils/{cast.amira.pk}/who/", on=day)


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(factories.user(), SOCIAL_WORKER, pupil=cast.amira)
        factories.restriction(factories.user(), cast.amira)
    factories.restriction(cast.noor, cast.amira)
    browser = browse(cast.ada)
    with count_queries(35, events=1):
        browser.get(f"/pupils/{cast.amira.pk}/")
