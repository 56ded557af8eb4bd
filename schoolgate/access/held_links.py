"""Connections that wait for a second person: of an adult whose name is like that of somebody who
was kept from the same child. A second account is what such a person might try (NEW5).

Whoever asks, by whatever way, goes through ``families.connect``, which holds them here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.access import barred, scope
from schoolgate.access.actions import NewGrant, grant
from schoolgate.access.authority import may_manage
from schoolgate.access.holdings import denied, not_linked_yet
from schoolgate.access.models import Denial, HeldLink, Restriction
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User

KIND = "waiting connection"  # of an event


def that_wait(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the pairs (user, pupil) that need a second person's word."""
    names = User.objects.in_bulk({user_id for user_id, _ in pairs})
    return set(
        barred.resembled_by(
            barred.Coming(user_id, pupil_id, names[user_id].first_key, names[user_id].last_key)
            for user_id, pupil_id in set(pairs)
        )
    )


def hold(rows: Iterable[NewGrant], *, by: Actor) -> list[int]:
    """Let these wait; the ids of all of them, of those too that waited already."""
    wanted = {(row.user_id, row.pupil_id or 0, row.role): row for row in rows}
    if not wanted:
        return []
    with batch(by=by) as events:
        known = _waiting_for(wanted)
        new = HeldLink.objects.bulk_create(
            HeldLink(
                user_id=row.user_id, pupil_id=key[1], role=row.role,
                relationship=row.relationship, starts_on=row.starts_on, ends_on=row.ends_on,
                asked_at=events.at, asked_by_id=by.user_id,
            )
            for key, row in wanted.items()
            if key not in known
        )  # fmt: skip
        events.add(("held", KIND, o.pk, "", o.user_id, o.pupil_id, "") for o in new)
        return sorted([*known.values(), *(one.pk for one in new)])


def _waiting_for(
    wanted: Collection[tuple[int, int, str]],
) -> dict[tuple[int, int, str], int]:
    """The ids of those that wait already, by user, pupil and role."""
    found = HeldLink.objects.filter(
        decided_at__isnull=True, pupil__in={pupil_id for _, pupil_id, _ in wanted}
    )
    known = {(o.user_id, o.pupil_id, o.role): o.pk for o in found}
    return {key: pk for key, pk in known.items() if key in wanted}


def hand_down(from_id: int, to_id: int, *, by: Actor) -> None:
    """What waits for a user waits for the one they were made one with (ITS10), whose name it may
    not be: nobody comes to a child by that either without a second person's word."""
    with batch(by=by) as events:
        there = HeldLink.objects.filter(user=to_id, decided_at__isnull=True)
        known = set(there.values_list("pupil_id", "role"))
        theirs = HeldLink.objects.select_for_update().filter(user=from_id, decided_at__isnull=True)
        moving = [o for o in theirs.order_by("pk") if (o.pupil_id, o.role) not in known]
        HeldLink.objects.filter(pk__in=[one.pk for one in moving]).update(user=to_id)
        events.add(("held", KIND, o.pk, "", to_id, o.pupil_id, "") for o in moving)


def waiting(reader_id: int) -> QuerySet[HeldLink]:
    """Those that wait, for children whom the reader sees."""
    mine = scope.pupils_visible_to(reader_id)
    return _undecided().filter(pupil__in=mine).select_related("user", "pupil")


def waiting_at(pupil_id: int) -> int:
    """How many wait for this child."""
    return _undecided().filter(pupil_id=pupil_id).count()


def _undecided() -> QuerySet[HeldLink]:
    return HeldLink.objects.filter(decided_at__isnull=True, user__gone_at__isnull=True)


