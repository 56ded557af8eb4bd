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

from schoolgate.kit.prefix import beginning

__all__ = ["Page", "beginning", "beyond", "page_of", "page_of_lists", "sought"]

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
    rest: Sequence[str] = (),
    *,
    size: int = SIZE,
    names: tuple[str, str] = ("after", "before"),
) -> Page[Row]:
    """The page that the request asks for, of lists that follow one another.

    ``order`` names fields of which the last is unique; all go the same way, downwards when they
    begin with "-". ``rest``: the order of the sections after the first, where it is another. The
    request says ``after`` or ``before`` which row; ``names``: what it calls the two, where a page
    has two lists.
    """
    lists = [
        (section, rest if number and rest else order) for number, section in enumerate(sections)
    ]
    return page_of_lists(request, lists, size=size, names=names)


def page_of_lists(
    request: HttpRequest,
    lists: Sequence[tuple[QuerySet[Row], Sequence[str]]],
    *,
    size: int = SIZE,
    names: tuple[str, str] = ("after", "before"),
) -> Page[Row]:
    """The same of lists that follow one another, each with an order of its own. No row is in two
    of them; those behind a full page are not asked for."""
    after, before = names
    backwards = before in request.GET
    place = _place(lists, request.GET.get(before) or request.GET.get(after))
    backwards = backwards and place is not None
    rows = _rows(lists, place, backwards=backwards, size=size)
    if not rows and place is not None:
        # What stood beyond it is gone: better the first page than an empty one.
        place, backwards = None, False
        rows = _rows(lists, None, backwards=False, size=size)
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
        has_previous, has_following = more, True
    else:
        has_previous, has_following = place is not None, more
    return Page(
        rows,
        _query(request, names, before, rows[0].pk) if rows and has_previous else None,
        _query(request, names, after, rows[-1].pk) if rows and has_following else None,
    )


_Place = tuple[int, dict[str, Any]]  # the number of the section, and the key within it


def _place(lists: Sequence[tuple[QuerySet[Row], Sequence[str]]], pk: str | None) -> _Place | None:
    if not pk or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return None
    for number, (section, order) in enumerate(lists):
        fields = [name.removeprefix("-") for name in order]
        if found := section.filter(pk=int(pk)).values(*fields).first():
            return number, found
    return None


def _rows(
    lists: Sequence[tuple[QuerySet[Row], Sequence[str]]],
    place: _Place | None,
    *,
    backwards: bool,
    size: int,
) -> list[Row]:
    rows: list[Row] = []
    numbers = range(len(lists))
    for number in reversed(numbers) if backwards else numbers:
        section, order = lists[number]
        section = section.order_by(*order)
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


@dataclass(frozen=True)
class Onwards:
    """The way on in a list that is read in one direction: back is to its beginning."""

    previous: str | None
    following: str | None


def onwards(request: HttpRequest, after: int, following: int | None) -> Onwards:
    """The query strings of the list's beginning and of its next page."""
    first = {name: value for name, value in request.GET.items() if name != "after"}
    return Onwards(
        "?" + urlencode(first) if after else None,
        None if following is None else "?" + urlencode({**first, "after": following}),
    )


def whole_number(request: HttpRequest, name: str) -> int | None:
    """A number of the request's query, which may be negative; None where it is none."""
    text = request.GET.get(name, "")
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 18 else None


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


def _query(request: HttpRequest, names: tuple[str, str], name: str, pk: int) -> str:
    kept = {key: value for key, value in request.GET.items() if key not in names}
    return "?" + urlencode({**kept, name: pk})
