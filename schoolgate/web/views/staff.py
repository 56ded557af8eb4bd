"""My school > Staff: the table (PP3 to PP5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from schoolgate.access.roles import LEADER
from schoolgate.access.staff_list import Held, staff_of
from schoolgate.people.models import SyncStatus, User
from schoolgate.schools.models import Establishment
from schoolgate.web.forms.staff_filter import StaffFilters
from schoolgate.web.paging import sought
from schoolgate.web.permissions import runs_school
from schoolgate.web.search import called
from schoolgate.web.tables import Heading, filters_on, heading_that_sorts, page_sorted
from schoolgate.web.views.staff_deeds import DEEDS, Member, members, menu


@dataclass(frozen=True)
class Row:
    """A member of staff as the table shows them. ``deeds``: address and words of each thing that
    can be done with them. ``managed``: their account is the reader's (S62)."""

    user: User
    roles: Sequence[str]
    status: str
    sync: str
    sync_words: str
    deeds: Sequence[tuple[str, str]]
    managed: bool


@runs_school
@require_safe
def staff(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The staff of a school: searched, filtered and sorted by what the address says."""
    filters = StaffFilters(request.GET, school=school)
    wanted = sought(request)
    found = matching(request, school, filters)
    page = page_sorted(request, found)
    known = members(request, school, page.rows)
    asked = {
        name: str(value)
        for name, value in request.GET.items()
        if name in ("q", *filters.fields) and value
    }
    return render(
        request,
        "web/staff.html",
        {
            "school": school,
            "rows": [_row(known[user.pk], school, asked) for user in page.rows],
            "headings": _headings(request),
            "page": page,
            "q": wanted,
            "filters": filters,
            "chosen": filters_on(request, filters),
            "any_wanted": bool(wanted or filters.chosen),
            "search_label": "Search by last name or e-mail address",
            "asked": asked,
            "deeds": DEEDS.values(),
            "all": found.order_by().count() if page.following or page.previous else len(page.rows),
        },
    )


def matching(request: HttpRequest, school: Establishment, filters: StaffFilters) -> QuerySet[User]:
    """The staff whom the search and the filters of the address let through."""
    return filters.applied_to(called(staff_of(school.pk), sought(request)), school)


def _row(one: Member, school: Establishment, asked: dict[str, str]) -> Row:
    page = reverse("school-staff-act", args=[school.pk])
    return Row(
        one.user,
        roles_in_words(one.held),
        one.status,
        one.sync,
        SyncStatus(one.sync).label if one.sync else "",
        [
            (f"{page}?{urlencode({**asked, 'do': code, 'who': 'ticked', 'tick': one.user.pk})}", it)
            for code, it in menu(one)
        ],
        one.managed,
    )


def roles_in_words(held: Held) -> list[str]:
    """The roles that somebody holds in a school, a Leader's with the subject areas."""
    subjects = f": {', '.join(held.subjects)}" if held.subjects else ""
    return [f"{name}{subjects}" if name == LEADER.name else name for name in held.roles]


def _headings(request: HttpRequest) -> Sequence[Heading]:
    return [
        heading_that_sorts(request, "Name", "name"),
        heading_that_sorts(request, "E-mail", "email"),
        Heading("Role here"),
        Heading("Status"),
        Heading("Sync status"),
        heading_that_sorts(request, "Last signed in", "signed-in", newest_first=True),
    ]
