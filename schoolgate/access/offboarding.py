"""Offboarding many users at once (PP11): whom a step concerns, and who is left out and why."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from django.db.models import Q

from schoolgate.access.accounts import delete_users
from schoolgate.access.actions import allow, deny, revoke
from schoolgate.access.authority import accounts_managed, administrators, authority_of, may_run
from schoolgate.access.models import Denial, Grant
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks
from schoolgate.people import staff
from schoolgate.people.models import StaffRecord, SyncStatus, User


class Step(Enum):
    """What is done to those who leave."""

    MAKE_INACTIVE = "make-inactive"
    DELETE = "delete"
    TAKE_OFF = "take-off"
    REACTIVATE = "reactivate"


YOURSELF = "That is you: ask somebody else"
GONE = "No longer here"
INACTIVE_ALREADY = "Inactive already"
NOT_INACTIVE = "Not inactive"
NOT_YOURS = (
    "Not yours to delete, because they work elsewhere too, or have a role that you could not give:"
    " take them off your staff instead"
)
FROM_MIS = (
    "Synchronised, so they would come again with the next sync: make them inactive instead, or take"
    " them out of the school’s information system first"
)
FROM_ABOVE = "Made inactive by an LA Super User: ask one of them"


@dataclass(frozen=True)
class Sorted:
    """Whom a step concerns (ids, in order), and who is left out: a reason and ids."""

    ready: list[int]
    left_out: dict[str, list[int]]

    def mark(self, *more: object) -> str:
        """By which what was shown is known again (S42)."""
        return hashlib.sha256(repr((self.ready, more)).encode()).hexdigest()


def sort_out(
    step: Step, user_ids: Collection[int], *, by: Actor, establishment_id: int | None = None
) -> Sorted:
    """Whom of these users the step concerns; a few queries however many they are.

    ``establishment_id``: what they hold there is meant, and without it the organisation.
    """
    wanted = sorted(set(user_ids))
    live = User.objects.filter(pk__in=wanted, gone_at__isnull=True)
    there = set(live.values_list("pk", flat=True))
    reasons: list[tuple[str, set[int]]] = [(GONE, set(wanted) - there)]
    if by.user_id is not None:
        reasons.append((YOURSELF, {by.user_id}))
    denied = _denied(wanted, establishment_id)
    match step:
        case Step.MAKE_INACTIVE:
            reasons.append((INACTIVE_ALREADY, set(denied)))
        case Step.REACTIVATE:
            reasons.append((NOT_INACTIVE, there - set(denied)))
            reasons.append((FROM_ABOVE, _denied_from_above(denied, by)))
        case Step.DELETE:
            reasons.append((NOT_YOURS, there - accounts_managed(by, there)))
            reasons.append((FROM_MIS, _synchronised(wanted, None)))
        case Step.TAKE_OFF:
            reasons.append((FROM_MIS, _synchronised(wanted, establishment_id)))
    left_out: dict[str, list[int]] = {}
    rest = set(wanted)
    for reason, ids in reasons:
        if found := sorted(rest & ids):
            left_out[reason] = found
            rest -= ids
    return Sorted(sorted(rest), left_out)


def offboard(
    step: Step, user_ids: Collection[int], *, by: Actor, establishment_id: int | None = None
) -> None:
    """Do the step for these users, all of it or nothing. Raises Refusal as the actions do."""
    match step:
        case Step.MAKE_INACTIVE:
            deny(user_ids, by=by, establishment_id=establishment_id)
        case Step.REACTIVATE:
            allow(user_ids, by=by, establishment_id=establishment_id)
        case Step.DELETE:
            delete_users(user_ids, by=by)
        case Step.TAKE_OFF:
            assert establishment_id is not None  # noqa: S101 - a staff is of an establishment
            take_off_staff(user_ids, by=by, establishment_id=establishment_id)


def take_off_staff(user_ids: Collection[int], *, by: Actor, establishment_id: int) -> None:
    """End what users hold in an establishment, and take them off its staff; their accounts stay.

    Raises Refusal when the establishment is not the actor's.
    """
    with batch(by=by):
        locks.while_removing_administrators()
        may_run(by, [establishment_id])
        held = Grant.objects.filter(
            user_id__in=user_ids, establishment_id=establishment_id, ended_at__isnull=True
        )
        revoke(list(held.values_list("pk", flat=True)), by=by)
        posts = StaffRecord.objects.filter(
            user_id__in=user_ids, establishment_id=establishment_id, ended_at__isnull=True
        )
        staff.end(list(posts.values_list("pk", flat=True)), by=by)


def _denied(user_ids: Collection[int], establishment_id: int | None) -> dict[int, int | None]:
    """Those denied over the place, and who made the denial (None: the system)."""
    over = Q(establishment=establishment_id) if establishment_id else Q(establishment__isnull=True)
    live = Denial.objects.filter(over, user_id__in=user_ids, ended_at__isnull=True)
    return dict(live.values_list("user_id", "recorded_by_id"))


def _denied_from_above(denied: dict[int, int | None], by: Actor) -> set[int]:
    if authority_of(by).everything:
        return set()
    above = {None, *administrators()}
    return {user_id for user_id, maker in denied.items() if maker in above}


def _synchronised(user_ids: Collection[int], establishment_id: int | None) -> set[int]:
    """Those whom the MIS still sends: of the establishment, or of any."""
    live = StaffRecord.objects.filter(
        user_id__in=user_ids, sync=SyncStatus.SYNCHRONISED, ended_at__isnull=True
    )
    if establishment_id is not None:
        live = live.filter(establishment_id=establishment_id)
    return set(live.values_list("user_id", flat=True))
