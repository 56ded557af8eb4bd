"""Severing a pupil for good (adoption, NEW14): one person asks for it, another one does it.

Until then nothing changes. After it the pupil is closed and hidden everywhere, on past days too,
their numbers fit nobody, and nothing brings them back. What was on record stays in the tables.
"""

from collections.abc import Sequence

from django.db.models import QuerySet

from schoolgate.access import scope
from schoolgate.access.accounts import let_go
from schoolgate.access.actions import revoke
from schoolgate.access.authority import administrators, may_manage
from schoolgate.access.models import FamilyFact, Grant, Restriction, Severance
from schoolgate.access.roles import PUPIL
from schoolgate.audit.actions import Actor, Batch, batch
from schoolgate.kit import locks, records
from schoolgate.kit.names import name_key
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools import classes
from schoolgate.schools.models import (
    CareEpisode,
    ClassMembership,
    Enrolment,
    Pupil,
    PupilIdentifier,
)

_CHANGED = "Look at the page again: somebody has asked for this, or taken it back, in the meantime."


def waiting() -> QuerySet[Severance]:
    """What was asked for and waits for a second person, the oldest first."""
    return Severance.objects.filter(
        confirmed_at__isnull=True, withdrawn_at__isnull=True
    ).order_by("asked_at", "pk")  # fmt: skip


def done() -> QuerySet[Severance]:
    """What was done, the newest first."""
    return Severance.objects.filter(confirmed_at__isnull=False).order_by("-confirmed_at", "-pk")


def waiting_for(pupil_id: int) -> Severance | None:
    """The severance of this pupil that waits for a second person, if one does."""
    return waiting().filter(pupil_id=pupil_id).first()


def ask(pupil_id: int, *, reason: str, by: Actor) -> int:
    """Ask for a pupil to be severed. Raises Refusal unless an LA Super User asks who sees them, or
    when it was asked for already."""
    with batch(by=by) as events:
        locks.while_writing()
        _lock(pupil_id)
        _may_take_part(pupil_id, by)
        if not reason.strip():
            raise Refusal("Enter a reason: the second person decides by it.")
        if waiting_for(pupil_id) is not None:
            raise Refusal(_CHANGED)
        made = Severance.objects.create(
            pupil_id=pupil_id, reason=reason.strip(), asked_at=events.at, asked_by_id=by.user_id
        )
        events.add([("asked to sever", "pupil", pupil_id, "", None, pupil_id, "")])
        return made.pk


def withdraw(pupil_id: int, *, by: Actor) -> None:
    """Take back what was asked for: nothing will happen to the pupil."""
    with batch(by=by) as events:
        locks.while_writing()
        _lock(pupil_id)
        _may_take_part(pupil_id, by)
        found = waiting_for(pupil_id)
        if found is None:
            raise Refusal(_CHANGED)
        found.withdrawn_at, found.withdrawn_by_id = events.at, by.user_id
        found.save(update_fields=["withdrawn_at", "withdrawn_by_id"])
        events.add([("withdrew severing of", "pupil", pupil_id, "", None, pupil_id, "")])


def confirm(pupil_id: int, *, name: str, by: Actor) -> list[str]:
    """Sever the pupil, as the second of two LA Super Users, who types the child's ``name``.

    Returns the keys of the identifiers that fit nobody from now on. Pages call
    :func:`schoolgate.intake.severed.sever`, which clears what is kept of files too. Raises Refusal
    when it was not asked for, whoever asked is the actor or no LA Super User who sees the child any
    more, or the name is not the child's.
    """
    with batch(by=by) as events:
        # Not beside an import, which would give the child something in the same moment.
        locks.while_writing()
        _lock(pupil_id)
        _may_take_part(pupil_id, by)
        found = waiting_for(pupil_id)
        if found is None:
            raise Refusal(_CHANGED)
        _refuse_one_person(found, by)
        child = Pupil.objects.get(pk=pupil_id)
        if name_key(name) != name_key(f"{child.first_name} {child.last_name}"):
            raise Refusal("Type the child’s first name and last name as they stand above.")
        keys = list(child.identifiers.values_list("value_key", flat=True).distinct())
        _close(pupil_id, by=by, events=events)
        found.confirmed_at, found.confirmed_by_id = events.at, by.user_id
        found.save(update_fields=["confirmed_at", "confirmed_by_id"])
        events.add([("severed", "pupil", pupil_id, "", None, pupil_id, "")])
        return keys


def _lock(pupil_id: int) -> None:
    """Nobody else asks or confirms for this pupil until the transaction ends."""
    list(Pupil.objects.select_for_update(no_key=True).filter(pk=pupil_id).values_list("pk"))


def _may_take_part(pupil_id: int, by: Actor) -> None:
    """One who may not see the child is answered as if there were none."""
    may_manage(by)
    if by.user_id is None:
        raise Refusal("Sign in to sever a record: two people decide on it, and nobody else.")
    if not scope.may_see(by.user_id, pupil_id):
        raise Refusal("Choose a pupil who is there: there is none with this number.")


def _refuse_one_person(found: Severance, by: Actor) -> None:
    asker = found.asked_by_id
    if asker == by.user_id:
        raise Refusal("Ask another LA Super User to confirm: you have asked for it yourself.")
    if asker not in administrators() or not scope.may_see(asker, found.pupil_id):
        raise Refusal(
            "Take this back and ask for it anew: whoever asked for it is no LA Super User any more,"
            " or may not see the child."
        )


def _accounts_of(pupil_id: int) -> set[int]:
    """The users who are the pupil, signing in: they hold a pupil's licence over them alone."""
    live = Grant.objects.filter(ended_at__isnull=True)
    theirs = live.filter(role=PUPIL.code, pupil_id=pupil_id).values("user_id")
    others = live.exclude(role=PUPIL.code, pupil_id=pupil_id).values("user_id")
    users = User.objects.filter(pk__in=theirs, gone_at__isnull=True).exclude(pk__in=others)
    return set(users.values_list("pk", flat=True))


def _close(pupil_id: int, *, by: Actor, events: Batch) -> None:
    """End all that is on record of the pupil, and let them be gone."""
    how = Ending.SEVERED
    themselves = _accounts_of(pupil_id)
    revoke(_live(Grant, pupil_id), by=by, how=how)
    let_go(themselves, how=how, by=by)
    stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
    for kind, blocks in (("restriction", Restriction), ("family fact", FamilyFact)):
        users = dict(blocks.objects.filter(pupil_id=pupil_id).values_list("pk", "user_id"))
        ended = records.end(blocks, _live(blocks, pupil_id), how=how, stamp=stamp)
        events.add(("ended", kind, id_, "", users[id_], pupil_id, "") for id_ in ended)
    classes.leave(_live(ClassMembership, pupil_id), how=how, by=by)
    for model in (Enrolment, CareEpisode, PupilIdentifier):
        schools.end_records(model, _live(model, pupil_id), how=how, by=by)
    schools.remove_things(Pupil, [pupil_id], how=how, by=by)


_OfPupil = (
    type[Grant] | type[Restriction] | type[FamilyFact] | type[ClassMembership] | type[Enrolment]
    | type[CareEpisode] | type[PupilIdentifier]
)  # fmt: skip


def _live(model: _OfPupil, pupil_id: int) -> Sequence[int]:
    live = model.objects.filter(pupil_id=pupil_id, ended_at__isnull=True)
    return list(live.order_by("pk").values_list("pk", flat=True))
