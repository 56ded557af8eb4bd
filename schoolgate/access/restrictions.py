"""Blocks between a user and a pupil (NEW5). Every function takes many, is atomic, leaves events."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from schoolgate.access.authority import may_manage
from schoolgate.access.models import Restriction
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people.queries import kept_of


class NewRestriction(NamedTuple):
    """A block between a user and a pupil, with its reason."""

    user_id: int
    pupil_id: int
    reason: str
    starts_on: date
    ends_on: date | None = None


def restrict(rows: Iterable[NewRestriction], *, by: Actor) -> None:
    """Block users from pupils from this moment; it beats every grant (NEW5).

    One that is on record already, with the same reason and the same last day, is left as it is.
    """
    columns = ["user_id", "pupil_id", "reason", "starts_on", "ends_on"]
    with batch(by=by) as events:
        locks.while_restricting()
        may_manage(by)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        for ids, chunk in records.insert(Restriction, columns, _not_yet(rows), stamp=stamp):
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
        same = row._replace(starts_on=date.max)
        if row.starts_on < since.get(same, date.max):
            since[same] = row.starts_on
            new.append(row)
    return new


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
