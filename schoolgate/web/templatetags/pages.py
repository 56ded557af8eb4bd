"""Small words that templates use: days, moments, addresses of files, plurals."""

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils import timezone

from schoolgate.kit import dates

register = template.Library()


@register.filter
def day(value: date | datetime | None) -> str:
    """A day, or the day of a moment, as 21 November 2026; nothing for None."""
    if value is None:
        return ""
    return dates.in_words(dates.day_of(value) if isinstance(value, datetime) else value)


@register.filter
def moment(value: datetime | None) -> str:
    """A moment as 21 November 2026, 14:05."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{dates.in_words(local.date())}, {local:%H:%M}"


@register.filter
def thousands(value: int | None) -> str:
    """A number as 1,204; nothing for None."""
    return f"{value:,}" if isinstance(value, int) else ""


@register.filter
def count_of(value: int | None, words: str) -> str:
    """A number with its noun: ``3|count_of:"good_row good_rows"``."""
    one, many = words.replace("_", "\u00a0").split(" ")
    return f"{value or 0:,}\u00a0{one if value == 1 else many}"


@register.simple_tag
def asset(name: str) -> str:
    """The address of a built file, with a piece of its hash so that no old copy is shown."""
    return f"{settings.STATIC_URL}{name}?v={_fingerprint(name)}"


@cache
def _fingerprint(name: str) -> str:
    built = Path(settings.STATIC_ROOT)
    parts = name.split("/")  # plain text: a path cannot be joined with a SafeString
    for path in (built.joinpath(*parts), built.parent.joinpath(*parts)):
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return "0"
