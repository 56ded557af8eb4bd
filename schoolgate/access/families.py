"""Adults and children connected by hand, and the facts between them (ITS7).

Every function takes many, is atomic and leaves its events. For LA Super Users alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from schoolgate.access import held_links, relations
from schoolgate.access.accounts import UserToAdd, add_users, invite_users
from schoolgate.access.actions import NewGrant, grant, revoke
from schoolgate.access.authority import may_manage
from schoolgate.access.holdings import not_linked_yet
from schoolgate.access.licences import every_licence
from schoolgate.access.models import Fact, FamilyFact, Grant
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil

_FACT = ["user_id", "pupil_id", "fact", "holds", "starts_on", "ends_on"]


class NewLink(NamedTuple):
    """A licence for a user over a pupil. ``relationship``: what they are to them, None unknown."""

    user_id: int
    pupil_id: int
    licence: str
    relationship: str | None
    starts_on: date
    ends_on: date | None = None


class NewFact(NamedTuple):
    """What is known between a user and a pupil from a day on. ``holds``: None for not known."""

    user_id: int
    pupil_id: int
    fact: Fact
    holds: bool | None
    starts_on: date
    ends_on: date | None = None


def connect(rows: Iterable[NewLink], *, by: Actor) -> list[int]:
    """Connect adults to children; what is on record already stays as it is.

    Whoever bears a name of somebody who was kept from that child waits for the word of a second LA
    Super User, whoever asks and however: returns the ids of those (``HeldLink``). Raises Refusal
    when a licence type, user or pupil is there no more.
    """
    wanted = list(rows)
    with batch(by=by):
        locks.while_writing()
        may_manage(by)
        _refuse_unfit(wanted)
        new = not_linked_yet([as_grant(row) for row in wanted])
        waiting = held_links.that_wait([(row.user_id, row.pupil_id) for row in wanted])
        free = [row for row in new if (row.user_id, row.pupil_id) not in waiting]
        grant(free, by=by, source=Source.BY_HAND)
        held = [row for row in new if (row.user_id, row.pupil_id) in waiting]
        return held_links.hold(held, by=by)


def as_grant(row: NewLink) -> NewGrant:
    """A link as the grant that it becomes."""
    return NewGrant(
        row.user_id, row.licence, None, row.pupil_id, row.starts_on, row.ends_on,
        relationship=row.relationship or None,
    )  # fmt: skip


def _refuse_unfit(rows: Sequence[NewLink]) -> None:
    licences = every_licence()
    if any(row.licence not in licences for row in rows):
        raise Refusal("Choose a licence type that is there: this one has been taken away.")
    if any(row.ends_on is not None and row.ends_on < row.starts_on for row in rows):
        raise Refusal("Enter a last day that is not before the first.")
    users, pupils = {row.user_id for row in rows}, {row.pupil_id for row in rows}
    if User.objects.filter(pk__in=users, gone_at__isnull=True).count() < len(
        users
    ) or Pupil.objects.filter(pk__in=pupils, gone_at__isnull=True).count() < len(pupils):
        raise Refusal("Choose again: somebody among them is not there any more.")


@dataclass(frozen=True)
class Added:
    """A user who was made, and those of their links that wait (ids of ``HeldLink``)."""

    user_id: int
    held: list[int]


def add_adult(new: NewUser, links: Iterable[NewLink], *, invite: bool, by: Actor) -> Added:
    """Make a user and connect them (``user_id`` of the links does not count), all or nothing.

    While a link of theirs waits they are not invited. Raises Refusal when the address or user name
    is taken.
    """
    with batch(by=by):
        (user_id,) = add_users([UserToAdd(new, [])], by=by)
        held = connect((row._replace(user_id=user_id) for row in links), by=by)
        if invite and not held:
            invite_users([user_id], by=by)
        return Added(user_id, held)


def disconnect(grant_ids: Iterable[int], *, by: Actor) -> None:
    """Take licences away by a person's word: a file that names them again asks first (ITS7)."""
    wanted = set(grant_ids)
    with batch(by=by):
        may_manage(by)
        _refuse_others(wanted)
        revoke(wanted, by=by)


