"""Tables of users that are searched, filtered and sorted by what their address says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest

from schoolgate.kit.names import email_key
from schoolgate.people.models import User
from schoolgate.web.paging import Page, page_of, page_of_lists
from schoolgate.web.search import BY_NAME, called, called_in_turn


@dataclass(frozen=True)
class Heading:
    """A heading that sorts: where it leads, and which way the table is sorted by it now."""

    name: str
    address: str = ""
    sorted: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Sorting:
    """A way to sort. ``order`` ends with what is unique; those whose first field is empty follow,
    in the order of ``rest``."""

    order: tuple[str, ...]
    rest: tuple[str, ...] = ()


SORTINGS = {
    "name": Sorting(BY_NAME),
    "email": Sorting(("email_key", "pk"), ("username_key", "pk")),
    "signed-in": Sorting(("last_login", "pk"), BY_NAME),
}


class Filters(Protocol):
    """The filters of a table, as far as showing them goes."""

    @property
    def chosen(self) -> Sequence[tuple[str, str, str]]:
        """What is on: the field, its label, and the choice in words."""


def page_sorted(request: HttpRequest, found: QuerySet[User]) -> Page[User]:
    """The page of the users found, in the order that the request asks for."""
    name, downwards = _sorting(request)
    sorting = SORTINGS[name]
    order = tuple(f"-{field}" for field in sorting.order) if downwards else sorting.order
    if not sorting.rest:
        return page_of(request, [found], order)
    first = sorting.order[0]
    return page_of(
        request,
        [found.filter(**{f"{first}__isnull": False}), found.filter(**{f"{first}__isnull": True})],
        order,
        sorting.rest,
    )


def page_searched(request: HttpRequest, users: QuerySet[User], wanted: str) -> Page[User]:
    """The page of those of the users who are called what is wanted (web/search.py).

    In the order of names it begins with those who have such a name, and those with such an address
    follow: so it is soon found among a million.
    """
    name, downwards = _sorting(request)
    if name != "name" or not email_key(wanted):
        return page_sorted(request, called(users, wanted))
    way = "-" if downwards else ""
    lists = [
        (some, tuple(f"{way}{field}" for field in order))
        for some, order in called_in_turn(users, wanted)
    ]
    return page_of_lists(request, lists)


def heading_that_sorts(
    request: HttpRequest, words: str, name: str, *, newest_first: bool = False
) -> Heading:
    """The heading of a column by which the table can be sorted: one of SORTINGS."""
    by, downwards = _sorting(request)
    turned = not downwards if by == name else newest_first
    direction = ("descending" if downwards else "ascending") if by == name else "none"
    way = f"-{name}" if turned else name
    return Heading(words, address_with(request, sort=way if way != "name" else ""), direction)


def filters_on(request: HttpRequest, filters: Filters) -> list[tuple[str, str, str]]:
    """The filters that are on: their name, the choice, and the address without it."""
    return [
        (label, words, address_with(request, **{name: ""})) for name, label, words in filters.chosen
    ]


def address_with(request: HttpRequest, **changes: str) -> str:
    """The address of this table with some things changed, from its first page."""
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before")}
    wanted = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"?{urlencode(wanted)}" if wanted else request.path


def ticked(request: HttpRequest, at_most: int) -> set[int]:
    """The ids of the users whose boxes are ticked, no more than ``at_most``."""
    ticks = request.GET.getlist("tick")[:at_most]
    return {int(tick) for tick in ticks if tick.isascii() and tick.isdigit() and len(tick) < 18}


def _sorting(request: HttpRequest) -> tuple[str, bool]:
    """By what, and whether downwards."""
    asked = request.GET.get("sort", "")
    name = asked.removeprefix("-")
    return (name, asked.startswith("-")) if name in SORTINGS else ("name", False)
