"""Usage and billing: active users by role and month, as a chart, a table and an Excel file (PP9).

It tells figures only: no names, no pupils, nothing of care.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access.usage import NO_ROLE, Month, Usage, usage
from schoolgate.audit.actions import exported
from schoolgate.kit import excel
from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import actor, authority, sees_usage

ALL = "All active users"


@dataclass(frozen=True)
class Bar:
    """A month of the chart: its figure, and how long its bar is, in percent of the longest."""

    month: date
    count: int
    length: float
    under_way: bool


@sees_usage
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The last twelve months; ``role`` in the address: the chart is of that role."""
    found, today = _usage(request), timezone.localdate()
    columns = _columns(found)
    names = dict(columns)
    chosen = request.GET.get("role", "")
    chosen = chosen if chosen in names else ""
    return render(
        request,
        "web/usage.html",
        {
            "bars": _bars(found.months, chosen, today),
            "chosen": chosen,
            "chart_of": names[chosen],
            "columns": columns,
            "rows": [
                (month.month, [(name, _count(month, code)) for code, name in columns])
                for month in reversed(found.months)
            ],
            "schools": _schools(request),
            "today": today,
        },
    )


@sees_usage
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """The same figures for Excel; that they left is an event (S54)."""
    found = _usage(request)
    columns = _columns(found)
    content = excel.workbook(
        "Active users",
        ["Month", *(name for _, name in columns)],
        [[month.month, *(_count(month, code) for code, _ in columns)] for month in found.months],
        days_as="mmmm yyyy",
    )
    exported(by=actor(request), kind="usage")
    answer = HttpResponse(content, content_type=excel.TYPE)
    name = f"usage-{timezone.localdate().isoformat()}.xlsx"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _usage(request: HttpRequest) -> Usage:
    mine = authority(request)
    return usage(timezone.localdate(), places=None if mine.everything else mine.finance)


def _columns(found: Usage) -> list[tuple[str, str]]:
    """What is counted: code and name. All users first, then each role, then those without one."""
    none = [("none", NO_ROLE)] if any(month.none for month in found.months) else []
    return [("", ALL), *found.roles, *none]


def _count(month: Month, code: str) -> int:
    if not code:
        return month.users
    return month.none if code == "none" else month.by_role.get(code, 0)


def _bars(months: Sequence[Month], code: str, today: date) -> list[Bar]:
    counts = [_count(month, code) for month in months]
    longest = max([*counts, 1])
    return [
        Bar(month.month, count, round(100 * count / longest, 1), month.month == _first_of(today))
        for month, count in zip(months, counts, strict=True)
    ]


def _first_of(day: date) -> date:
    return day.replace(day=1)


def _schools(request: HttpRequest) -> list[Establishment]:
    """The establishments whose figures these are; none for somebody who sees all."""
    mine = authority(request)
    if mine.everything:
        return []
    return list(Establishment.objects.filter(pk__in=mine.finance).order_by("name_key", "pk"))
