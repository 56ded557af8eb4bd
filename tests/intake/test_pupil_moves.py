"""A pupil file, row by row: schools and times in care (PRODUCT.md "What a file does", LAC9)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from schoolgate.intake.columns import URN_HEADING
from schoolgate.schools.models import Pupil
from tests import factories
from tests.intake.desk import APPLIED, REFUSED, Desk, child, row_of, upn_of

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock

Days = tuple[date, date | None]


def stays(pupil: Pupil) -> set[tuple[str, date, date | None]]:
    """Where a pupil is and was on roll, as it is on record now."""
    return {
        (stay.establishment.name[:5] if stay.establishment else stay.elsewhere,
         stay.starts_on, stay.ends_on)
        for stay in pupil.enrolments.filter(ended_at=None)
    }  # fmt: skip


def care(pupil: Pupil) -> set[Days]:
    """A pupil's times in care, as they are on record now."""
    return set(pupil.care_episodes.filter(ended_at=None).values_list("starts_on", "ends_on"))


def test_a_pupil_with_another_urn_moves_today(clock: Clock, cast: Cast, desk: Desk) -> None:
    ran = desk.pupils([row_of(cast.amira, urn="100002")])

    assert (ran.status, ran.counts, ran.access) == (APPLIED, (0, 1, 0, 0), (0, 1))
    assert stays(cast.amira) == {
        ("Abbey", clock.day(-200), clock.day(-1)), ("Brook", clock.today, None),
    }  # fmt: skip
    assert desk.sees("dora@abbey.example") == set()
    assert desk.sees("theo@brook.example") == {upn_of(cast.amira), upn_of(cast.carys)}
    assert desk.pupils([row_of(cast.amira, urn="100002")]).counts == (0, 0, 1, 0)

    clock.wait(days=1)
    assert desk.pupils([row_of(cast.amira, urn="100002")]).counts == (0, 0, 1, 0)


def test_two_moves_on_one_day_leave_the_last(clock: Clock, cast: Cast, desk: Desk) -> None:
    factories.establishment(name="Cedar School", urn="100003")
    desk.pupils([row_of(cast.amira, urn="100002")])

    ran = desk.pupils([row_of(cast.amira, urn="100003")])

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (0, 1))
    assert stays(cast.amira) == {
        ("Abbey", clock.day(-200), clock.day(-1)), ("Cedar", clock.today, None),
    }  # fmt: skip


def test_a_pupil_on_roll_at_two_schools_stays_at_both_until_they_move(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    factories.enrolment(cast.amira, cast.brook)

    assert desk.pupils([row_of(cast.amira, urn="100002")]).counts == (0, 0, 1, 0)

    ran = desk.pupils([row_of(cast.amira, urn="888888")])
    assert ran.access == (0, 2)
    assert {(place, last) for place, _, last in stays(cast.amira)} == {
        ("Abbey", clock.day(-1)), ("Brook", clock.day(-1)), ("888888", None),
    }  # fmt: skip


def test_left_on_is_the_last_day_that_counts(clock: Clock, cast: Cast, desk: Desk) -> None:
    ran = desk.pupils([row_of(cast.amira, urn="100001", left=clock.today)])

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (0, 0))
    assert stays(cast.amira) == {("Abbey", clock.day(-200), clock.today)}
    assert desk.sees("dora@abbey.example") == {upn_of(cast.amira)}
    assert desk.pupils([row_of(cast.amira, urn="100001", left=clock.today)]).counts == (0, 0, 1, 0)
    clock.wait(days=1)
    assert desk.sees("dora@abbey.example") == set()
    gone = row_of(cast.amira, urn="100001", left=clock.day(-1))
    assert desk.pupils([gone]).counts == (0, 0, 1, 0)


def test_left_on_without_urn_ends_the_one_stay_there_is(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    ran = desk.pupils([row_of(cast.amira, left=clock.day(-3))])
    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (0, 2))
    assert stays(cast.amira) == {("Abbey", clock.day(-200), clock.day(-3))}
    assert desk.pupils([row_of(cast.amira, left=clock.day(-3))]).counts == (0, 0, 1, 0)

    factories.enrolment(cast.carys, cast.abbey)
    ran = desk.pupils([row_of(cast.carys, left=clock.day(-3))], "--yes")
    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
    assert ran.told == [(2, "Left On", str(clock.day(-3)), "fault")]

    ran = desk.pupils([row_of(cast.carys, urn="100001", left=clock.day(-3))])
    assert ran.access == (0, 1)  # Theo still sees Carys at Brook
    assert {(place, last) for place, _, last in stays(cast.carys)} == {
        ("Abbey", clock.day(-3)), ("Brook", None),
    }  # fmt: skip


