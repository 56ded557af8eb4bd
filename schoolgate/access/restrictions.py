"""Blocks between a user and a pupil (NEW5). Every function takes many, is atomic, leaves events."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.access import scope
from schoolgate.access.authority import may_manage
from schoolgate.access.models import Restriction
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people.queries import kept_of


class NewRestriction(NamedTuple):
    """A block between a user and a pupil, with its reason; where what it rests on is to be found,
    and on which day somebody is to look at it again."""

    user_id: int
    pupil_id: int
    reason: str
    starts_on: date
    ends_on: date | None = None
    evidence: str | None = None
    review_on: date | None = None


def restrict(rows: Iterable[NewRestriction], *, by: Actor) -> None:
    """Block users from pupils from this moment; it beats every grant (NEW5).

    One that is on record already, with the same reason and the same last day, is left as it is.
    """
    with batch(by=by) as events:
        locks.while_restricting()
        may_manage(by)
        stamp, new = Stamp(events.at, by.user_id, Source.BY_HAND), _not_yet(rows)
        for ids, chunk in records.insert(Restriction, NewRestriction._fields, new, stamp=stamp):
            events.add(
                ("restricted", "restriction", id_, "", row[0], row[1], "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def _not_yet(rows: Iterable[NewRestriction]) -> list[NewRestriction]:
    """Those of the rows that no restriction on record, nor an earlier row, says already."""
    wanted = list(rows)
    # Whom somebody made one with another user in this moment (ITS10) is that one.
    now = kept_of({row.user_id for row in wanted})
    wanted = [row._replace(user_id=now[row.user_id]) for row in wanted]
    live = Restriction.objects.filter(
        ended_at__isnull=True,
        user_id__in={row.user_id for row in wanted},
        pupil_id__in={row.pupil_id for row in wanted},
    )
    known = live.values_list("user_id", "pupil_id", "reason", "starts_on", "ends_on")
    since = {
        NewRestriction(user_id, pupil_id, reason, date.max, ends_on): starts_on
        for user_id, pupil_id, reason, starts_on, ends_on in known.order_by("-starts_on")
    }
    new = []
    for row in wanted:
        same = row._replace(starts_on=date.max, evidence=None, review_on=None)
        if row.starts_on < since.get(same, date.max):
            since[same] = row.starts_on
            new.append(row)
    return new


class Review(NamedTuple):
    """What somebody who has looked at a restriction again puts on record with it."""

    restriction_id: int
    evidence: str | None
    review_on: date | None


def keep_restrictions(reviews: Iterable[Review], *, by: Actor) -> None:
    """Keep restrictions as they are, with where their evidence is and when they are looked at next.

    What they block does not change. Raises Refusal when one is on the acting user themselves, or
    was lifted.
    """
    wanted = {review.restriction_id: review for review in reviews}
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        live = Restriction.objects.filter(pk__in=wanted, ended_at__isnull=True)
        found = list(live.order_by("pk"))
        if len(found) < len(wanted):
            raise Refusal("Look at the page again: the restriction has been lifted since.")
        if any(one.user_id == by.user_id for one in found):
            raise Refusal("Ask another LA Super User: nobody reviews a restriction on themselves.")
        changed: dict[int, list[str]] = {one.pk: [] for one in found}
        for field in ("evidence", "review_on"):
            new = [(o.pk, getattr(wanted[o.pk], field)) for o in found]
            new = [
                (o.pk, v) for o, (_, v) in zip(found, new, strict=True) if getattr(o, field) != v
            ]
            records.set_field(Restriction, field, new)
            for pk, _ in new:
                changed[pk].append(field)
        events.add(
            ("reviewed", "restriction", o.pk, ",".join(changed[o.pk]), o.user_id, o.pupil_id, "")
            for o in found
        )


def standing_of(restriction: Restriction) -> str:
    """A word for what a review can change; another one when anybody has (S57)."""
    told = json.dumps([restriction.pk, restriction.evidence, str(restriction.review_on)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def due_for_review(reader_id: int) -> QuerySet[Restriction]:
    """Those of :func:`that_count` of which the day to look at them again has come."""
    return that_count(reader_id).filter(review_on__lte=timezone.localdate())


def that_count(reader_id: int) -> QuerySet[Restriction]:
    """The restrictions on record that are not over, on children whom the reader sees (S35)."""
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    return Restriction.objects.filter(
        not_over,
        ended_at__isnull=True,
        user__gone_at__isnull=True,
        pupil__in=scope.pupils_visible_to(reader_id),
    ).select_related("user", "pupil")


def lift_restrictions(ids: Iterable[int], *, by: Actor) -> None:
    """End restrictions. Raises Refusal when one is on the acting user themselves."""
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        about: dict[int, tuple[Any, ...]] = {
            pk: (user_id, pupil_id)
            for pk, user_id, pupil_id in Restriction.objects.filter(pk__in=ids).values_list(
                "pk", "user_id", "pupil_id"
            )
        }
        if any(user_id == by.user_id for user_id, _ in about.values()):
            raise Refusal("Ask another LA Super User: nobody lifts a restriction on themselves.")
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        ended = records.end(Restriction, about, how=Ending.REMOVED, stamp=stamp)
        events.add(("lifted", "restriction", id_, "", *about[id_], "") for id_ in ended)
