"""Offboarding many, each way in a process of its own. Run by child.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from schoolgate.access import leaving
from schoolgate.access.actions import deny
from schoolgate.access.models import Denial, Grant
from schoolgate.access.offboarding import Step, offboard, sort_out
from schoolgate.access.roles import SOCIAL_WORKER
from schoolgate.audit.actions import user_actor
from schoolgate.people.models import User

if TYPE_CHECKING:
    from collections.abc import Callable


def _leavers(count: int) -> list[int]:
    """So many of the social workers, from all of them evenly."""
    held = Grant.objects.filter(role=SOCIAL_WORKER.code, ended_at__isnull=True)
    ids = list(held.order_by("user_id").values_list("user_id", flat=True).distinct())
    return ids[:: len(ids) // count][:count]


def look(count: int) -> Callable[[], Any]:
    """What each would lose and who is left with nobody, as the page asks first."""
    ids, me = _leavers(count), User.objects.get(first_name="Root").pk

    def work() -> dict[str, int]:
        told = sort_out(Step.DELETE, ids, by=user_actor(me))
        found = leaving.of(told.ready, reader_id=me)
        return {"users": len(told.ready), "lost": found.lost, "alone": len(found.alone)}

    return work


def many(what: str, count: int) -> Callable[[], Any]:
    """All of them in one step, as the page does it."""
    ids, me = _leavers(count), User.objects.get(first_name="Root").pk

    def work() -> dict[str, int]:
        offboard(Step(what), ids, by=user_actor(me))
        return _what_is_left(ids)

    return work


def one_by_one(count: int) -> Callable[[], Any]:
    """The same action, called once for each."""
    ids, me = _leavers(count), User.objects.get(first_name="Root").pk

    def work() -> dict[str, int]:
        for user_id in ids:
            deny([user_id], by=user_actor(me))
        return _what_is_left(ids)

    return work


def by_rows(count: int) -> Callable[[], Any]:
    """The floor: a row for each through the ORM in one transaction; no log, no rule, no lock."""
    ids = _leavers(count)

    def work() -> dict[str, int]:
        with transaction.atomic():
            for user_id in ids:
                user = User.objects.get(pk=user_id)
                Denial.objects.create(user=user, recorded_at=user.recorded_at, source="hand")
        return _what_is_left(ids)

    return work


def _what_is_left(ids: list[int]) -> dict[str, int]:
    there = User.objects.filter(pk__in=ids, gone_at__isnull=True)
    denied = Denial.objects.filter(user_id__in=ids, ended_at__isnull=True)
    return {"active": there.exclude(pk__in=denied.values("user_id")).count()}
