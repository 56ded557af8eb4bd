"""Small words that templates use: days, moments, addresses of files, plurals."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html

from schoolgate.kit import dates
from schoolgate.web.paging import Page
from schoolgate.web.words import TAG_COLOURS

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
def at(value: str) -> str:
    """An e-mail address that a narrow column may break before its @."""
    name, sign, place = str(value).partition("@")
    return format_html("{}<wbr>{}{}", name, sign, place)


@register.filter
def thousands(value: int | None) -> str:
    """A number as 1,204; nothing for None."""
    return f"{value:,}" if isinstance(value, int) else ""


@register.filter
def count_of(value: int | None, words: str) -> str:
    """A number with its noun: ``3|count_of:"good_row good_rows"``."""
    one, many = words.replace("_", "\u00a0").split(" ")
    return f"{value or 0:,}\u00a0{one if value == 1 else many}"


@register.filter
def found(page: Page[Any], things: str) -> str:
    """How much of a list a page shows: ``page|found:"pupil pupils"``. Never counts the list."""
    one, many = things.split(" ")
    shown = len(page.rows)
    if page.previous is None and page.following is None:
        return f"{shown:,} {one if shown == 1 else many}"
    return f"{shown:,} {many} on this page{'; there are more' if page.following else ''}"


@register.filter
def tag_colour(words: str) -> str:
    """The colour of a status; none for one that is not known."""
    return TAG_COLOURS.get(str(words), "")


@register.filter
def that_are(lines: Iterable[Any], gained: bool) -> list[Any]:
    """Those lines of a preview that are gained, or lost."""
    return [line for line in lines if line.gained is gained]


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
