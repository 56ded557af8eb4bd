"""A past day is answered as it was then, whatever was corrected since (NEW6)."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, SOCIAL_WORKER
from schoolgate.access.why import why
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.dates import end_of
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.schools import actions as schools
from schoolgate.schools.models import CareEpisode, Pupil
from tests import factories
from tests.cast import Cast, seen_by, who_sees
from tests.clock import Clock

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 3, day) for day in range(2, 7))
SUNDAY = date(2026, 3, 1)


@pytest.fixture
def week(clock: Clock, cast: Cast) -> Cast:
    """The cast, put together on Monday morning."""
    assert clock.today == MONDAY
    return cast


def evening(day: date) -> datetime:
    """The end of that day."""
    return end_of(day)


def test_a_grant_is_answered_from_the_day_it_was_made_to_the_day_it_was_taken(
    clock: Clock, week: Cast
) -> None:
    clock.set(TUESDAY)
    factories.grant(week.noor, SOCIAL_WORKER, pupil=week.ben, since=TUESDAY)
    clock.set(THURSDAY)
    access.revoke(Grant.objects.filter(user=week.noor).values_list("pk", flat=True), by=SYSTEM)
    clock.set(FRIDAY)

    days = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
    assert [seen_by(week.noor, evening(day)) for day in days] == ["", "Ben", "Ben", ""]
    assert seen_by(week.noor) == ""


def test_before_anybody_was_on_record_nobody_saw_anybody(week: Cast) -> None:
    for user in week.users:
        assert seen_by(user, evening(SUNDAY)) == ""


def test_what_is_backdated_does_not_change_what_was_answered(clock: Clock, week: Cast) -> None:
    clock.set(FRIDAY)
    factories.grant(week.noor, SOCIAL_WORKER, pupil=week.ben, since=MONDAY)
    factories.episode(week.ben, since=MONDAY)

    assert seen_by(week.noor) == "Ben"
    assert seen_by(week.dora) == "Amira Ben"
    for day in (MONDAY, THURSDAY):
        assert seen_by(week.noor, evening(day)) == ""
        assert seen_by(week.dora, evening(day)) == "Amira"
        assert who_sees(week.ben, evening(day)) == "Ada Liam"


def test_a_backdated_restriction_does_not_pretend_to_have_stood(clock: Clock, week: Cast) -> None:
    clock.set(WEDNESDAY)
    factories.restriction(week.sara, week.amira, since=MONDAY)
    clock.set(FRIDAY)

    assert seen_by(week.sara, evening(TUESDAY)) == "Amira Eve"
    assert seen_by(week.sara, evening(WEDNESDAY)) == "Eve"
    told = why(week.sara.pk, week.amira.pk, evening(TUESDAY))
    assert told.answer
    assert told.restrictions == []


def test_a_corrected_episode_leaves_the_past_as_it_was_answered(clock: Clock, week: Cast) -> None:
    clock.set(THURSDAY)
    wrong = CareEpisode.objects.get(pupil=week.amira)
    schools.end_records(CareEpisode, [wrong.pk], how=Ending.REPLACED, by=SYSTEM)
    factories.episode(week.amira, since=wrong.starts_on, until=SUNDAY)
    clock.set(FRIDAY)

    assert seen_by(week.dora) == ""
    assert seen_by(week.dora, evening(WEDNESDAY)) == "Amira"
    assert seen_by(week.dora, evening(THURSDAY)) == ""


def test_a_user_and_a_pupil_who_are_gone_are_known_to_the_days_they_were_there(
    clock: Clock, week: Cast
) -> None:
    clock.set(TUESDAY)
    people.remove_users([week.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    schools.remove_things(Pupil, [week.eve.pk], how=Ending.UNDONE, by=SYSTEM)
    clock.set(FRIDAY)

    assert seen_by(week.dora, evening(MONDAY)) == "Amira"
    assert seen_by(week.dora, evening(TUESDAY)) == ""
    assert seen_by(week.sara, evening(MONDAY)) == "Amira Eve"
    assert seen_by(week.sara, evening(TUESDAY)) == "Amira"
    assert why(week.dora.pk, week.amira.pk).user_is_there is False


def test_a_denial_is_answered_for_the_days_it_stood(clock: Clock, week: Cast) -> None:
    clock.set(TUESDAY)
    access.deny([week.liam.pk], by=week.as_ada)
    clock.set(THURSDAY)
    access.allow([week.liam.pk], by=week.as_ada)
    clock.set(FRIDAY)

    everybody = "Amira Ben Carys Dylan Eve"
    days = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
    assert [seen_by(week.liam, evening(day)) for day in days] == [everybody, "", "", everybody]


def test_a_change_counts_from_its_very_moment(clock: Clock, week: Cast) -> None:
    clock.set(TUESDAY)
    before = clock.moment
    after = clock.wait(seconds=1)
    access.revoke(Grant.objects.filter(user=week.theo).values_list("pk", flat=True), by=SYSTEM)

    assert seen_by(week.theo, before) == "Amira Carys"
    assert seen_by(week.theo, after) == seen_by(week.theo) == ""


def test_a_second_posting_does_not_hide_when_the_first_began(clock: Clock, week: Cast) -> None:
    clock.set(WEDNESDAY)
    factories.grant(week.dora, DESIGNATED_TEACHER, school=week.brook, since=WEDNESDAY)
    clock.set(FRIDAY)

    assert seen_by(week.dora, evening(TUESDAY)) == "Amira"
    assert seen_by(week.dora, evening(WEDNESDAY)) == "Amira Carys"
