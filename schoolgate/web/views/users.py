"""Settings > Users: the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access.holdings import Holding, holdings, users_with_status
from schoolgate.access.own_roles import linked_by_hand
from schoolgate.people.models import User
from schoolgate.web.forms.users_filter import UserFilters
from schoolgate.web.paging import Page, page_of, sought
from schoolgate.web.permissions import only_super_user, visitor
from schoolgate.web.search import called


@dataclass(frozen=True)
class Row:
    """A user as the table shows them. ``assigns``: pupils are linked to a role of theirs."""

    user: User
    status: str
    holding: Holding
    assigns: bool


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


_BY_NAME = ("last_key", "first_key", "pk")
SORTINGS = {
    "name": Sorting(_BY_NAME),
    "email": Sorting(("email_key", "pk"), ("username_key", "pk")),
    "signed-in": Sorting(("last_login", "pk"), _BY_NAME),
}


@only_super_user
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """The table of users: searched, filtered and sorted by what its address says."""
    wanted = sought(request)
    filters = UserFilters(request.GET)
    found = filters.applied_to(called(users_with_status(), wanted))
    page = _page(request, found.select_related("workplace"))
    held = holdings(
        [user.pk for user in page.rows], timezone.localdate(), reader_id=visitor(request).pk
    )
    by_hand = {role.name for role in linked_by_hand(filters.roles)}
    asked = {
        name: value
        for name, value in request.GET.items()
        if name in ("q", *filters.fields) and value
    }
    return render(
        request,
        "web/users.html",
        {
            "rows": [_row(user, held[user.pk], by_hand) for user in page.rows],
            "headings": _headings(request),
            "page": page,
            "q": wanted,
            "filters": filters,
            "chosen": _chosen(request, filters),
            "any_wanted": bool(wanted or filters.chosen),
            "search_label": "Search by last name, e-mail address or user name",
            "asked": asked,
            "invite_all": f"{reverse('users-invite')}?{urlencode(asked)}",
        },
    )


def _row(user: User, holding: Holding, by_hand: set[str]) -> Row:
    assigns = not by_hand.isdisjoint(holding.roles)
    return Row(user, status_of(user), holding, assigns)


def status_of(user: User) -> str:
    """The status of a user from ``users_with_status``."""
    if user.is_denied:  # type: ignore[attr-defined]
        return "Inactive"
    return str(user.invitation_state)  # type: ignore[attr-defined]


def _sorting(request: HttpRequest) -> tuple[str, bool]:
    """By what, and whether downwards."""
    asked = request.GET.get("sort", "")
    name = asked.removeprefix("-")
    return (name, asked.startswith("-")) if name in SORTINGS else ("name", False)


def _page(request: HttpRequest, found: QuerySet[User]) -> Page[User]:
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


def _headings(request: HttpRequest) -> Sequence[Heading]:
    by, downwards = _sorting(request)

    def sorts(words: str, name: str, *, newest_first: bool = False) -> Heading:
        turned = not downwards if by == name else newest_first
        direction = ("descending" if downwards else "ascending") if by == name else "none"
        way = f"-{name}" if turned else name
        return Heading(words, _address(request, sort=way if way != "name" else ""), direction)

    return [
        sorts("Name", "name"),
        sorts("E-mail or user name", "email"),
        Heading("Role"),
        Heading("Establishment"),
        Heading("Status"),
        Heading("Pupils", numeric=True),
        sorts("Last signed in", "signed-in", newest_first=True),
    ]


def _chosen(request: HttpRequest, filters: UserFilters) -> list[tuple[str, str, str]]:
    """The filters that are on: their name, the choice, and the address without it."""
    return [
        (label, words, _address(request, **{name: ""})) for name, label, words in filters.chosen
    ]


def _address(request: HttpRequest, **changes: str) -> str:
    """The address of this table with some things changed, from its first page."""
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before")}
    wanted = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"?{urlencode(wanted)}" if wanted else request.path
