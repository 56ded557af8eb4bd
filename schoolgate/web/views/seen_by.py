"""Who can see this child, now or on a past day: by person, with everything through which (NEW6)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import seen_by
from schoolgate.access.holdings import shows_past_care
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import known_roles
from schoolgate.access.roles import ROLES
from schoolgate.audit.actions import viewed
from schoolgate.kit.dates import end_of, parse_day
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web import words
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, is_super_user, signed_in, visitor
from schoolgate.web.search import BY_NAME
from schoolgate.web.views.children import is_own_child
from schoolgate.web.views.pupils import told_of_care, visible

FIRST = 20  # of those who see every child, shown at once
SOON = timedelta(days=30)


@dataclass(frozen=True)
class Through:
    """One grant through which somebody sees the child, in words."""

    grant: Grant
    role: str
    place: str
    origin: words.Origin
    ending: str


@dataclass(frozen=True)
class Person:
    """A user who sees the child. ``ends_on``: the last day, where it is soon."""

    user: User
    through: list[Through]
    ends_on: date | None


@signed_in
@require_safe
def who(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """The same list on a past day, or of those who see every child (``every``)."""
    child = visible(request, pupil_id)
    past_too = shows_past_care(visitor(request).pk, child.pk)
    # Who saw the child on a past day tells whether they were in care then.
    if not told_of_care(request, child) or ("on" in request.GET and not past_too):
        raise Http404
    asked = request.GET.get("on", "").strip()[:40]
    day, problem = _past_day(asked)
    viewed(by=actor(request), kind="who", object_id=child.pk, pupil_ids=[child.pk])
    return render(
        request,
        "web/who.html",
        {
            "pupil": child,
            "day": day,
            "asked": asked,
            "failed": problem,
            "past_too": past_too,
            "every": "every" in request.GET,
            "super_user": is_super_user(request),
            **people(request, child, day, every="every" in request.GET),
        },
    )


def people(
    request: HttpRequest, child: Pupil, day: date | None = None, *, every: bool = False
) -> dict[str, Any]:
    """What parts/seen_by.html shows: a page of those near the child, and of those who see all; to
    somebody of the child's own family, no other of it (S35)."""
    as_at = end_of(day) if day else None
    family = not is_own_child(request, child.pk)
    near = (
        seen_by.everybody(child.pk, as_at)
        if every
        else seen_by.near(child.pk, as_at, family=family)
    )
    page = page_of(request, [near], BY_NAME)
    counts = seen_by.how_many_see_everybody(child.pk, as_at)
    others = [] if every else list(seen_by.everybody(child.pk, as_at).order_by(*BY_NAME)[:FIRST])
    shown = _persons(child.pk, [*page.rows, *others], as_at, family=family)
    return {
        "page": page,
        "near": [shown[user.pk] for user in page.rows],
        "everybody": [shown[user.pk] for user in others],
        "everybody_words": _counted(counts),
        "everybody_cut": sum(counts.values()) > len(others),
        "query": f"on={day.isoformat()}&" if day else "",
    }


def _persons(
    pupil_id: int, users: list[User], as_at: datetime | None, *, family: bool
) -> dict[int, Person]:
    held = seen_by.through(pupil_id, [user.pk for user in users], as_at, family=family)
    origins = words.Origins([grant for grants in held.values() for grant in grants])
    known = known_roles()
    return {
        user.pk: Person(
            user,
            [
                Through(
                    grant,
                    words.held_as(grant, known),
                    words.place(grant),
                    origins.of(grant),
                    origins.ending(grant) if as_at else "",
                )
                for grant in held[user.pk]
            ],
            None if as_at else _soon(held[user.pk]),
        )
        for user in users
    }


def _soon(grants: list[Grant]) -> date | None:
    """The last day of all of them, if it is soon."""
    last = [grant.ends_on for grant in grants if grant.ends_on is not None]
    if len(last) < len(grants) or not last:
        return None
    return max(last) if max(last) <= timezone.localdate() + SOON else None


def _counted(counts: dict[str, int]) -> str:
    """As in "2 LA Super Users and 5 LA Users"; blank for nobody."""
    named = [
        f"{count:,} {ROLES[code].name}{'' if count == 1 else 's'}"
        for code, count in sorted(counts.items())
    ]
    return " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]]))


def _past_day(text: str) -> tuple[date | None, str]:
    """The past day that was asked for, or why it is none; nothing for today."""
    if not text:
        return None, ""
    day = parse_day(text)
    if day is None:
        return None, f"Enter the day as 21/11/2026, in place of “{text}”."
    if day > timezone.localdate():
        return None, "Enter a day that has been, or leave it empty for today."
    return (day if day < timezone.localdate() else None), ""
