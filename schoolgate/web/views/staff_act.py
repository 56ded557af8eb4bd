"""Doing something with members of staff: the ticked ones, or everyone whom the filters let through.

The page asks before it does anything. Its form carries no ids: they are found anew as it is sent,
by what the address says, and where they are no longer those who were shown, it asks again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access import leaving, scope
from schoolgate.access.leaving import Leaving
from schoolgate.access.proposals import deciding
from schoolgate.access.staff_list import staff_of
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people.models import User
from schoolgate.schools.models import Enrolment, Establishment
from schoolgate.schools.today import holds
from schoolgate.web.forms.staff_filter import StaffFilters
from schoolgate.web.paging import SIZE, sought
from schoolgate.web.permissions import actor, runs_school, visitor
from schoolgate.web.tables import ticked
from schoolgate.web.views.staff import matching
from schoolgate.web.views.staff_deeds import DEEDS, Deed, Member, members, told

AT_MOST = 5_000  # members of staff with whom something is done at once
AT_MOST_TICKED = 4 * SIZE
LEAVING = ("deactivate", "delete")
ADMINISTERS = ("upgrade", "downgrade")


@dataclass(frozen=True)
class LeftOut:
    """Those with whom it is not done for one reason, and the first of them."""

    reason: str
    count: int
    first: Sequence[User]

    @property
    def more(self) -> int:
        return self.count - len(self.first)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: a deed (None where it names none), and with whom.

    ``chosen`` says by what they were chosen, empty when the address names nobody. ``leaving``: what
    would go with them, where they leave by it.
    """

    deed: Deed | None
    chosen: Sequence[tuple[str, str]]
    ready: Sequence[Member]
    left_out: Sequence[LeftOut]
    leaving: Leaving | None = None
    too_many: bool = False

    @property
    def who(self) -> str:
        """Those who are ready, in words."""
        return str(self.ready[0].user) if len(self.ready) == 1 else f"{len(self.ready):,} people"

    @property
    def mark(self) -> str:
        """By which those who were shown, and what for, are known again (S42)."""
        shown: tuple[object, ...] = (
            self.deed and self.deed.code,
            sorted(one.user.pk for one in self.ready),
        )
        if self.leaving:
            shown += (sorted(self.leaving.losses.items()), self.leaving.alone)
        return hashlib.sha256(repr(shown).encode()).hexdigest()


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, school: Establishment) -> HttpResponse:
    """Does something with many members of staff, after saying with whom, and who is left out."""
    asked, failed, changed = _asked(request, school), "", False
    if request.method == "POST":
        try:
            with deciding(by=actor(request)):
                asked = _asked(request, school)
                changed = request.POST.get("shown") != asked.mark or not asked.ready
                if asked.deed and not changed:
                    asked.deed.do(request, school, asked.ready)
        except Refusal as refusal:
            failed = str(refusal)
        if asked.deed and not changed and not failed:
            messages.success(request, told(asked.deed, asked.who, len(asked.ready), school))
            return redirect(_back(request, school))
    return render(request, "web/staff_act.html", _page(request, school, asked, failed, changed))


def _page(
    request: HttpRequest, school: Establishment, asked: Asked, failed: str, changed: bool
) -> dict[str, object]:
    deed, named = asked.deed, {"who": asked.who, "school": school.name}
    return {
        "school": school,
        "asked": asked,
        "losses": _losses(asked),
        "left_alone": len(asked.leaving.alone) if asked.leaving else 0,
        "on_roll": _on_roll(request, school) if deed and deed.code in ADMINISTERS else None,
        "title": deed.asks.format(**named) if deed and asked.ready else "",
        "means": [line.format(**named) for line in deed.means] if deed else [],
        "first": [one.user for one in asked.ready[:SIZE]],
        "more": max(len(asked.ready) - SIZE, 0),
        "failed": failed,
        "changed": changed and not failed,
        "at_most": AT_MOST,
        "has_mail": mail_is_set_up(),
        "back": _back(request, school),
        "back_to": "Invitations" if request.GET.get("to") == "invitations" else "Staff",
    }


def _asked(request: HttpRequest, school: Establishment) -> Asked:
    deed = DEEDS.get(request.GET.get("do", ""))
    who, found, chosen = request.GET.get("who"), staff_of(school.pk), []
    if who == "ticked":
        ids = ticked(request, AT_MOST_TICKED)
        found = found.filter(pk__in=ids)
        chosen = [("Ticked", f"{len(ids):,} in the staff list")] if len(ids) > 1 else []
        if not ids:
            found = found.none()
    elif who == "match":
        filters = StaffFilters(request.GET, school=school)
        found = matching(request, school, filters)
        chosen = [(label, choice) for _, label, choice in filters.chosen]
        if search := sought(request):
            chosen.append(("Search", search))
        chosen = chosen or [("Staff", "Everybody on the staff list")]
    else:
        found = found.none()
    users = list(found.order_by("last_key", "first_key", "pk")[: AT_MOST + 1])
    if deed is None or len(users) > AT_MOST:
        return Asked(deed, chosen, [], [], too_many=len(users) > AT_MOST)
    known = members(request, school, users) if users else {}
    reasons: dict[str, list[User]] = {}
    for one in known.values():
        reasons.setdefault(deed.why_not(one), []).append(one.user)
    ready = [known[user.pk] for user in reasons.pop("", [])]
    left_out = [LeftOut(why, len(out), out[:SIZE]) for why, out in reasons.items()]
    return Asked(deed, chosen, ready, left_out, _leaving(request, school, deed, ready))


def _leaving(
    request: HttpRequest, school: Establishment, deed: Deed, ready: Sequence[Member]
) -> Leaving | None:
    """What goes with those who are made inactive here, or deleted."""
    if deed.code not in LEAVING or not ready:
        return None
    ids, place = [one.user.pk for one in ready], school.pk if deed.code == "deactivate" else None
    return leaving.of(ids, reader_id=visitor(request).pk, establishment_id=place)


def _losses(asked: Asked) -> list[tuple[User, int | None]]:
    """The first of those who leave, with how many children each would no longer see (None: all)."""
    if asked.leaving is None:
        return []
    return [(one.user, asked.leaving.losses.get(one.user.pk, 0)) for one in asked.ready[:SIZE]]


def _on_roll(request: HttpRequest, school: Establishment) -> int:
    """How many pupils are on roll at the school today, of those whom the reader sees."""
    there = Enrolment.objects.filter(holds(timezone.localdate()), establishment=school)
    mine = scope.pupils_by_work(visitor(request).pk)
    return mine.filter(pk__in=there.values("pupil_id")).count()


def _back(request: HttpRequest, school: Establishment) -> str:
    """The list as it was searched, filtered and sorted; or the invitations, whence they came."""
    if request.GET.get("to") == "invitations":
        return reverse("school-staff-invitations", args=[school.pk])
    kept = {name: value for name, value in request.GET.items() if name not in ("who", "tick", "do")}
    page = reverse("school-staff", args=[school.pk])
    return f"{page}?{urlencode(kept)}" if kept else page
