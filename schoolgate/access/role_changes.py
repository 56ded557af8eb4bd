"""Adding, renaming and taking away the organisation's own roles (LAC15).

For LA Super Users only. What a role shows is chosen when it is added and stays: a past day is
answered by it. Taking a role away ends its grants; they stay on record.
"""

import hashlib
from dataclasses import replace

from django.db.models import QuerySet

from schoolgate.access import relations
from schoolgate.access.actions import revoke
from schoolgate.access.authority import may_manage
from schoolgate.access.models import Grant, LicenceType, OwnRole
from schoolgate.access.own_roles import in_one_word
from schoolgate.access.preview import Preview
from schoolgate.access.role_names import (
    name_taken_in_words,
    named,
    purpose_of,
    refuse_taken,
)
from schoolgate.access.roles import OWN_SHOWS
from schoolgate.access.scope import among_visible
from schoolgate.audit.actions import Actor, Batch, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal

KIND = "role"
CHANGED_SINCE = (
    "Look at what is there now, then save again if you still want to: somebody has changed this"
    " role since you opened the page."
)


def own_roles() -> QuerySet[OwnRole]:
    """The organisation's own roles that are there, by name."""
    return OwnRole.objects.filter(gone_at__isnull=True).order_by("name_key", "pk")


def create_role(*, name: str, purpose: str, shows: str, by: Actor) -> int:
    """Add a role over pupils that shows so much of a child (a value of ``Detail``); its id.

    Raises Refusal when the actor may not, or the name is empty, too long or taken.
    """
    name, purpose = named(name), purpose_of(purpose)
    if shows not in {one.value for one in OWN_SHOWS}:
        raise Refusal("Choose what the role shows of a child.")
    with batch(by=by) as events, name_taken_in_words():
        locks.while_writing()
        may_manage(by)
        refuse_taken(name)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        row = (name, in_one_word(name), purpose, shows)
        columns = ["name", "name_key", "purpose", "shows"]
        (made,) = [ids[0] for ids, _ in records.insert(OwnRole, columns, [row], stamp=stamp)]
        events.add([("created", KIND, made, "", None, None, "")])
    return made


def rename_role(role_id: int, *, name: str, purpose: str, seen: str, by: Actor) -> None:
    """Give a role another name and purpose. ``seen``: its ``standing()`` as the person saw it.

    Raises Refusal as :func:`create_role` does, and when somebody was quicker (S57).
    """
    wanted = {"name": named(name), "purpose": purpose_of(purpose)}
    with batch(by=by) as events, name_taken_in_words():
        locks.while_writing()
        may_manage(by)
        role = _held(role_id)
        if role.standing() != seen:
            raise Refusal(CHANGED_SINCE)
        refuse_taken(name, but=role)
        changed = [field for field in wanted if getattr(role, field) != wanted[field]]
        if not changed:
            return
        for field in changed:
            setattr(role, field, wanted[field])
        role.name_key = in_one_word(role.name)
        role.touched_at = events.at
        role.save()
        events.add([("changed", KIND, role.pk, ",".join(changed), None, None, "")])


def remove_role(role_id: int, *, seen: str, by: Actor) -> None:
    """Take a role away: its grants end at this moment, and nobody is given it any more.

    ``seen``: :func:`mark_of` its grants as the person saw them. Raises Refusal when the actor may
    not, or others hold it now.
    """
    with batch(by=by) as events:
        # Alone: whoever gives it at the same moment has done so before, or is refused after.
        locks.while_importing()
        may_manage(by)
        end_with_grants(_held(role_id), seen=seen, by=by, events=events)


def end_with_grants(one: OwnRole | LicenceType, *, seen: str, by: Actor, events: Batch) -> None:
    """Let a role or licence type be gone, and its grants end."""
    kind = KIND if isinstance(one, OwnRole) else "licence type"
    held = list(grants_of_role(one).values_list("pk", flat=True))
    if mark_of(one) != seen:
        raise Refusal(
            f"Look at who has the {kind} now, then take it away if you still want to: that has"
            " changed since you opened the page."
        )
    revoke(held, by=by)
    stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
    records.remove(type(one), [one.pk], how=Ending.REMOVED, stamp=stamp)
    events.add([("removed", kind, one.pk, "", None, None, "")])


def grants_of_role(role: OwnRole | LicenceType) -> QuerySet[Grant]:
    """The grants of a role on record, also those that have not begun or are over."""
    return Grant.objects.filter(role=role.code, ended_at__isnull=True)


def mark_of(role: OwnRole | LicenceType) -> str:
    """By which the grants of a role are known again (S42)."""
    held = grants_of_role(role).order_by("pk").values_list("pk", flat=True)
    return hashlib.sha256(repr((role.standing(), list(held))).encode()).hexdigest()[:32]


def lost_without(role: OwnRole | LicenceType, *, reader_id: int) -> dict[int, int]:
    """How many children each user would no longer see if the role were taken away, of those whom
    the reader sees; whoever loses nobody is not there. In a few queries."""
    stand = relations.at()
    rest = f"(SELECT a.* FROM {stand.grants} a WHERE a.role <> '{role.code}')"
    holders = (
        f"SELECT h.user_id FROM access_grant h WHERE h.role = '{role.code}' AND h.ended_at IS NULL"
    )
    lost = Preview(stand, replace(stand, grants=rest), users=holders).lost_pairs()
    only, params = among_visible(reader_id, "l.pupil_id")
    return dict(
        bulk.select(
            f"SELECT l.user_id, count(*) FROM ({lost}) l WHERE {only} GROUP BY l.user_id", params
        )
    )


def _held(role_id: int) -> OwnRole:
    """The role, which nobody else changes until the transaction ends."""
    found = OwnRole.objects.select_for_update().filter(pk=role_id, gone_at__isnull=True).first()
    if found is None:
        raise Refusal("Go back to the roles: this one has been taken away.")
    return found
