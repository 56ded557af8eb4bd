"""The users and children whom the page of an import names, as far as its reader may see them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from schoolgate.access import scope
from schoolgate.audit.actions import viewed
from schoolgate.intake import runs
from schoolgate.intake.models import Import, Kept
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import actor, visitor

UNSEEN = "A pupil whom you may not see"
KEPT_ON_THE_PAGE = 200


@dataclass(frozen=True)
class Change:
    """Somebody gains or loses access to a child."""

    user: str
    pupil: str
    gained: bool
    row: int | None


@dataclass(frozen=True)
class Left:
    """A thing that an undo left as it was, and why."""

    name: str
    address: str
    reason: str


def changes(
    request: HttpRequest, run: Import, *, after: int, limit: int, told: set[int]
) -> list[Change]:
    """Lines of the preview of access, from line ``after``. Adds the children named to ``told``."""
    lines = runs.access_changes(run.pk, after=after, limit=limit)
    seen = _visible(request, {line.pupil_id for line in lines if line.pupil_id})
    told.update(seen)
    return [
        Change(
            line.user_label,
            line.pupil_label if line.pupil_id is None or line.pupil_id in seen else UNSEEN,
            line.gained,
            line.row,
        )
        for line in lines
    ]


def kept(request: HttpRequest, run: Import, *, told: set[int]) -> list[Left]:
    """The first of what the undo of a run left. Adds the children named to ``told``."""
    rows = list(Kept.objects.filter(run=run).order_by("kind", "object_id")[:KEPT_ON_THE_PAGE])
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


def note_told(request: HttpRequest, run: Import, told: set[int]) -> None:
    """Record that children's records were shown with a run: one event that names them all."""
    viewed(by=actor(request), kind="import", object_id=run.pk, pupil_ids=sorted(told))


def _ids(rows: Sequence[Kept], kind: str) -> list[int]:
    return [row.object_id for row in rows if row.kind == kind]


def _address(row: Kept, names: dict[tuple[str, int], str]) -> str:
    if row.kind not in ("user", "pupil") or (row.kind, row.object_id) not in names:
        return ""
    return reverse(row.kind, args=[row.object_id])


def _visible(request: HttpRequest, ids: set[int]) -> dict[int, str]:
    """The names, by id, of those of these pupils whom the reader may see."""
    mine = scope.pupils_visible_to(visitor(request).pk)
    return {pupil.pk: str(pupil) for pupil in mine.filter(pk__in=ids)} if ids else {}
