"""What undoing an applied import would do, told before anybody asks for it (NEW3). Reads only."""

from dataclasses import dataclass

from schoolgate.access.models import Denial, Grant
from schoolgate.intake import to_keep
from schoolgate.intake.models import Import
from schoolgate.intake.undo_fields import changed_since
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil


@dataclass(frozen=True)
class Left:
    """A thing that would stay as it is, and why."""

    kind: str
    object_id: int
    reason: str


@dataclass(frozen=True)
class UndoPreview:
    """How many users, pupils and establishments would be gone, how many grants would end, how many
    users would be let in again, and the first of what would be kept."""

    users: int
    pupils: int
    establishments: int
    grants: int
    reactivated: int
    kept: list[Left]
    kept_count: int


def undo_preview(run: Import, *, limit: int = 200) -> UndoPreview:
    """What undoing this applied run would do now, and what it would keep."""
    users = [Left("user", *found) for found in to_keep.users_to_keep(run)]
    pupils = [Left("pupil", *found) for found in to_keep.pupils_to_keep(run)]
    places = [Left("establishment", *found) for found in to_keep.establishments_to_keep(run)]
    links = [Left("link", *found) for found in to_keep.links_to_keep(run)]
    lists = [Left("class", *found) for found in to_keep.classes_to_keep(run)]
    records = [
        Left("pupil", id_, reason)
        for model, (_, reason) in to_keep.RECORDS.items()
        for id_ in sorted(to_keep.records_to_keep(run, model))
    ]
    fields = [Left(*found) for found in changed_since(run)]
    denials = [Left("user", *found) for found in to_keep.denials_to_keep(run)]
    stay = {left.object_id for left in denials}
    denied = Denial.objects.filter(import_id=run.pk, ended_at__isnull=True)
    kept = [*denials, *users, *pupils, *places, *lists, *links, *records, *fields]
    made = {
        model: model.objects.filter(import_id=run.pk, gone_at__isnull=True).count()
        for model in (User, Pupil, Establishment)
    }
    return UndoPreview(
        made[User] - len(users),
        made[Pupil] - len(pupils),
        made[Establishment] - len(places),
        Grant.objects.filter(import_id=run.pk, ended_at__isnull=True).count(),
        sum(id_ not in stay for id_ in denied.values_list("user_id", flat=True)),
        kept[:limit],
        len(kept),
    )
