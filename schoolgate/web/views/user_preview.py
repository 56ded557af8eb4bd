"""What is shown before a user is saved: what changes, whom they would see, and what is asked."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from schoolgate.access import scope
from schoolgate.access.preview import UserPreview
from schoolgate.audit.actions import viewed
from schoolgate.intake.successors import successors
from schoolgate.intake.user_findings import closed_school
from schoolgate.kit.names import email_key, lookalike_key
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil
from schoolgate.web.permissions import actor, visitor

LISTED = 100
CHANGED = (
    "Look again before you save: something has changed since you looked, and what would happen is"
    " no longer what you were shown."
)


@dataclass(frozen=True)
class Question:
    """Something to be answered with a tick before it is saved. ``key`` names it in the form."""

    key: str
    text: str
    yes: str


@dataclass(frozen=True)
class Children:
    """Children of a preview, as far as the reader sees them: how many, and the first by name."""

    ids: list[int]
    first: list[Pupil]

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def more(self) -> int:
        return self.count - len(self.first)


@dataclass(frozen=True)
class Access:
    """What a user would see. Where it is every pupil, none is listed."""

    every_before: bool
    every_after: bool
    after: Children
    gained: Children
    lost: Children

    @property
    def named(self) -> list[int]:
        """The children whom the page names."""
        lists = (self.after, self.gained, self.lost)
        return sorted({pupil.pk for children in lists for pupil in children.first})


_NOBODY = Children([], [])


def access_of(request: HttpRequest, told: UserPreview, *, is_new: bool) -> Access:
    """The preview as the reader may see it (S35)."""
    mine = scope.pupils_visible_to(visitor(request).pk)

    def children(pupils: QuerySet[Pupil]) -> Children:
        seen = pupils.filter(pk__in=mine.values("pk")).order_by("last_key", "first_key", "pk")
        return Children(list(seen.values_list("pk", flat=True)), list(seen[:LISTED]))

    if told.every_after:
        return Access(told.every_before, True, _NOBODY, _NOBODY, _NOBODY)
    if told.every_before or is_new:
        return Access(told.every_before, False, children(told.after), _NOBODY, _NOBODY)
    return Access(False, False, _NOBODY, children(told.gained), children(told.lost))


@dataclass(frozen=True)
class Shown:
    """One preview. ``facts``: lines of label and value, or label, value before and after.

    ``back``: the address and the name of the page it leads back to; None for the user's own.
    ``register_only``: what is told leaves out what says who is in care.
    """

    title: str
    facts: Sequence[tuple[str, ...]]
    access: Access
    questions: Sequence[Question]
    carried: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()
    standing: str = ""
    back: tuple[str, str] | None = None
    register_only: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """By which it is known again: the same mark, the same was shown (S42)."""
        known = [
            list(map(list, self.facts)),
            [self.access.every_before, self.access.every_after],
            [list(c.ids) for c in (self.access.after, self.access.gained, self.access.lost)],
            [question.key for question in self.questions],
            [list(pair) for pair in self.carried],
            self.standing,
        ]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def unanswered(self, request: HttpRequest) -> list[Question]:
        """The questions without a tick."""
        ticked = set(request.POST.getlist("yes"))
        return [question for question in self.questions if question.key not in ticked]


def show(
    request: HttpRequest,
    shown: Shown,
    *,
    person: User | None = None,
    problems: Iterable[str] = (),
    unanswered: Sequence[Question] = (),
) -> HttpResponse:
    """The page that asks whether to save; it leaves one event that names the children on it."""
    user_id = person.pk if person else None
    children = sorted({*shown.access.named, *shown.extra.get("pupil_ids", [])})
    viewed(by=actor(request), kind="question", object_id=user_id, pupil_ids=children)
    return render(
        request,
        "web/user_preview.html",
        {
            "shown": shown,
            "person": person,
            "back": shown.back or _back(person),
            "problems": list(problems),
            "unanswered": unanswered,
            "ticked": set(request.POST.getlist("yes")),
            "failed": bool(unanswered) or bool(problems),
        },
    )


def _back(person: User | None) -> tuple[str, str]:
    if person is None:
        return reverse("users"), "Users"
    return reverse("user", args=[person.pk]), str(person)


def of_address(email: str, person: User | None, *, naming: bool = True) -> list[Question]:
    """What a new address raises: it looks like another's, or somebody with it was deleted.

    ``naming``: whether the reader may know who those others are.
    """
    key = email_key(email)
    if not key or (person is not None and person.email_key == key):
        return []
    questions = []
    alike = User.objects.filter(lookalike_key=lookalike_key(key), gone_at__isnull=True)
    for other in alike.exclude(email_key=key).exclude(pk=person.pk if person else 0)[:5]:
        questions.append(
            Question(
                f"lookalike-{other.pk}",
                f"Check the letters of {email}: it looks like {other.email}, the address of"
                f" {other}, but is not the same."
                if naming
                else f"Check the letters of {email}: it looks like another address here, but is"
                " not the same.",
                "Yes, it is right, and belongs to another person",
            )
        )
    deleted = User.objects.filter(email_key=key, gone_how="removed").order_by("-gone_at").first()
    if deleted and not User.objects.filter(email_key=key, gone_at__isnull=True).exists():
        questions.append(
            Question(
                f"deleted-{deleted.pk}",
                f"Say whether this person is to come back: somebody has deleted"
                f" {deleted}, the user with the address {email}."
                if naming
                else "Say whether this person is to come back: an account with the address"
                f" {email} has been deleted.",
                "Yes, add them as a new user, who has nothing of what the deleted one had",
            )
        )
    return questions


def of_closed(schools: Iterable[Establishment]) -> list[Question]:
    """A closed establishment is a question that names its successor (LAC6)."""
    closed = {school.urn: school for school in schools if school.is_closed}
    if not closed:
        return []
    followed = successors(closed)
    return [
        Question(
            f"closed-{urn}",
            closed_school(school.name, followed[urn]),
            f"Yes, {school.name} is meant",
        )
        for urn, school in closed.items()
    ]
