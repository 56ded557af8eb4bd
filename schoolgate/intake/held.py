"""What the leavers of a file hold today, in words, for its preview."""

from collections.abc import Collection
from datetime import date

from django.db.models import Count, F, Q

from schoolgate.access.models import Grant
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import ROLES, Over


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


def _linked(role: str, count: int) -> str:
    children = "1 child" if count == 1 else f"{count:,} children"
    first = role in ROLES and ROLES[role].over is Over.ORGANISATION
    return f"{children} {'assigned first' if first else 'linked'}"
