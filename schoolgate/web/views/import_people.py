"""The users and children whom the page of an import names, as far as its reader may see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest
from django.urls import reverse

from schoolgate.access import scope
from schoolgate.audit.actions import viewed
from schoolgate.intake.gain_lines import PersonLine
from schoolgate.intake.models import Import, Kept
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import actor, visitor

KEPT_ON_THE_PAGE = 200


@dataclass(frozen=True)
class Left:
    """A thing that an undo left as it was, and why."""

    name: str
    address: str
    reason: str


class Thing(Protocol):
    """Something that an undo leaves, on record or foreseen."""

    @property
    def kind(self) -> str: ...
    @property
    def object_id(self) -> int: ...
    @property
    def reason(self) -> str: ...


def kept(request: HttpRequest, run: Import, *, told: set[int]) -> list[Left]:
    """The first of what the undo of a run left. Adds the children named to ``told``."""
    rows = Kept.objects.filter(run=run).order_by("kind", "object_id")
    return left(request, list(rows[:KEPT_ON_THE_PAGE]), told=told)


def left(request: HttpRequest, rows: Sequence[Thing], *, told: set[int]) -> list[Left]:
    """What an undo leaves, by name. Adds the children named to ``told``."""
    users = User.objects.in_bulk(_ids(rows, "user"))
    schools = Establishment.objects.in_bulk(_ids(rows, "establishment"))
    pupils = _visible(request, set(_ids(rows, "pupil")))
    told.update(pupils)
    names = {
        **{("user", pk): str(user) for pk, user in users.items()},
        **{("establishment", pk): str(school) for pk, school in schools.items()},
        **{("pupil", pk): name for pk, name in pupils.items()},
    }
    return [
        Left(
            names.get((row.kind, row.object_id), f"{row.kind.capitalize()} {row.object_id}"),
            _address(row, names),
            row.reason,
        )
        for row in rows
    ]


def children_of(people: Iterable[PersonLine]) -> set[int]:
    """The children on the register whom the lines of these people name."""
    ids = {child.pupil_id for person in people for child in person.children}
    return {id_ for id_ in ids if id_ is not None}


def note_told(request: HttpRequest, run: Import, told: set[int]) -> None:
    """Record that children's records were shown with a run: one event that names them all."""
    viewed(by=actor(request), kind="import", object_id=run.pk, pupil_ids=sorted(told))


def _ids(rows: Sequence[Thing], kind: str) -> list[int]:
    return [row.object_id for row in rows if row.kind == kind]


def _address(row: Thing, names: dict[tuple[str, int], str]) -> str:
    if row.kind not in ("user", "pupil") or (row.kind, row.object_id) not in names:
        return ""
    return reverse(row.kind, args=[row.object_id])


def _visible(request: HttpRequest, ids: set[int]) -> dict[int, str]:
    """The names, by id, of those of these pupils whom the reader may see."""
    mine = scope.pupils_visible_to(visitor(request).pk)
    return {pupil.pk: str(pupil) for pupil in mine.filter(pk__in=ids)} if ids else {}
