"""Usage and billing: active users by role and month, for a Finance Manager and LA Super Users."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToAdd, add_users
from schoolgate.access.actions import NewGrant, deny, revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import FINANCE_MANAGER, LEADER, SCHOOL_ADMIN
from schoolgate.access.usage import Month, usage
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import activity, staff
from schoolgate.people.actions import NewUser
from schoolgate.people.models import ActiveMonth
from tests import factories
from tests.web.routes import a_world, routes

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADDRESS, FILE = "/usage/", "/usage/active-users.xlsx"


def come_in(*users):
    for user in users:
        activity.signed_in(user.pk)


def last(found) -> Month:
    return found.months[-1]


def test_signing_in_counts_once_a_month_by_the_last_time(clock, cast, browse, with_password):
    password = with_password(cast.dora)
    for _ in range(3):
        clock.wait(days=1)
        browse(None).post("/sign-in/", name="dora@abbey.example", password=password)
    browse(None).post("/sign-in/", name="dora@abbey.example", password="not it, not at all")
    row = ActiveMonth.objects.get()
    assert (row.user, row.month, row.last_on) == (cast.dora, date(2026, 3, 1), date(2026, 3, 5))
    clock.set(date(2026, 4, 1))
    come_in(cast.dora)
    assert ActiveMonth.objects.count() == 2


def test_the_month_is_that_of_the_clock_on_the_wall(clock, cast):
    clock.wait(days=30, hours=14, minutes=30)  # 23:30 on 1 April in summer time, 22:30 in UTC
    assert clock.today == date(2026, 4, 1)
    clock.set(date(2026, 4, 1))
    clock.moment = clock.moment.replace(hour=0, minute=30)  # still 31 March in UTC
    come_in(cast.dora)
    assert ActiveMonth.objects.get().month == date(2026, 4, 1)


def test_users_count_by_the_roles_they_held_when_they_were_last_in(clock, cast, school):
    clock.wait(minutes=1)
    come_in(school.nia, school.una, school.tariq, cast.dora, cast.theo, cast.sara, cast.noor)
    clock.wait(minutes=1)
    revoke([Grant.objects.get(user=school.nia).pk], by=SYSTEM)
    factories.grant(cast.noor, SCHOOL_ADMIN, school=cast.brook)
    found = usage(clock.today)
    assert last(found) == Month(
        date(2026, 3, 1), 7,
        {"school_admin": 1, "teacher": 1, "designated_teacher": 2, "social_worker": 1}, 2,
    )  # fmt: skip
    assert [name for _, name in found.roles] == [
        "Designated Teacher", "Social Worker", "School Admin", "Teacher",
    ]  # fmt: skip
    assert [month.users for month in found.months[:-1]] == [0] * 11
    clock.wait(minutes=1)
    come_in(school.nia, cast.noor)  # again in the same month, with what they hold now
    assert last(usage(clock.today)).by_role["school_admin"] == 1
    assert last(usage(clock.today)).none == 2  # Nia has become one, Noor is none any more


def test_a_past_month_stays_as_it_was(clock, cast, school):
    clock.wait(minutes=1)
    come_in(school.nia, cast.sara)
    march = last(usage(clock.today))
    clock.set(date(2026, 4, 7))
    deny([cast.sara.pk], by=SYSTEM)
    deny([school.nia.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    factories.grant(school.nia, LEADER, subject=school.maths)
    come_in(school.una)
    found = usage(clock.today)
    assert found.months[-2] == march
    assert [(month.month, month.users) for month in found.months[-2:]] == [
        (date(2026, 3, 1), 2), (date(2026, 4, 1), 1),
    ]  # fmt: skip
    assert found.months[0].month == date(2025, 5, 1)
    assert len(found.months) == 12


def test_a_year_and_no_more_is_told(clock, cast):
    clock.wait(minutes=1)
    come_in(cast.sara)
    clock.set(date(2027, 2, 28))
    assert [month.users for month in usage(clock.today).months] == [1, *[0] * 11]
    clock.set(date(2027, 3, 1))
    assert [month.users for month in usage(clock.today).months] == [0] * 12


def test_what_sleeps_and_what_is_only_assigned_is_no_role(clock, cast, school):
    clock.wait(minutes=1)
    deny([cast.theo.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    factories.grant(cast.theo, LEADER, subject=school.maths, until=clock.day(-1))
    factories.grant(cast.theo, SCHOOL_ADMIN, school=cast.brook, since=clock.day(1))
    factories.grant(cast.liam, FINANCE_MANAGER, school=cast.brook, until=clock.day(-1))
    come_in(cast.theo, cast.liam)
    at_abbey = usage(clock.today, places=[cast.abbey.pk])
    assert last(at_abbey) == Month(date(2026, 3, 1), 0, {}, 0)
    assert last(usage(clock.today)).by_role == {"designated_teacher": 1, "la_user": 1}


def test_s28_a_finance_manager_has_usage_of_their_school_and_nothing_else(
    clock, cast, school, browse
):
    clock.wait(minutes=1)
    come_in(*cast.users, school.nia, school.una, school.bo, school.femi)
    browser = browse(school.femi)
    page = browser.get(ADDRESS)
    assert page.status == 200
    assert "Abbey Primary School" in page.text
    assert "Brook" not in page.text
    # Dora, Theo, Nia and Femi by a role at Abbey, Una on its staff.
    assert page.rows()[0] == ["March 2026", "5", "2", "1", "1", "1"]
    assert page.text.count("Usage and billing") >= 2  # the page and the navigation
    assert "My pupils" not in page.text
    assert browser.get("/").leads_to == ADDRESS
    for route in routes():
        if route.permission is not None and route.permission.name in (
            "SUPER_USER", "SCHOOLS", "SCHOOL", "SUBJECTS",
        ):  # fmt: skip
            values = dict.fromkeys(route.arguments, cast.abbey.pk)
            from django.urls import reverse

            assert browser.get(reverse(route.name, kwargs=values)).status == 404, route.name


def test_s28_whoever_is_neither_does_not_find_it(cast, school, browse):
    nothing = browse(school.nia).get("/there/is/no/such/page/").status
    for user in (school.nia, school.lena, school.tariq, school.una, cast.liam, cast.dora):
        for address in (ADDRESS, FILE):
            assert browse(user).get(address).status == nothing == 404
        assert "Usage" not in browse(user).get("/").text
    for address in (ADDRESS, FILE):
        assert browse(None).get(address).leads_to.startswith("/sign-in/")


def test_an_la_super_user_sees_everybody(clock, cast, school, browse):
    clock.wait(minutes=1)
    come_in(*cast.users, school.bo)
    rows = browse(cast.ada).get(ADDRESS).rows()
    assert rows[0][:2] == ["March 2026", "7"]
    assert "Usage" in browse(cast.ada).get("/settings/users/").text


def test_it_is_gone_at_the_next_request_when_the_role_is(cast, school, browse):
    browser = browse(school.femi)
    assert browser.get(ADDRESS).status == 200
    revoke([Grant.objects.get(user=school.femi).pk], by=SYSTEM)
    assert browser.get(ADDRESS).status == 404
    assert browser.get(FILE).status == 404


def test_s29_it_tells_no_names_no_pupils_and_nothing_of_another_school(clock, cast, school, browse):
    clock.wait(minutes=1)
    come_in(*cast.users, school.nia, school.bo)
    before = browse(school.femi).get(ADDRESS)
    names = [user.last_name for user in (*cast.users, school.nia, school.bo)]
    names += [pupil.last_name for pupil in cast.pupils] + ["in care", "Brook"]
    assert not [name for name in names if name in before.text.replace(str(school.femi), "")]
    # Another school's people, and who is linked to a child here, change no figure.
    other, at_brook, left = factories.user(), factories.user(), factories.user()
    factories.grant(other, SCHOOL_ADMIN, school=cast.brook)
    factories.post(at_brook, cast.brook)
    staff.end([factories.post(left, cast.abbey).pk], by=SYSTEM)
    come_in(factories.user(), other, at_brook, left)
    assert browse(school.femi).get(ADDRESS).rows() == before.rows()
    assert browse(school.femi).get(ADDRESS, role="social_worker").rows() == before.rows()
    assert "Social Worker" not in before.text


def test_s31_nobody_but_an_la_super_user_makes_a_finance_manager(cast, school):
    row = NewGrant(school.una.pk, FINANCE_MANAGER.code, cast.abbey.pk, None, date(2026, 1, 1))
    for user in (school.nia, school.lena, school.femi, school.bo, cast.liam, cast.sara):
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            access.grant([row], by=user_actor(user.pk), source=Source.BY_HAND)
        new = UserToAdd(NewUser("f@abbey.example", "", "F", "M"), [row], staff_of=cast.abbey.pk)
        with pytest.raises(Refusal):
            add_users([new], by=user_actor(user.pk))
    assert Grant.objects.filter(role=FINANCE_MANAGER.code).count() == 1
    access.grant([row], by=cast.as_ada, source=Source.BY_HAND)


def test_s30_what_a_form_or_an_address_adds_changes_nothing(clock, cast, school, browse):
    clock.wait(minutes=1)
    come_in(school.nia, school.bo)
    browser = browse(school.femi)
    plain = browser.get(ADDRESS).rows()
    asked = {"places": cast.brook.pk, "school_id": cast.brook.pk, "establishment": "100002",
             "months": 99, "role": "school_admin' OR 1=1"}  # fmt: skip
    assert browser.get(ADDRESS, **asked).rows() == plain
    assert browser.post(ADDRESS, **asked).status == 405


def test_s49_the_file_has_the_figures_of_the_page_and_runs_nothing(clock, cast, school, browse):
    officer = factories.own_role("=cmd|' /C calc'!A0")
    factories.grant(cast.noor, officer)
    clock.wait(minutes=1)
    come_in(school.nia, cast.dora, cast.noor)
    answer = browse(cast.ada).client.get(FILE)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="usage-2026-03-02.xlsx"'
    sheet = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[0] == [
        "Month", "All active users", "Designated Teacher", "School Admin", officer.name,
    ]  # fmt: skip
    assert rows[-1] == [date(2026, 3, 1), 3.0, 1.0, 1.0, 1.0]
    assert len(rows) == 13
    event = Event.objects.latest("pk")
    assert (event.verb, event.kind, event.pupil_id, event.pupils) == ("exported", "usage", None, "")


def test_the_chart_is_of_the_role_that_is_chosen(clock, cast, school, browse):
    clock.wait(minutes=1)
    come_in(school.nia, school.bo, cast.dora)
    body = browse(cast.ada).get(ADDRESS, role="designated_teacher").bytes.decode()
    assert "Designated Teacher by month" in body
    assert 'width="100.0%"' in body
    assert body.count('width="0.0%"') == 11
    assert "style=" not in body


def test_before_anybody_signed_in_there_are_noughts(cast, school, browse):
    page = browse(school.femi).get(ADDRESS)
    assert [row[1:] for row in page.rows()] == [["0"]] * 12


@pytest.mark.parametrize("others", [1, 3])
def test_query_count(clock, cast, school, browse, count_queries, others):
    clock.wait(minutes=1)
    for number in range(others):
        user = factories.user()
        factories.grant(user, factories.own_role(f"Role {number}"), pupil=cast.ben)
        factories.grant(user, LEADER, subject=school.maths)
        come_in(user)
    browser = browse(school.femi)
    with count_queries(12):
        browser.get(ADDRESS)


def test_the_walk_knows_who_opens_it(cast):
    world = a_world(cast)
    openers = [route for route in routes() if route.name.startswith("usage")]
    assert [world.may_open(route, world.school.femi) for route in openers] == [True, True]
    assert [world.may_open(route, world.school.nia) for route in openers] == [False, False]
