"""What goes with the leavers of a file: what they hold, and whom they leave with nobody."""

from collections.abc import Collection
from datetime import date

from django.db.models import Count, F, Q

from schoolgate.access import leaving
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import ROLES, Over
from schoolgate.intake.gain_lines import AlonePage
from schoolgate.intake.models import Proposal
from schoolgate.schools.models import Pupil


def roles_and_places(user_ids: Collection[int], day: date) -> dict[int, list[str]]:
    """What each of these users holds on ``day``: "Leader of History at Abbey School", say."""
    found = (
        Grant.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            user_id__in=user_ids, ended_at__isnull=True, starts_on__lte=day,
        )
        .values(
            "user_id", "role", school=F("establishment__name"), subject=F("subject_area__name"),
            name=F("school_class__name"),
        )
        .annotate(pupils=Count("pupil_id"))
        .order_by("user_id", "role", "school", "subject", "name")
    )  # fmt: skip
    known = every_role()
    words: dict[int, list[str]] = {user_id: [] for user_id in user_ids}
    for held in found:
        inside = held["subject"] or held["name"]
        said = known[held["role"]].name
        if inside:
            said += f" of {inside}"
        if held["school"]:
            said += f" at {held['school']}"
        if held["pupils"]:
            said += f": {_linked(held['role'], held['pupils'])}"
        words[held["user_id"]].append(said)
    return words


def left_with_nobody(run_id: int, *, reader: int, after: int = 0, limit: int = 50) -> AlonePage:
    """A page of the children, behind the id ``after``, whom nobody else would see as their
    Designated Teacher, by a class or by a link; of those whom the reader may see."""
    going = Proposal.objects.filter(run_id=run_id, what="deny").values_list("user_id", flat=True)
    ids = [id_ for id_ in going if id_ is not None]
    alone = leaving.of(ids, reader_id=reader).alone if ids else []
    wanted = [id_ for id_ in alone if id_ > after][: limit + 1]
    names = Pupil.objects.in_bulk(wanted[:limit])
    return AlonePage(
        [(id_, str(names[id_])) for id_ in wanted[:limit]],
        wanted[limit - 1] if len(wanted) > limit else None,
        len(alone),
    )


def _linked(role: str, count: int) -> str:
    children = "1 child" if count == 1 else f"{count:,} children"
    first = role in ROLES and ROLES[role].over is Over.ORGANISATION
    return f"{children} {'assigned first' if first else 'linked'}"