def set_relationship(rows: Iterable[tuple[int, str]], *, by: Actor) -> None:
    """Say what users are to pupils: the id of a licence's grant, and words (blank: not known)."""
    words = dict(rows)
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        _refuse_others(set(words))
        live = Grant.objects.filter(pk__in=words, ended_at__isnull=True).order_by("pk")
        about = list(live.values_list("pk", "user_id", "pupil_id", "relationship"))
        changed = [row for row in about if (row[3] or "") != words[row[0]]]
        records.set_field(
            Grant, "relationship", ((row[0], words[row[0]] or None) for row in changed)
        )
        events.add(
            ("changed", "grant", pk, "relationship", user_id, pupil_id, "")
            for pk, user_id, pupil_id, _ in changed
        )


def _refuse_others(grant_ids: set[int]) -> None:
    """Raise Refusal unless all these grants are licences."""
    with bulk.temporary("asked_of", "id BIGINT PRIMARY KEY"):
        bulk.load("asked_of", ["id"], ((id_,) for id_ in grant_ids))
        others = bulk.select(
            "SELECT 1 FROM access_grant g JOIN asked_of a ON a.id = g.id"
            f" WHERE NOT {relations.is_licence('g.role')} LIMIT 1"
        )
    if others:
        raise Refusal("Choose a connection of a child’s family: this is a role of staff.")


def set_facts(rows: Iterable[NewFact], *, by: Actor) -> None:
    """Put facts on record. What was said of the same fact before is ended: replaced, or (where it
    is not known any more) removed. One that is to change on a day to come holds until then.
    """
    wanted = {(row.user_id, row.pupil_id, row.fact): row for row in rows}
    if any(row.ends_on is not None and row.ends_on < row.starts_on for row in wanted.values()):
        raise Refusal("Enter a last day that is not before the first.")
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        before = [
            (one, wanted[one.user_id, one.pupil_id, Fact(one.fact)]) for one in _on_record(wanted)
        ]
        new: list[tuple[Any, ...]] = [
            tuple(row) for row in wanted.values() if row.holds is not None
        ]
        new += [shortened for old, row in before if (shortened := _until(old, row))]
        for how, is_known in ((Ending.REPLACED, True), (Ending.REMOVED, False)):
            ended = [old.pk for old, row in before if (row.holds is not None) is is_known]
            gone = set(records.end(FamilyFact, ended, how=how, stamp=stamp))
            events.add(
                ("ended", "family fact", old.pk, old.fact, old.user_id, old.pupil_id, "")
                for old, _ in before
                if old.pk in gone
            )
        for ids, chunk in records.insert(FamilyFact, _FACT, new, stamp=stamp):
            events.add(
                ("recorded", "family fact", id_, str(row[2]), row[0], row[1], "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def _on_record(wanted: Iterable[tuple[int, int, Fact]]) -> list[FamilyFact]:
    """What is said now of these facts between these users and pupils."""
    with bulk.temporary("facts_asked", "user_id BIGINT, pupil_id BIGINT, fact VARCHAR(14)"):
        bulk.load(
            "facts_asked", ["user_id", "pupil_id", "fact"], ((u, p, f.value) for u, p, f in wanted)
        )
        found = bulk.select(
            "SELECT f.id FROM access_familyfact f JOIN facts_asked a ON a.user_id = f.user_id"
            " AND a.pupil_id = f.pupil_id AND a.fact = f.fact WHERE f.ended_at IS NULL"
        )
    return sorted(
        FamilyFact.objects.in_bulk([id_ for (id_,) in found]).values(), key=lambda one: one.pk
    )


def _until(old: FamilyFact, row: NewFact) -> tuple[int, int, str, bool, date, date] | None:
    """What was said before, until the day before a change to come; None where the change is now."""
    last = row.starts_on - timedelta(days=1)
    if row.starts_on <= timezone.localdate() or old.starts_on > last:
        return None
    if old.ends_on is not None:
        last = min(last, old.ends_on)
    return old.user_id, old.pupil_id, old.fact, old.holds, old.starts_on, last
