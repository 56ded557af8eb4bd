"""Days as people write them, and where a day ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from schoolgate.kit.dates import day_of, end_of, in_words, parse_day


@pytest.mark.parametrize(
    "text",
    [
        "2011-05-30", "30/05/2011", "30-05-2011", "30.05.2011", "30/5/2011", "2011-5-30",
        " 30/05/2011 ", "2011-05-30 00:00:00", "2011-05-30T00:00:00", "2011-05-30 00:00",
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert parse_day(text) == date(2011, 5, 30)


def test_the_day_comes_before_the_month() -> None:
    assert parse_day("04/05/2011") == date(2011, 5, 4)


@pytest.mark.parametrize(
    "text",
    [
        "", "30/05/11", "05/30/2011", "2011-02-30", "31/04/2011", "30 May 2011", "40690",
        "2011-05-30 13:45:00", "30/05/2011x", "0000-01-01", "٣٠/٠٥/٢٠١١", "30/05-2011x", "n/a",
    ],
)  # fmt: skip
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert parse_day(text) is None


def test_a_day_is_told_in_words() -> None:
    assert in_words(date(2026, 11, 1)) == "1 November 2026"


# London goes from summer to winter time at the end of October, and back in March.
@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 1, 15), datetime(2026, 1, 15, 23, 59, 59, 999999, tzinfo=UTC)),
        (date(2026, 7, 15), datetime(2026, 7, 15, 22, 59, 59, 999999, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, 59, 59, 999999, tzinfo=UTC)),
        (date(2026, 10, 24), datetime(2026, 10, 24, 22, 59, 59, 999999, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, 59, 59, 999999, tzinfo=UTC)),
        (date(2026, 3, 28), datetime(2026, 3, 28, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_midnight_in_london(day: date, end: datetime) -> None:
    assert end_of(day) == end
    assert day_of(end_of(day)) == day
    assert day_of(end.astimezone(UTC) + timedelta(microseconds=1)) == day + timedelta(days=1)


def test_the_last_day_there_is_ends_too() -> None:
    assert end_of(date.max) == datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
