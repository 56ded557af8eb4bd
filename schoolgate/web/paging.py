"""Lists in pages, by key and never by offset, without counting (DESIGN.md, "Built for many rows").

The address of a page names only the id of a row, whose key is looked up in the list itself: it
says nothing about anybody, and a row that is not in the reader's list leads to the first page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

SIZE = 25
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and the query strings of the pages before and after it, if any."""

    rows: list[Row]
    previous: str | None
    following: str | None


def page_of(
    request: HttpRequest,
    sections: Sequence[QuerySet[Row]],
    order: Sequence[str],
    *,
    size: int = SIZE,
) -> Page[Row]:
    """The page that the request asks for, of lists that follow one another.

    ``order`` names fields of which the last is unique; all go the same way, downwards when they
    begin with "-". The request says ``after`` or ``before`` which row.
    """
    backwards = "before" in request.GET
    place = _place(sections, order, request.GET.get("before") or request.GET.get("after"))
    backwards = backwards and place is not None
    rows = _rows(sections, order, place, backwards=backwards, size=size)
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
        has_previous, has_following = more, True
    else:
        has_previous, has_following = place is not None, more
    return Page(
        rows,
        _query(request, before=rows[0].pk) if rows and has_previous else None,
        _query(request, after=rows[-1].pk) if rows and has_following else None,
    )


_Place = tuple[int, dict[str, Any]]  # the number of the section, and the key within it


def _place(
    sections: Sequence[QuerySet[Row]], order: Sequence[str], pk: str | None
) -> _Place | None:
    if not pk or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return None
    fields = [name.removeprefix("-") for name in order]
    for number, section in enumerate(sections):
        if found := section.filter(pk=int(pk)).values(*fields).first():
            return number, found
    return None


def _rows(
    sections: Sequence[QuerySet[Row]],
    order: Sequence[str],
    place: _Place | None,
    *,
    backwards: bool,
    size: int,
) -> list[Row]:
    rows: list[Row] = []
    numbers = range(len(sections))
    for number in reversed(numbers) if backwards else numbers:
        section = sections[number].order_by(*order)
        if place is not None and number == place[0]:
            section = section.filter(beyond(order, place[1], backwards=backwards))
        elif place is not None and (number > place[0]) is backwards:
            continue
        if backwards:
            section = section.reverse()
        rows += section[: size + 1 - len(rows)]
        if len(rows) > size:
            break
    return rows


def sought(request: HttpRequest) -> str:
    """What the request searches for: without what no keyboard types, and not endless."""
    text = "".join(c for c in request.GET.get("q", "")[:200] if c.isprintable())
    return text.strip()[:100]


def beyond(order: Sequence[str], key: dict[str, Any], *, backwards: bool = False) -> Q:
    """What comes after ``key`` in this order (``backwards``: before it)."""
    downwards = order[0].startswith("-")
    way = "lt" if downwards != backwards else "gt"
    fields = [name.removeprefix("-") for name in order]
    # The first field by itself lets the database begin in the middle of the index.
    start = Q(**{f"{fields[0]}__{way}e": key[fields[0]]})
    steps = Q()
    for length, field in enumerate(fields):
        same = {name: key[name] for name in fields[:length]}
        steps |= Q(**same, **{f"{field}__{way}": key[field]})
    return start & steps


def beginning(field: str, text: str) -> Q:
    """Rows whose ``field``, a casefolded key, begins with ``text``; the index of the key is used.

    Besides the exact test there are bounds by which the index can be read in part, set only where
    every collation agrees on them: letters of ASCII and digits.
    """
    exact = Q(**{f"{field}__startswith": text})
    stem = text
    while stem and not (stem[-1].isascii() and stem[-1].isalnum()):
        stem = stem[:-1]
    if not stem or not stem.isascii():
        return exact
    exact &= Q(**{f"{field}__gte": stem})
    stem = stem.rstrip("z")
    if stem and stem[-1].isalnum():
        following = "a" if stem[-1] == "9" else chr(ord(stem[-1]) + 1)
        exact &= Q(**{f"{field}__lt": stem[:-1] + following})
    return exact


def _query(request: HttpRequest, **place: int) -> str:
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before")}
    return "?" + urlencode({**kept, **place})
