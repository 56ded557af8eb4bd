"""Settings > Sign-ins: what happened at the doors, newest first, filtered; and how often it failed
(S13, S24)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.people.models import User
from schoolgate.sign_in.models import Outcome, SignInEvent
from schoolgate.sign_in.queries import FAILURES, FailedOn, failed_by_day
from schoolgate.web.forms.sign_ins import SignInFilters
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import only_super_user

SIZE = 50
ORDER = ("-at", "-pk")
DAYS = 14


@dataclass(frozen=True)
class Line:
    """Something that happened at a door. ``user``: None where nobody here was meant; ``mark``: the
    same for the same unknown name."""

    event: SignInEvent
    user: User | None
    mark: str


@dataclass(frozen=True)
class Bar:
    """A day of the chart, and how long its bar is, in percent of the longest."""

    failed: FailedOn
    length: float
    counts: Sequence[int]


@only_super_user
@require_safe
def sign_ins(request: HttpRequest) -> HttpResponse:
    """Who was at a door, by which, from where, and what came of it."""
    filters = SignInFilters(request.GET)
    page = page_of(request, [filters.applied()], ORDER, size=SIZE)
    begins = not filters.has_changed() and page.previous is None
    bars = _bars(failed_by_day(DAYS)) if begins else []
    return render(
        request,
        "web/sign_ins.html",
        {
            "filters": filters,
            "page": page,
            "lines": lines(page.rows),
            "bars": bars,
            "kinds": [Outcome(outcome).label for outcome in FAILURES],
            "any_failed": any(bar.failed.count for bar in bars),
            "days": DAYS,
        },
    )


def lines(events: Sequence[SignInEvent]) -> list[Line]:
    """The events with their users, in one query however many they are."""
    people = User.objects.in_bulk({id_ for event in events if (id_ := event.user_id)})
    return [
        Line(event, people.get(event.user_id or 0), event.name_hash[:6].upper()) for event in events
    ]


def _bars(found: Sequence[FailedOn]) -> list[Bar]:
    longest = max([*(day.count for day in found), 1])
    return [
        Bar(
            day,
            round(100 * day.count / longest, 1),
            [day.by_outcome.get(outcome, 0) for outcome in FAILURES],
        )
        for day in found
    ]
