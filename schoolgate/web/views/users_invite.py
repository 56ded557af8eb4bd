"""Inviting many users: those who are ticked in the table, or everyone whom its filters let through.

The page asks before it sends. Its form carries no ids: they are found anew as it is sent, by what
the address says, and where they are no longer those who were shown, it asks again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from schoolgate.access.authority import may_manage
from schoolgate.access.holdings import users_with_status
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people.invitations import ACTIVE, BOUNCED, EXPIRED, INVITED, invite
from schoolgate.people.models import User
from schoolgate.web import words
from schoolgate.web.forms.users_filter import UserFilters
from schoolgate.web.paging import SIZE, sought
from schoolgate.web.permissions import actor, only_super_user
from schoolgate.web.search import called
from schoolgate.web.tables import ticked

AT_MOST = 100_000  # users whom one invitation of many looks at
AT_MOST_TICKED = 4 * SIZE
_INACTIVE = Q(is_denied=True)
_SET_UP = Q(is_denied=False, invitation_state=ACTIVE)
_NO_ADDRESS = Q(is_denied=False, email_key__isnull=True) & ~Q(invitation_state=ACTIVE)
_READY = Q(is_denied=False, email_key__isnull=False) & ~Q(invitation_state=ACTIVE)
_AGAIN = _READY & Q(invitation_state__in=[INVITED, EXPIRED, BOUNCED])


@dataclass(frozen=True)
class LeftOut:
    """Those who are not invited for one reason: how many, and the first of them."""

    reason: str
    count: int
    first: Sequence[User]

    @property
    def more(self) -> int:
        return self.count - len(self.first)


@dataclass(frozen=True)
class Wanted:
    """Whom the address asks to invite: ``chosen`` says by what, empty when it names nobody."""

    users: QuerySet[User]
    chosen: Sequence[tuple[str, str]]
    ticked: bool


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def invite_many(request: HttpRequest) -> HttpResponse:
    """Invites many users, after saying how many, and who is left out and why."""
    wanted = _wanted(request)
    changed = ""
    if request.method == "POST":
        may_manage(actor(request))
        ids = _ready(wanted)
        shown = request.POST.get("shown", "")
        if 0 < len(ids) <= AT_MOST and shown == _mark(ids):
            sent = len(invite(ids, by=actor(request)))
            messages.success(request, words.invitations_sent(sent))
            return redirect(_back(request))
        changed = shown
    return render(request, "web/users_invite.html", _page(request, wanted, changed))


def _ready(wanted: Wanted) -> list[int]:
    ready = wanted.users.filter(_READY).order_by()
    return list(ready.values_list("pk", flat=True)[: AT_MOST + 1])


def _mark(ids: list[int]) -> str:
    """By which those who were shown are known again (S42)."""
    return hashlib.sha256(repr(sorted(ids)).encode()).hexdigest()


def _page(request: HttpRequest, wanted: Wanted, changed: str) -> dict[str, object]:
    counted = wanted.users.order_by()[: AT_MOST + 1].aggregate(
        all=Count("pk"),
        ready=Count("pk", filter=_READY),
        again=Count("pk", filter=_AGAIN),
        no_address=Count("pk", filter=_NO_ADDRESS),
        set_up=Count("pk", filter=_SET_UP),
        inactive=Count("pk", filter=_INACTIVE),
    )
    too_many = counted["all"] > AT_MOST
    reasons = [
        ("no e-mail address to send it to", "no_address", _NO_ADDRESS),
        ("set up already", "set_up", _SET_UP),
        ("inactive", "inactive", _INACTIVE),
    ]
    ready = 0 if too_many else counted["ready"]
    return {
        "wanted": wanted,
        "too_many": too_many,
        "at_most": AT_MOST,
        "ready": ready,
        "shown": _mark(_ready(wanted)) if ready else "",
        "again": counted["again"],
        "first": _first(wanted.users, _READY) if ready else [],
        "more": max(ready - SIZE, 0),
        "left_out": []
        if too_many
        else [
            LeftOut(reason, counted[name], _first(wanted.users, which))
            for reason, name, which in reasons
            if counted[name]
        ],
        "changed": changed,
        "days": settings.INVITATION_DAYS,
        "has_mail": mail_is_set_up(),
        "back": _back(request),
    }


def _first(users: QuerySet[User], which: Q) -> list[User]:
    return list(users.filter(which).order_by("last_key", "first_key", "pk")[:SIZE])


def _wanted(request: HttpRequest) -> Wanted:
    """By ticks, or by the search and the filters of the table; a table without either asks for
    nobody, lest everybody be invited by mistake."""
    if request.GET.get("who") == "ticked":
        ids = ticked(request, AT_MOST_TICKED)
        chosen = [("Ticked", f"{len(ids):,} in the table of users")] if ids else []
        return Wanted(users_with_status().filter(pk__in=ids), chosen, ticked=True)
    search, filters = sought(request), UserFilters(request.GET)
    chosen = [(label, choice) for _, label, choice in filters.chosen]
    if search:
        chosen.append(("Search", search))
    if not chosen:
        return Wanted(users_with_status().none(), [], ticked=False)
    return Wanted(filters.applied_to(called(users_with_status(), search)), chosen, ticked=False)


def _back(request: HttpRequest) -> str:
    """The table as it was searched, filtered and sorted."""
    kept = {name: value for name, value in request.GET.items() if name not in ("who", "tick")}
    table = reverse("users")
    return f"{table}?{urlencode(kept)}" if kept else table
