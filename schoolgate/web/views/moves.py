"""What a change for many users gives and takes, child by child, as a page shows it before it is
saved."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from schoolgate.access import scope
from schoolgate.access.proposals import Moved
from schoolgate.audit.actions import viewed
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web.permissions import actor, authority, visitor

LISTED = 50  # children named beside each user


@dataclass(frozen=True)
class Named:
    """Some children: how many, and the first of them by name."""

    count: int
    first: Sequence[Pupil]

    @property
    def more(self) -> int:
        return self.count - len(self.first)


@dataclass(frozen=True)
class Line:
    """A user, what changes for them in words, and the children they gain and lose by it."""

    user: User
    what: str
    gained: Named
    lost: Named


@dataclass(frozen=True)
class Moves:
    """All lines. ``mark``: by which they are known again; the same mark, the same was shown (S42).

    ``register_only``: what is told leaves out what says who is in care.
    """

    lines: Sequence[Line]
    mark: str
    register_only: bool

    def told(self, request: HttpRequest) -> "Moves":
        """The same, about to be shown: one event names the children (S54)."""
        shown = {p.pk for line in self.lines for p in (*line.gained.first, *line.lost.first)}
        viewed(by=actor(request), kind="question", object_id=None, pupil_ids=sorted(shown))
        return self


def moves_of(
    request: HttpRequest, people: Iterable[tuple[User, str]], moved: Mapping[int, Moved]
) -> Moves:
    """The lines for these users, with what changes for each.

    ``moved`` holds only children whom the reader may see (access/proposals.py).
    """
    wanted = list(people)
    ids = {pk for one in moved.values() for pk in one.gained | one.lost}
    there = scope.pupils_by_work(visitor(request).pk).filter(pk__in=ids)
    order = list(there.order_by("last_key", "first_key", "pk"))

    def named(pks: set[int]) -> Named:
        return Named(len(pks), [pupil for pupil in order if pupil.pk in pks][:LISTED])

    lines = []
    for user, what in wanted:
        one = moved.get(user.pk, Moved())
        lines.append(Line(user, what, named(one.gained), named(one.lost)))
    known = [(user.pk, what) for user, what in wanted]
    sets = sorted((pk, sorted(one.gained), sorted(one.lost)) for pk, one in moved.items())
    mark = hashlib.sha256(repr((known, sets)).encode()).hexdigest()
    return Moves(lines, mark, not authority(request).everything)
