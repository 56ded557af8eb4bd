"""A clock that a test sets: for stories that take days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

LONDON = ZoneInfo("Europe/London")


class Clock:
    """The time that Django tells, standing still until the test moves it. London time."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    @property
    def today(self) -> date:
        """The day that it is in London."""
        return self.moment.astimezone(LONDON).date()

    def day(self, days: int) -> date:
        """The day so many days from today (negative: ago)."""
        return self.today + timedelta(days=days)

    def set(self, day: date, at: time = time(9)) -> None:
        """Make it that day, at that time of day in London."""
        self.moment = datetime.combine(day, at, LONDON)

    def wait(self, **length: float) -> datetime:
        """Let time pass (``days=1``, ``minutes=5``); returns the moment that it then is."""
        there = self.moment.astimezone(LONDON) + timedelta(**length)
        self.moment = there
        return there


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It is nine o'clock on Monday 2 March 2026, until the test says otherwise.

    Name it before ``cast``, so that the cast is made at that time.
    """
    clock = Clock(datetime(2026, 3, 2, 9, tzinfo=LONDON))
    monkeypatch.setattr(timezone, "now", lambda: clock.moment.astimezone(ZoneInfo("UTC")))
    return clock