def test_a_last_day_to_come_and_a_new_school_until_then(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    desk.pupils([row_of(cast.amira, urn="100002", left=clock.day(10))])

    assert stays(cast.amira) == {
        ("Abbey", clock.day(-200), clock.day(-1)), ("Brook", clock.today, clock.day(10)),
    }  # fmt: skip


def test_a_new_pupil_who_has_left_already_is_not_on_roll(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    row = child(sync_key="K1", urn="100001", left=clock.day(-5), since=clock.day(-50))

    ran = desk.pupils([row])

    assert (ran.counts, ran.access) == ((1, 0, 0, 0), (2, 0))
    assert desk.sees("dora@abbey.example") == {upn_of(cast.amira)}
    assert desk.pupils([row]).counts == (0, 0, 1, 0)


def test_a_pupil_back_at_a_school_that_they_left_is_asked_about(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    desk.pupils([row_of(cast.amira, urn="100001", left=clock.day(-3))])
    row = row_of(cast.amira, urn="100001")

    ran = desk.pupils([row])

    assert (ran.status, ran.counts, ran.access) == (REFUSED, (0, 0, 0, 1), (0, 0))
    assert ran.told == [(2, URN_HEADING, "100001", "question")]

    ran = desk.pupils([row], "--yes")

    assert (ran.status, ran.counts, ran.access) == (APPLIED, (0, 1, 0, 0), (2, 0))
    assert stays(cast.amira) == {
        ("Abbey", clock.day(-200), clock.day(-3)), ("Abbey", clock.today, None),
    }  # fmt: skip
    assert desk.pupils([row]).counts == (0, 0, 1, 0), "asked again"


def test_an_old_file_does_not_move_a_pupil_back_unasked(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    old, new = row_of(cast.amira, urn="100001"), row_of(cast.amira, urn="100002")
    desk.pupils([new])

    assert desk.pupils([old]).told == [(2, URN_HEADING, "100001", "question")]
    assert desk.pupils([old], "--yes").counts == (0, 1, 0, 0)
    assert {place for place, _, last in stays(cast.amira) if last is None} == {"Abbey"}


def test_a_closed_school_is_asked_about_but_not_where_the_pupil_is_there_already(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    old = factories.establishment(name="Mill School", urn="100009", status="Closed")
    factories.enrolment(cast.ben, old)
    row = row_of(cast.amira, urn="100009")

    ran = desk.pupils([row, row_of(cast.ben, urn="100009")])

    assert ran.told == [(2, URN_HEADING, "100009", "question")]
    assert ran.counts == (0, 0, 1, 1)
    assert desk.pupils([row], "--yes").counts == (0, 1, 0, 0)
    assert desk.pupils([row]).counts == (0, 0, 1, 0), "asked again"


def test_a_child_who_comes_into_care_appears_to_the_designated_teachers(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    row = row_of(cast.ben, since=clock.today)

    ran = desk.pupils([row])

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (2, 0))
    assert desk.sees("dora@abbey.example") == {upn_of(cast.amira), upn_of(cast.ben)}
    assert desk.pupils([row]).counts == (0, 0, 1, 0)


def test_the_last_day_in_care_still_counts(clock: Clock, cast: Cast, desk: Desk) -> None:
    ran = desk.pupils([row_of(cast.amira, until=clock.today)])
    assert (ran.counts, ran.access, ran.warned) == ((0, 1, 0, 0), (0, 0), [])

    ran = desk.pupils([row_of(cast.amira, until=clock.day(-1))])
    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (0, 2))
    assert care(cast.amira) == {(clock.day(-200), clock.day(-1))}
    assert desk.sees("dora@abbey.example") == set()
    assert desk.sees("sara@council.example") == {upn_of(cast.amira), upn_of(cast.eve)}


def test_care_that_begins_tomorrow_opens_nothing_today(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    ran = desk.pupils([row_of(cast.ben, since=clock.day(1))])

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (0, 0))
    clock.wait(days=1)
    assert upn_of(cast.ben) in desk.sees("dora@abbey.example")


def test_a_corrected_first_day_of_an_open_episode_is_a_warning(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    day = clock.day(-190)

    ran = desk.pupils([row_of(cast.amira, since=day)])

    assert (ran.status, ran.counts, ran.told) == (APPLIED, (0, 1, 0, 0), [])
    assert ran.warned == [(2, "In Care Since", str(day), "warning")]
    assert care(cast.amira) == {(day, None)}
    again = desk.pupils([row_of(cast.amira, since=day)])
    assert (again.counts, again.warned) == ((0, 0, 1, 0), [])


def test_a_time_in_care_before_the_open_one_is_added_and_ends_nothing(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    row = row_of(cast.amira, since=clock.day(-900), until=clock.day(-700))

    ran = desk.pupils([row])

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (0, 0))
    assert care(cast.amira) == {(clock.day(-900), clock.day(-700)), (clock.day(-200), None)}
    assert desk.pupils([row]).counts == (0, 0, 1, 0)


def test_a_new_time_in_care_after_one_that_is_over(clock: Clock, cast: Cast, desk: Desk) -> None:
    row = row_of(cast.dylan, since=clock.day(-2))

    ran = desk.pupils([row])

    assert (ran.counts, ran.access, ran.warned) == ((0, 1, 0, 0), (2, 0), [])
    assert care(cast.dylan) == {
        (clock.day(-200), clock.day(-30)), (clock.day(-2), None),
    }  # fmt: skip


def test_times_in_care_that_overlap_are_a_fault(clock: Clock, cast: Cast, desk: Desk) -> None:
    desk.pupils([row_of(cast.dylan, since=clock.day(-20))])

    for since in (clock.day(-200 + 1), clock.day(-30)):
        ran = desk.pupils([row_of(cast.dylan, since=since)], "--yes")

        assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
        assert ran.told == [(2, "In Care Since", str(since), "fault")]


def test_an_end_of_care_that_nothing_on_record_can_have_is_a_fault(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    ran = desk.pupils([row_of(cast.ben, until=clock.day(-1))], "--yes")

    assert ran.told == [(2, "In Care Since", "", "fault")]
    assert desk.pupils([row_of(cast.dylan, until=clock.day(-30))]).counts == (0, 0, 1, 0)


def test_a_past_day_is_answered_as_it_was_before_the_move(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    clock.wait(days=1)
    desk.pupils([row_of(cast.amira, urn="100002")])

    before = desk.run("sees", "dora@abbey.example", "--on", str(clock.day(-1)))

    assert before.out.split() == [upn_of(cast.amira)]
    assert desk.sees("dora@abbey.example") == set()
