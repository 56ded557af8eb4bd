"""Corrected days of a time in care: a warning where they are taken, a fault where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import factories
from tests.intake.desk import APPLIED, REFUSED, Desk, row_of
from tests.intake.test_pupil_moves import care

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock


def test_a_correction_that_falls_into_another_time_is_a_fault_and_no_warning(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    desk.pupils([row_of(cast.dylan, since=clock.day(-20))])  # he was in care before, too
    before = care(cast.dylan)

    for days in ({"since": clock.day(-40)}, {"since": clock.day(-40), "until": clock.day(5)}):
        ran = desk.pupils([row_of(cast.dylan, **days)], "--yes")

        assert (ran.status, ran.counts, ran.warned) == (REFUSED, (0, 0, 0, 1), [])
        assert ran.told == [(2, "In Care Since", str(clock.day(-40)), "fault")]
    assert care(cast.dylan) == before


def test_the_first_end_of_an_open_episode_is_no_correction(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    for row in (
        row_of(cast.amira, until=clock.day(10)),
        row_of(cast.eve, since=clock.day(-200), until=clock.day(10)),
    ):
        ran = desk.pupils([row])

        assert (ran.status, ran.counts, ran.warned) == (APPLIED, (0, 1, 0, 0), [])
    assert care(cast.amira) == care(cast.eve) == {(clock.day(-200), clock.day(10))}


def test_another_end_of_an_episode_that_is_not_over_is_a_warning(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    desk.pupils([row_of(cast.amira, until=clock.day(10))])
    for number, row in enumerate(
        (
            row_of(cast.amira, until=clock.day(20)),
            row_of(cast.amira, since=clock.day(-200), until=clock.today),
            row_of(cast.amira, until=clock.day(-1)),
        )
    ):
        ran = desk.pupils([row])

        assert (ran.status, ran.counts, ran.told) == (APPLIED, (0, 1, 0, 0), []), number
        assert ran.warned == [(2, "In Care Until", row["In Care Until"], "warning")], number
        assert "on record as ending on" in ran.warnings[0]["problem"]
        again = desk.pupils([row])
        assert (again.counts, again.warned) == ((0, 0, 1, 0), []), number


def test_both_days_corrected_are_two_warnings(clock: Clock, cast: Cast, desk: Desk) -> None:
    desk.pupils([row_of(cast.amira, until=clock.day(10))])
    since, until = clock.day(-190), clock.day(9)

    ran = desk.pupils([row_of(cast.amira, since=since, until=until)])

    assert (ran.counts, ran.told) == ((0, 1, 0, 0), [])
    assert ran.warned == [
        (2, "In Care Since", str(since), "warning"), (2, "In Care Until", str(until), "warning"),
    ]  # fmt: skip
    assert care(cast.amira) == {(since, until)}


def test_another_end_of_a_time_that_is_over_is_taken_as_it_is(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    row = row_of(cast.dylan, since=clock.day(-200), until=clock.day(-31))

    ran = desk.pupils([row])

    assert (ran.status, ran.counts, ran.warned) == (APPLIED, (0, 1, 0, 0), [])
    assert care(cast.dylan) == {(clock.day(-200), clock.day(-31))}


def test_an_end_before_the_beginning_is_a_fault_and_no_warning(
    clock: Clock, cast: Cast, desk: Desk
) -> None:
    factories.episode(cast.ben, since=clock.day(-5), until=clock.day(5))

    ran = desk.pupils([row_of(cast.ben, until=clock.day(-6))])

    assert (ran.status, ran.warned) == (REFUSED, [])
    assert ran.told == [(2, "In Care Until", str(clock.day(-6)), "fault")]
