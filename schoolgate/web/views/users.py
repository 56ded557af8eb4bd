"""Settings > Users: the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access.holdings import Holding, holdings, users_with_status
from schoolgate.access.own_roles import linked_by_hand
from schoolgate.people.models import User
from schoolgate.web.forms.users_filter import UserFilters
from schoolgate.web.paging import sought
from schoolgate.web.permissions import only_super_user, visitor
from schoolgate.web.tables import Heading, filters_on, heading_that_sorts, page_searched


@dataclass(frozen=True)
class Row:
    """A user as the table shows them. ``assigns``: pupils are linked to a role of theirs."""

    user: User
    status: str
    holding: Holding
    assigns: bool


@only_super_user
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """The table of users: searched, filtered and sorted by what its address says."""
    wanted = sought(request)
    filters = UserFilters(request.GET)
    found = filters.applied_to(users_with_status().select_related("workplace"))
    page = page_searched(request, found, wanted)
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
            "chosen": filters_on(request, filters),
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


def _headings(request: HttpRequest) -> Sequence[Heading]:
    return [
        heading_that_sorts(request, "Name", "name"),
        heading_that_sorts(request, "E-mail or user name", "email"),
        Heading("Role"),
        Heading("Establishment"),
        Heading("Status"),
        Heading("Pupils", numeric=True),
        heading_that_sorts(request, "Last signed in", "signed-in", newest_first=True),
    ]
