"""Making people Leader of a subject area, taking that away, and removing a subject area (PP7).

Each page says first whom that lets see which child, or no longer see; saved is what was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import invite_users
from schoolgate.access.actions import NewGrant, grant, revoke
from schoolgate.access.authority import accounts_managed, may_run
from schoolgate.access.levels import leading, to_lead
from schoolgate.access.models import Grant
from schoolgate.access.proposals import changes_of, deciding
from schoolgate.access.staff_list import staff_of
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import staff
from schoolgate.people.invitations import BOUNCED, INVITED, invitation_states
from schoolgate.people.models import User
from schoolgate.schools import classes
from schoolgate.schools.models import Establishment, SubjectArea
from schoolgate.web.permissions import actor, authority, leads_in_school, runs_school
from schoolgate.web.views.moves import Moves, moves_of
from schoolgate.web.views.subject import area_of
from schoolgate.web.views.user_preview import CHANGED

AT_MOST = 200  # ticked at once


@dataclass(frozen=True)
class Wish:
    """Who becomes Leader, and whose leadership ends, of a subject area."""

    area: SubjectArea
    adding: Sequence[NewGrant]
    ending: Sequence[Grant]
    people: Sequence[tuple[User, str]]

    def moves(self, request: HttpRequest) -> Moves:
        """What that gives and takes."""
        ending = [held.pk for held in self.ending]
        moved = changes_of(actor(request), adding=self.adding, ending=ending)
        return moves_of(request, self.people, moved)


@leads_in_school
@require_http_methods(["GET", "HEAD", "POST"])
def leaders(request: HttpRequest, school: Establishment, subject_id: int) -> HttpResponse:
    """Asks on GET about those named in the address (``add``, ``remove``), does it on POST."""
    area = area_of(request, school, subject_id)
    if request.method != "POST":
        return _ask(request, school, _wish(request, school, area))
    try:
        with deciding(_named(request, "add"), by=actor(request)):
            wish = _wish(request, school, area)
            moves = wish.moves(request)
            if not wish.people or moves.mark != request.POST.get("shown"):
                return _ask(request, school, wish, CHANGED, moves)
            _save(request, school, wish)
    except Refusal as refusal:
        return _ask(request, school, _wish(request, school, area), str(refusal))
    return _done(request, school, wish)


def _wish(request: HttpRequest, school: Establishment, area: SubjectArea) -> Wish:
    """What the address asks for, of people on the staff. Who leads already is not made Leader."""
    wanted = staff_of(school.pk).in_bulk(_named(request, "add"))
    adding = to_lead(wanted, area)
    ends = set(_named(request, "remove"))
    ending = [held for held in leading([area.pk]) if held.user_id in ends]
    people = [(wanted[row.user_id], f"Becomes Leader of {area}") for row in adding]
    people.sort(key=lambda pair: (pair[0].last_key, pair[0].first_key, pair[0].pk))
    going = dict.fromkeys(held.user for held in ending)
    people += [(user, f"Is no longer Leader of {area}") for user in going]
    return Wish(area, adding, ending, people)


def _named(request: HttpRequest, name: str) -> list[int]:
    ticks = request.GET.getlist(name)[:AT_MOST]
    return [int(tick) for tick in ticks if tick.isascii() and tick.isdigit() and len(tick) < 18]


def _save(request: HttpRequest, school: Establishment, wish: Wish) -> None:
    by, invited = actor(request), _with_link(wish)
    grant(wish.adding, by=by, source=Source.BY_HAND)
    _end(request, school, wish.ending)
    if request.POST.get("invite"):
        invite_users(accounts_managed(by, [user.pk for user in invited]), by=by)


def _end(request: HttpRequest, school: Establishment, ending: Sequence[Grant]) -> None:
    """Takes leadership away; whoever is nothing else here stays on the staff all the same."""
    posts = [staff.NewPost(held.user_id, school.pk) for held in ending]
    staff.record(posts, by=actor(request), source=Source.BY_HAND)
    revoke([held.pk for held in ending], by=actor(request))


def _with_link(wish: Wish) -> list[User]:
    """Those of whom an invitation may have gone out: its link works no longer then (S17)."""
    states = invitation_states([user.pk for user, _ in wish.people])
    return [user for user, _ in wish.people if states[user.pk] in (INVITED, BOUNCED)]


def _done(request: HttpRequest, school: Establishment, wish: Wish) -> HttpResponse:
    messages.success(request, f"The Leaders of {wish.area} have been saved.")
    del request.authority  # type: ignore[attr-defined]
    mine = authority(request)
    if mine.runs(school.pk) or wish.area.pk in mine.subjects:
        return redirect("school-subject", school.pk, wish.area.pk)
    return redirect("home")


def _ask(
    request: HttpRequest,
    school: Establishment,
    wish: Wish,
    problem: str = "",
    moves: Moves | None = None,
) -> HttpResponse:
    links = _with_link(wish)
    return render(
        request,
        "web/school_leaders.html",
        {
            "school": school,
            "area": wish.area,
            "moves": (moves or wish.moves(request)).told(request),
            "links": links,
            "may_invite": accounts_managed(actor(request), [user.pk for user in links]),
            "failed": problem,
        },
    )


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, school: Establishment, subject_id: int) -> HttpResponse:
    """Removes a subject area, after saying what its Leaders lose by it."""
    area, by = area_of(request, school, subject_id), actor(request)
    problem = ""
    if request.method == "POST":
        try:
            with deciding(by=by):
                may_run(by, [school.pk])
                wish = _going(area)
                if wish.moves(request).mark == request.POST.get("shown"):
                    _end(request, school, wish.ending)
                    classes.remove(SubjectArea, [area.pk], by=by)
                    messages.success(request, f"{area} has been removed.")
                    return redirect("school-subjects", school.pk)
                problem = CHANGED
        except Refusal as refusal:
            problem = str(refusal)
    moves = _going(area).moves(request).told(request)
    return render(
        request,
        "web/school_subject_remove.html",
        {"school": school, "area": area, "moves": moves, "failed": problem},
    )


def _going(area: SubjectArea) -> Wish:
    ending = list(leading([area.pk]))
    people = dict.fromkeys(held.user for held in ending)
    return Wish(area, [], ending, [(user, "Is no longer Leader of it") for user in people])
