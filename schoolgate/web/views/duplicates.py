"""Adults who may be on record twice (ITS10): listed, compared side by side, decided by a person."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import duplicates, merging, scope
from schoolgate.access.holdings import grants_of
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.own_roles import known_roles
from schoolgate.access.proposals import deciding
from schoolgate.audit.actions import viewed
from schoolgate.intake.models import Import
from schoolgate.kit import dates
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import SyncId, User
from schoolgate.schools.models import Pupil
from schoolgate.web import words
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, confirmed, only_super_user, visitor
from schoolgate.web.search import BY_NAME
from schoolgate.web.views.user import there
from schoolgate.web.views.user_preview import CHANGED, access_of
from schoolgate.web.views.users import status_of

LISTED = 5
CHILDREN = 50
UNSEEN = "A child whom you may not see"


@dataclass(frozen=True)
class Line:
    """A user of the list, and the first of those who look like them: whom, and by what."""

    user: User
    others: Sequence[tuple[User, str]]
    more: int


@dataclass(frozen=True)
class Fact:
    """A fact of both users, side by side: for each, what is to be read, line by line."""

    name: str
    first: Sequence[str]
    second: Sequence[str]

    @property
    def differs(self) -> bool:
        return list(self.first) != list(self.second)


@only_super_user
@require_safe
def likely(request: HttpRequest) -> HttpResponse:
    """The pairs that may be one adult."""
    page = page_of(request, [duplicates.likely()], BY_NAME)
    found: dict[int, list[duplicates.Pair]] = {}
    for pair in duplicates.pairs([user.pk for user in page.rows]):
        found.setdefault(pair.first_id, []).append(pair)
    others = User.objects.in_bulk(
        [pair.second_id for some in found.values() for pair in some[:LISTED]]
    )
    lines = [
        Line(
            user,
            [(others[pair.second_id], " and ".join(pair.alike)) for pair in some[:LISTED]],
            max(0, len(some) - LISTED),
        )
        for user in page.rows
        if (some := found.get(user.pk))
    ]
    return render(request, "web/duplicates.html", {"lines": lines, "page": page})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, user_id: int, other_id: int) -> HttpResponse:
    """Two users side by side; sent, that they are two people."""
    first, second = _both(user_id, other_id)
    failed = ""
    if request.method == "POST":
        try:
            duplicates.say_two(first.pk, second.pk, by=actor(request))
        except Refusal as refusal:
            failed = str(refusal)
        else:
            messages.success(
                request,
                f"Noted: {first} and {second} are two people. The pair is not listed again.",
            )
            return redirect("duplicates")
    sides = _Sides(request, first, second)
    facts = sides.facts()  # from then on it is known who is named
    viewed(by=actor(request), kind="user", object_id=first.pk, pupil_ids=sorted(sides.named))
    said = duplicates.said_two(first.pk, second.pk)
    sayer = said.said_by_id if said else None
    return render(
        request,
        "web/duplicate.html",
        {
            "first": first,
            "second": second,
            "facts": facts,
            "alike": duplicates.alike(first.pk, second.pk),
            "said": said,
            "said_by": User.objects.filter(pk=sayer).first() if sayer else None,
            "failed": failed,
        },
    )


@only_super_user
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, user_id: int, other_id: int) -> HttpResponse:
    """Makes the other user one with the first, after showing what that one would see more."""
    keep, other = _both(user_id, other_id)
    failed = ""
    if request.method == "POST":
        try:
            with deciding([keep.pk, other.pk], by=actor(request)):
                if request.POST.get("seen") != _mark(keep, other):
                    raise Refusal(CHANGED)
                merging.merge(keep.pk, other.pk, by=actor(request))
        except Refusal as refusal:
            failed = str(refusal)
        else:
            messages.success(request, f"Merged: {other.get_username()} is {keep} now.")
            return redirect("user", keep.pk)
    access = access_of(request, merging.merged_sight(keep.pk, other.pk), is_new=False)
    viewed(by=actor(request), kind="user", object_id=keep.pk, pupil_ids=access.named)
    return render(
        request,
        "web/merge.html",
        {
            "keep": keep, "other": other, "access": access, "seen": _mark(keep, other),
            "failed": failed,
        },
    )  # fmt: skip


def _both(user_id: int, other_id: int) -> tuple[User, User]:
    if user_id == other_id:
        raise Http404
    return there(user_id), there(other_id)


def _mark(keep: User, other: User) -> str:
    """A word for how the two stand; another one when anything of it has changed (S57)."""
    ids = (keep.pk, other.pk)
    told = [
        list(model.objects.filter(user_id__in=ids, ended_at__isnull=True)  # type: ignore[attr-defined]
             .order_by("pk").values_list("pk", flat=True))
        for model in (Grant, Restriction, Denial, SyncId)
    ]  # fmt: skip
    names = [(user.pk, str(user), user.email, user.username) for user in (keep, other)]
    return hashlib.sha256(repr((names, told)).encode()).hexdigest()[:32]


class _Sides:
    """What is on record of the two, as far as the reader may see it. ``named``: the children."""

    def __init__(self, request: HttpRequest, first: User, second: User) -> None:
        self.both = (first, second)
        self.roles = known_roles()
        self.held = [list(grants_of(user.pk).order_by("role", "pk")) for user in self.both]
        self.kept = [
            list(
                Restriction.objects.filter(user=user, ended_at__isnull=True)
                .select_related("pupil")
                .order_by("pk")
            )
            for user in self.both
        ]
        ids = {one.pupil_id for some in self.held for one in some if one.pupil_id}
        ids |= {one.pupil_id for some in self.kept for one in some}
        mine = scope.pupils_visible_to(visitor(request).pk).filter(pk__in=ids)
        self.names: dict[int, Pupil] = mine.in_bulk()
        self.named: set[int] = set()
        imports = Import.objects.in_bulk({user.import_id for user in self.both} - {None})
        self.files = {pk: run.filename for pk, run in imports.items()}

    def facts(self) -> list[Fact]:
        """The lines of the page."""
        told: list[tuple[str, list[list[str]]]] = [
            ("Name", [[str(user)] for user in self.both]),
            ("E-mail address", [[user.email] for user in self.both]),
            ("User name", [[user.username] for user in self.both]),
            ("SyncIDs", [self._sync_ids(user) for user in self.both]),
            ("Phone", [[user.phone] for user in self.both]),
            ("Job title", [[user.job_title] for user in self.both]),
            ("Status", [[status_of(user)] for user in self.both]),
            ("Inactive", [self._denials(user) for user in self.both]),
            ("Roles", [self._roles(some) for some in self.held]),
            ("Children", [self._children(some) for some in self.held]),
            ("Restrictions", [self._restrictions(some) for some in self.kept]),
            ("Last signed in", [[_moment(user)] for user in self.both]),
            ("Where from", [[self._origin(user)] for user in self.both]),
        ]  # fmt: skip
        facts = [
            Fact(name, *([line for line in side if line] for side in sides)) for name, sides in told
        ]
        return [fact for fact in facts if fact.first or fact.second]

    def _name(self, pupil_id: int) -> str:
        if pupil_id not in self.names:
            return UNSEEN
        self.named.add(pupil_id)
        return str(self.names[pupil_id])

    def _sync_ids(self, user: User) -> list[str]:
        live = SyncId.objects.filter(user=user, ended_at__isnull=True)
        return list(live.order_by("value_key").values_list("value", flat=True))

    def _denials(self, user: User) -> list[str]:
        live = Denial.objects.filter(user=user, ended_at__isnull=True)
        return [
            one.establishment.name if one.establishment else "Everywhere"
            for one in live.select_related("establishment").order_by("pk")
        ]

    def _roles(self, held: Sequence[Grant]) -> list[str]:
        return [
            f"{words.role_name(one.role, self.roles)}, {words.place(one)}"
            for one in held
            if one.pupil_id is None
        ]

    def _children(self, held: Sequence[Grant]) -> list[str]:
        links = [one for one in held if one.pupil_id is not None]
        lines = [
            f"{self._name(one.pupil_id or 0)} ({one.relationship or self._role(one)})"
            for one in links[:CHILDREN]
        ]
        more = len(links) - CHILDREN
        return [*lines, *([f"and {more:,} more"] if more > 0 else [])]

    def _role(self, one: Grant) -> str:
        return words.role_name(one.role, self.roles)

    def _restrictions(self, kept: Sequence[Restriction]) -> list[str]:
        return [
            f"{self._name(one.pupil_id)}: {one.reason}"
            if one.pupil_id in self.names
            else UNSEEN
            for one in kept
        ]  # fmt: skip

    def _origin(self, user: User) -> str:
        added = f"{dates.in_words(dates.day_of(user.recorded_at))}"
        if user.import_id is None:
            return f"{user.get_source_display().capitalize()}, {added}"
        file = self.files.get(user.import_id)
        return f"File {file}, {added}" if file else f"Import {user.import_id}, {added}"


def _moment(user: User) -> str:
    if user.last_login is None:
        return "Never"
    return dates.in_words(dates.day_of(user.last_login))
