"""Handover (NEW10): what a leaver holds over pupils or subject areas goes to a colleague.

What is handed over ends for the one and is given anew to the other, from today. What the colleague
holds already only ends; where a restriction stands between them and a child, the child stays.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.actions import NewGrant, grant, revoke
from schoolgate.access.authority import authority_of
from schoolgate.access.models import Grant, Restriction
from schoolgate.access.own_roles import every_role
from schoolgate.access.relations import Relations
from schoolgate.access.roles import LEADER, LICENCE
from schoolgate.access.scope import of_register, pupils_by_work, pupils_seen_in
from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.models import Pupil


@dataclass(frozen=True)
class Handover:
    """What becomes of the grants (ids) that are to go to a colleague.

    ``moving``: given anew; ``held``: the colleague has the same already; ``blocked``: a restriction
    stands between the colleague and the child, so it stays.
    """

    moving: list[int]
    held: list[int]
    blocked: list[int]


class Shift(NamedTuple):
    """The pupils (ids) whom somebody comes to see, and no longer sees, as the reader may know."""

    gained: set[int]
    lost: set[int]


def pupils_held_by(user_id: int) -> QuerySet[Grant]:
    """The links and assignments of a user to pupils, that hold or will; not their own children."""
    held = _on_record(user_id).filter(pupil__isnull=False)
    return held.exclude(role__startswith=LICENCE)


def led_by(user_id: int, establishment_id: int) -> QuerySet[Grant]:
    """The subject areas of an establishment that a user leads or will lead."""
    return _on_record(user_id).filter(role=LEADER.code, establishment=establishment_id)


def _on_record(user_id: int) -> QuerySet[Grant]:
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    return Grant.objects.filter(not_over, user=user_id, ended_at__isnull=True)


def sort_out(grants: Collection[Grant], *, to_id: int) -> Handover:
    """What becomes of these grants of a leaver, in two queries."""
    places = _on_record(to_id).filter(starts_on__lte=timezone.localdate())
    has: set[tuple[str, int | None, int | None]] = set(
        places.values_list("role", "pupil_id", "subject_area_id")
    )
    open_ended = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    kept_from = set(
        Restriction.objects.filter(
            open_ended, user=to_id, ended_at__isnull=True,
            pupil__in=[g.pupil_id for g in grants if g.pupil_id],
        ).values_list("pupil_id", flat=True)
    )  # fmt: skip
    found = Handover([], [], [])
    for one in sorted(grants, key=lambda g: g.pk):
        if one.pupil_id in kept_from:
            found.blocked.append(one.pk)
        elif (one.role, one.pupil_id, one.subject_area_id) in has:
            found.held.append(one.pk)
        else:
            found.moving.append(one.pk)
            has.add((one.role, one.pupil_id, one.subject_area_id))
    return found


def shifts(found: Handover, *, from_id: int, to_id: int, reader_id: int) -> Mapping[int, Shift]:
    """What the two would see more, and no more: scope after minus scope before, of children whom
    the reader sees; to one who is no LA Super User by the register alone."""
    before = relations.at()
    after = replace(before, grants=f"({_after(before, found, to_id)})")
    everything = authority_of(user_actor(reader_id)).everything
    mine = pupils_by_work(reader_id)

    def seen(stand: Relations, user_id: int) -> set[int]:
        told = stand if everything else of_register(stand)
        there = Pupil.objects.filter(gone_at__isnull=True, pk__in=mine.values("pk"))
        return set(pupils_seen_in(told, user_id, there).values_list("pk", flat=True))

    result = {}
    for user_id in (from_id, to_id):
        then, now = seen(after, user_id), seen(before, user_id)
        result[user_id] = Shift(then - now, now - then)
    return result


def _after(stand: Relations, found: Handover, to_id: int) -> str:
    """The grants as they would stand: those that move are the colleague's."""
    columns = relations.GRANT.replace("user_id", f"{int(to_id)} AS user_id")
    going = ", ".join(str(id_) for id_ in (*found.moving, *found.held)) or "NULL"
    moving = ", ".join(map(str, found.moving)) or "NULL"
    kept = f"SELECT {relations.GRANT} FROM {stand.grants} b WHERE COALESCE(b.id NOT IN ({going}),"
    return (
        f"{kept} 1 = 1) UNION ALL SELECT {relations.GRANT} FROM"
        f" (SELECT {columns} FROM access_grant a WHERE a.id IN ({moving})) q"
        f" WHERE NOT {relations.asleep(grant='q')}"
    )


def hand_over(grants: Sequence[Grant], *, to_id: int, by: Actor) -> Handover:
    """Hand these grants of a leaver over to a colleague, all of it or nothing.

    Raises Refusal when the actor may not give or end one of them, and where the colleague does not
    have the role under which pupils are linked or assigned.
    """
    with batch(by=by):
        found = sort_out(grants, to_id=to_id)
        moving = [one for one in grants if one.pk in set(found.moving)]
        _refuse_without_role(moving, to_id)
        today = timezone.localdate()
        grant(
            (
                NewGrant(
                    to_id, one.role, one.establishment_id, one.pupil_id, today,
                    subject_area_id=one.subject_area_id,
                )
                for one in moving
            ),
            by=by,
            source=Source.BY_HAND,
        )  # fmt: skip
        revoke([*found.moving, *found.held], by=by)
        return found


def _refuse_without_role(moving: Sequence[Grant], to_id: int) -> None:
    known = every_role()
    held = set(_on_record(to_id).values_list("role", flat=True))
    for one in moving:
        if one.pupil_id is not None and one.role not in held:
            name = known[one.role].name if one.role in known else "role"
            raise Refusal(f"Give the colleague the role {name} on their page first.")
