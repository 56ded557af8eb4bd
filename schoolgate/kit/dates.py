"""Days and moments as people write and read them."""

import re
from datetime import date, datetime, time, timedelta

from django.utils import timezone

_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_BRITISH = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", re.ASCII)


def parse_day(text: str) -> date | None:
    """The day written as 2011-05-30, 30/05/2011 or (GIAS) 30-05-2011; None when it is none."""
    text = text.strip()
    try:
        if found := _ISO.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _BRITISH.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None
    return None


def form_of(text: str) -> str | None:
    """The form (of ``strftime``) of a day that :func:`parse_day` reads; None for a rarer one."""
    if len(text) == 10 and text[2] == text[5] == "/":
        return "%d/%m/%Y"
    return "%Y-%m-%d" if len(text) == 10 and text[4] == "-" else None


def in_words(day: date) -> str:
    """A day as a person reads it: 21 November 2026."""
    return f"{day.day} {day:%B %Y}"


def moment_in_words(moment: datetime) -> str:
    """A moment as a person reads it, where the organisation is: 21 November 2026, 14:05."""
    there = timezone.localtime(moment)
    return f"{in_words(there.date())}, {there:%H:%M}"


def end_of(day: date) -> datetime:
    """The last moment of ``day`` in the organisation's time zone."""
    if day == date.max:  # 31/12/9999 stands for "open" in many a file; no day follows it
        return timezone.make_aware(datetime.combine(day, time.max))
    following = datetime.combine(day + timedelta(days=1), time.min)
    return timezone.make_aware(following) - timedelta(microseconds=1)


def day_of(moment: datetime) -> date:
    """The day that ``moment`` falls on in the organisation's time zone."""
    return timezone.localdate(moment)
