"""How far the invitations of a school's staff have got, and sending them again (PP5, PP6)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.accounts import invite_users
from schoolgate.access.proposals import deciding
from schoolgate.access.staff_list import sent_invitations, staff_of, waiting_for_mail
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import last_problems, mail_is_set_up
from schoolgate.people.invitations import ACTIVE, INVITED, KIND, NOT_INVITED
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web import words
from schoolgate.web.forms.users_filter import INACTIVE, STATUSES
from schoolgate.web.paging import SIZE, page_of
from schoolgate.web.permissions import actor, runs_school
from schoolgate.web.search import BY_NAME
from schoolgate.web.views.staff_deeds import DEEDS, Member, members

# The states in which an invitation has gone out, or is to, by what the address calls them.
UNDER_WAY = {
    code: state for code, state in STATUSES.items() if state not in (NOT_INVITED, ACTIVE, INACTIVE)
}
WAITING = "Waiting"


@dataclass(frozen=True)
class Tab:
    """A state in which invitations can be, and how many of them are."""

    name: str
    address: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class Line:
    """An invitation as the page shows it. ``sent_at`` is None while its mail waits."""

    user: User
    status: str
    sent_at: datetime | None
    until: datetime | None
    problem: str
    address: str
    deeds: Sequence[tuple[str, str]]


@runs_school
@require_safe
def invitations(request: HttpRequest, school: Establishment) -> HttpResponse:
    """Each invitation of the school's staff that is under way, and how many have set up."""
    active = staff_of(school.pk).filter(Q(is_denied=False))
    counted: dict[str, int] = dict(
        active.order_by()
        .values(state=F("invitation_state"))
        .annotate(number=Count("pk"))
        .values_list("state", "number")
    )
    state = UNDER_WAY.get(request.GET.get("state", ""), "")
    under_way = active.filter(
        Q(invitation_state=state) if state else Q(invitation_state__in=UNDER_WAY.values())
    )
    page = page_of(request, [under_way], BY_NAME)
    total, waiting = sum(counted.values()), waiting_for_mail(active)
    return render(
        request,
        "web/staff_invitations.html",
        {
            "school": school,
            "lines": _lines(request, school, page.rows),
            "page": page,
            "tabs": _tabs(school, counted, state),
            "total": total,
            "set_up": counted.get(ACTIVE, 0),
            "never": counted.get(NOT_INVITED, 0),
            "waiting": waiting,
            "sent": max(counted.get(INVITED, 0) - waiting, 0),
            "rest": [
                (words, counted[words])
                for words in UNDER_WAY.values()
                if words != INVITED and counted.get(words)
            ],
            "has_mail": mail_is_set_up(),
        },
    )


def _tabs(school: Establishment, counted: dict[str, int], state: str) -> list[Tab]:
    page = reverse("school-staff-invitations", args=[school.pk])
    every = sum(counted.get(name, 0) for name in UNDER_WAY.values())
    return [
        Tab("All", page, every, not state),
        *(
            Tab(name, f"{page}?{urlencode({'state': code})}", counted.get(name, 0), name == state)
            for code, name in UNDER_WAY.items()
        ),
    ]


def _lines(request: HttpRequest, school: Establishment, users: Sequence[User]) -> list[Line]:
    ids = [user.pk for user in users]
    known, sent = members(request, school, users), sent_invitations(ids)
    problems = last_problems(ids, KIND)
    lines = []
    for user in users:
        one, (sent_at, until) = known[user.pk], sent[user.pk]
        waits = one.status == INVITED and sent_at is None
        lines.append(
            Line(
                user,
                WAITING if waits else one.status,
                sent_at,
                None if waits else until,
                problems.get(user.pk, ""),
                reverse("school-staff-address", args=[school.pk, user.pk]) if one.managed else "",
                _deeds(one, school),
            )
        )
    return lines


def _deeds(one: Member, school: Establishment) -> list[tuple[str, str]]:
    page = reverse("school-staff-act", args=[school.pk])
    with_them = {"who": "ticked", "tick": one.user.pk, "to": "invitations"}
    return [
        (f"{page}?{urlencode({'do': code, **with_them})}", it)
        for code, it in (("invite", "Resend"), ("cancel", "Cancel"))
        if not DEEDS[code].why_not(one)
    ]


@dataclass(frozen=True)
class ToInvite:
    """Whom "Resend invitation emails" is for: invited and not set up, and never invited."""

    again: Sequence[User]
    never: Sequence[User]

    @property
    def mark(self) -> str:
        """By which those who were shown are known again (S42)."""
        ids = [sorted(user.pk for user in users) for users in (self.again, self.never)]
        return hashlib.sha256(repr(ids).encode()).hexdigest()


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, school: Establishment) -> HttpResponse:
    """Invites again all who were invited and have not set up; ticked, those never invited too."""
    waiting, failed, changed, sent = _waiting(request, school), "", False, 0
    adds = request.POST.get("never") == "on"
    if request.method == "POST":
        try:
            with deciding(by=actor(request)):
                waiting = _waiting(request, school)
                changed = request.POST.get("shown") != waiting.mark
                chosen = [*waiting.again, *(waiting.never if adds else [])]
                if not changed and chosen:
                    sent = len(invite_users([user.pk for user in chosen], by=actor(request)))
        except Refusal as refusal:
            failed = str(refusal)
        if sent:
            messages.success(request, words.invitations_sent(sent))
            return redirect("school-staff-invitations", school.pk)
        if not changed and not failed:
            failed = "Tick that those never invited are invited too: nobody else is left to invite."
    return render(
        request,
        "web/staff_resend.html",
        {
            "school": school,
            "waiting": waiting,
            "first": waiting.again[:SIZE],
            "more": max(len(waiting.again) - SIZE, 0),
            "adds": adds,
            "failed": failed,
            "changed": changed,
            "has_mail": mail_is_set_up(),
        },
    )


def _waiting(request: HttpRequest, school: Establishment) -> ToInvite:
    found: QuerySet[User] = staff_of(school.pk).filter(~Q(invitation_state=ACTIVE))
    known = members(request, school, list(found.order_by(*BY_NAME)))
    ready = [one for one in known.values() if not DEEDS["invite"].why_not(one)]
    return ToInvite(
        [one.user for one in ready if one.invitation != NOT_INVITED],
        [one.user for one in ready if one.invitation == NOT_INVITED],
    )