def approve(ids: Iterable[int], *, by: Actor) -> None:
    """Let links be that waited. Raises Refusal for whoever asked for one, or is the adult."""
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        found = _hold(ids)
        if any(by.user_id in (one.asked_by_id, one.user_id) for one in found):
            raise Refusal(
                "Ask another LA Super User: who asked for a connection does not approve it."
            )
        if any(one.user.gone_at or one.pupil.gone_at for one in found):
            raise Refusal("Refuse it instead: the adult or the child is not there any more.")
        grant(not_linked_yet(_as_grants(found)), by=by, source=Source.BY_HAND)
        _decide(found, is_granted=True, by=by, at=events.at)
        events.add(("approved", KIND, o.pk, "", o.user_id, o.pupil_id, "") for o in found)


def _as_grants(found: Iterable[HeldLink]) -> list[NewGrant]:
    """What is granted now, of those that are not over: from today on, for nobody saw by it before
    it was approved."""
    today = timezone.localdate()
    return [
        NewGrant(
            one.user_id, one.role, None, one.pupil_id, max(one.starts_on, today), one.ends_on,
            relationship=one.relationship,
        )
        for one in found
        if one.ends_on is None or one.ends_on >= today
    ]  # fmt: skip


def refuse(ids: Iterable[int], *, by: Actor) -> None:
    """Let links not be that waited; whoever asked may think better of it too."""
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        found = _hold(ids)
        _decide(found, is_granted=False, by=by, at=events.at)
        events.add(("refused", KIND, o.pk, "", o.user_id, o.pupil_id, "") for o in found)


def _hold(ids: Iterable[int]) -> list[HeldLink]:
    """These as they are now; Refusal when one was decided meanwhile."""
    wanted = set(ids)
    rows = HeldLink.objects.select_for_update(of=("self",)).filter(
        pk__in=wanted, decided_at__isnull=True
    )
    found = list(rows.select_related("user", "pupil").order_by("pk"))
    if len(found) < len(wanted):
        raise Refusal("Look at the page again: somebody has decided this since you looked.")
    return found


def _decide(found: Sequence[HeldLink], *, is_granted: bool, by: Actor, at: datetime) -> None:
    HeldLink.objects.filter(pk__in=[one.pk for one in found]).update(
        decided_at=at, decided_by_id=by.user_id, is_granted=is_granted
    )


@dataclass(frozen=True)
class Kept:
    """An adult who was kept from a child: how, by whom (an id) and when; why, where it is said."""

    user: User
    how: str
    at: datetime
    by_id: int | None
    reason: str = ""


def kept_alike(user_id: int, first_key: str, last_key: str, pupil_id: int) -> list[Kept]:
    """The adults for whose sake somebody of this name waits."""
    coming = barred.Coming(user_id, pupil_id, first_key, last_key)
    ids = barred.resembled_by([coming]).get((user_id, pupil_id), [])
    return [kept for user in User.objects.in_bulk(ids).values() for kept in _how(user, pupil_id)]


def _how(user: User, pupil_id: int) -> list[Kept]:
    today = timezone.localdate()
    found = [
        Kept(user, "restricted", one.recorded_at, one.recorded_by_id, one.reason)
        for one in Restriction.objects.filter(user=user, pupil_id=pupil_id, ended_at__isnull=True)
        if one.ends_on is None or one.ends_on >= today
    ]
    if user.gone_at is not None:
        found.append(Kept(user, "deleted", user.gone_at, _who_deleted(user.pk)))
    live = Denial.objects.filter(user=user, ended_at__isnull=True).order_by("pk")
    for denial in live if denied().filter(user=user).exists() else ():
        found.append(Kept(user, "made inactive", denial.recorded_at, denial.recorded_by_id))
    return found


def _who_deleted(user_id: int) -> int | None:
    found: list[tuple[int | None]] = bulk.select(
        "SELECT b.actor_id FROM audit_event e JOIN audit_eventbatch b ON b.id = e.batch_id"
        " WHERE e.verb = 'removed' AND e.kind = 'user' AND e.user_id = %s ORDER BY e.id DESC",
        [user_id],
    )
    return found[0][0] if found else None
