"""Granting and taking away. Every function takes many, is atomic and leaves its events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.roles import LA_SUPER_USER, ROLES, Over
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.actions import (
    NewUser,
    address_taken_in_words,
    change_users,
    create_users,
    set_password,
    use_set_up_link,
)
from schoolgate.people.models import User
from schoolgate.people.queries import user_signing_in

_GRANT = ["user_id", "role", "establishment_id", "pupil_id", "starts_on", "ends_on"]


class NewGrant(NamedTuple):
    """A role for a user over a place: an establishment, a pupil, or what the role itself says."""

    user_id: int
    role: str
    establishment_id: int | None
    pupil_id: int | None
    starts_on: date
    ends_on: date | None = None


class NewRestriction(NamedTuple):
    """A block between a user and a pupil, with its reason."""

    user_id: int
    pupil_id: int
    reason: str
    starts_on: date
    ends_on: date | None = None


def grant(
    rows: Iterable[NewGrant], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Grant roles. Raises Refusal when the actor may not, or a role does not fit its place."""
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        may_manage(by)
        stamp = Stamp(events.at, by.user_id, source, import_id)
        for ids, chunk in records.insert(Grant, _GRANT, map(_fitting, rows), stamp=stamp):
            events.add(
                ("granted", "grant", id_, "", row[0], row[3], "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def _fitting(row: NewGrant) -> NewGrant:
    role = ROLES[row.role]
    if row.pupil_id is not None:
        fits = row.establishment_id is None and (role.over is Over.PUPILS or role.assigns_pupils)
    elif row.establishment_id is not None:
        fits = role.over is Over.ESTABLISHMENT
    else:
        fits = True
    if not fits:
        raise Refusal(
            f"Choose a place for the role {role.name} of the kind that it is granted over:"
            f" {role.over.value}."
        )
    return row


def may_manage(by: Actor) -> None:
    """Raise Refusal unless the actor may manage users: an LA Super User, or the system itself."""
    if by.user_id is not None and by.user_id not in administrators():
        raise Refusal("Ask an LA Super User: only they manage users and what they may see.")


def administrators() -> set[int]:
    """The ids of the LA Super Users who are neither gone nor denied."""
    stand = relations.at()
    found = bulk.select(
        f"SELECT DISTINCT g.user_id FROM {stand.grants} g JOIN {stand.users} u ON u.id = g.user_id"
        " WHERE g.role = %s",
        [LA_SUPER_USER.code],
    )
    return {user_id for (user_id,) in found}


def revoke(
    grant_ids: Iterable[int],
    *,
    by: Actor,
    how: Ending = Ending.REMOVED,
    import_id: int | None = None,
) -> None:
    """End grants at this moment. Raises Refusal when no LA Super User would be left.

    When a person takes a role over the organisation away, the pupils assigned under it go too; an
    undo ends what its import gave, and no more.
    """
    with batch(by=by, import_id=import_id) as events:
        locks.while_removing_administrators()
        may_manage(by)
        ids = set(grant_ids)
        if how is Ending.REMOVED:
            ids.update(_assignments_under(ids))
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        before = bool(administrators())
        ended = records.end(Grant, ids, how=how, stamp=stamp)
        _one_is_left(before)
        facts = {
            id_: (user_id, pupil_id)
            for id_, user_id, pupil_id in Grant.objects.filter(ended_at=events.at).values_list(
                "pk", "user_id", "pupil_id"
            )
        }
        events.add(("revoked", "grant", id_, "", *facts[id_], "") for id_ in ended)


def _assignments_under(grant_ids: set[int]) -> list[int]:
    """The pupils assigned under those of the grants that are roles over the organisation."""
    assigning = ", ".join(f"'{role.code}'" for role in ROLES.values() if role.assigns_pupils)
    with bulk.temporary("going", "id BIGINT PRIMARY KEY"):
        bulk.load("going", ["id"], ((id_,) for id_ in grant_ids))
        found = bulk.select(
            "SELECT a.id FROM going JOIN access_grant w ON w.id = going.id"
            " JOIN access_grant a ON a.user_id = w.user_id AND a.role = w.role"
            " WHERE w.pupil_id IS NULL AND w.establishment_id IS NULL"
            f" AND w.role IN ({assigning}) AND a.pupil_id IS NOT NULL AND a.ended_at IS NULL"
        )
    return [id_ for (id_,) in found]


def deny(user_ids: Iterable[int], *, by: Actor) -> None:
    """Make users inactive: from this moment they see nobody and cannot sign in.

    Raises Refusal when no LA Super User would be left.
    """
    wanted = set(user_ids)
    with batch(by=by) as events:
        locks.while_removing_administrators()
        may_manage(by)
        before = bool(administrators())
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        denied = set(
            Denial.objects.filter(user_id__in=wanted, ended_at__isnull=True).values_list(
                "user_id", flat=True
            )
        )
        rows = [(id_,) for id_ in sorted(wanted - denied)]
        for ids, chunk in records.insert(Denial, ["user_id"], rows, stamp=stamp):
            events.add(
                ("denied", "denial", id_, "", row[0], None, "")
                for id_, row in zip(ids, chunk, strict=True)
            )
        invitations.cancel(wanted, by=by)
        _one_is_left(before)


def _one_is_left(there_was_one: bool) -> None:
    if there_was_one and not administrators():
        raise Refusal("Make somebody else LA Super User first: the last one cannot be removed.")


def allow(user_ids: Iterable[int], *, by: Actor) -> None:
    """Let inactive users in again."""
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        on_record = dict(
            Denial.objects.filter(user_id__in=user_ids, ended_at__isnull=True).values_list(
                "pk", "user_id"
            )
        )
        for id_ in records.end(Denial, on_record, how=Ending.REMOVED, stamp=stamp):
            events.add([("allowed", "denial", id_, "", on_record[id_], None, "")])
        # One that somebody sent in the moment of the denial, and that it did not find (S3).
        invitations.cancel(on_record.values(), by=by)


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


class UserToAdd(NamedTuple):
    """A user to make, and what they are given; ``user_id`` of the grants does not count."""

    facts: NewUser
    grants: Sequence[NewGrant]
    active: bool = True
    invite: bool = False


class UserToSave(NamedTuple):
    """What is changed of a user: fields as ``people.actions.change_users`` takes them, grants
    given, taken away, and ended because another takes their place. ``active``: None leaves it."""

    user_id: int
    fields: Mapping[str, Any]
    adding: Sequence[NewGrant] = ()
    ending: Sequence[int] = ()
    replaced: Sequence[int] = ()
    active: bool | None = None
    invite: bool = False


def add_users(users: Iterable[UserToAdd], *, by: Actor) -> list[int]:
    """Make users with all they are given, or nothing of it; their ids in the order given."""
    wanted = list(users)
    with batch(by=by):
        may_manage(by)
        with address_taken_in_words():
            ids = create_users((user.facts for user in wanted), by=by, source=Source.BY_HAND)
        given = [
            row._replace(user_id=id_)
            for id_, user in zip(ids, wanted, strict=True)
            for row in user.grants
        ]
        grant(given, by=by, source=Source.BY_HAND)
        if inactive := [id_ for id_, user in zip(ids, wanted, strict=True) if not user.active]:
            deny(inactive, by=by)
        invitations.invite(_invited(zip(ids, wanted, strict=True)), by=by)
        return ids


def _invited(users: Iterable[tuple[int, "UserToAdd | UserToSave"]]) -> list[int]:
    """Those to invite; nobody who is inactive."""
    return [id_ for id_, user in users if user.invite and user.active is not False]


def save_users(users: Iterable[UserToSave], *, by: Actor) -> None:
    """Change users and what they hold, all of it or nothing.

    Only somebody who could grant all of a user's roles may change their address or status (S62):
    today that is an LA Super User. Whoever takes their own role away does so last of all.
    """
    wanted = list(users)
    with batch(by=by):
        may_manage(by)
        fields = [(u.user_id, name, value) for u in wanted for name, value in u.fields.items()]
        change_users(fields, by=by)
        invitations.cancel([u.user_id for u in wanted if "email" in u.fields], by=by)
        grant((row for u in wanted for row in u.adding), by=by, source=Source.BY_HAND)
        if active := [u.user_id for u in wanted if u.active is True]:
            allow(active, by=by)
        invitations.invite(_invited((u.user_id, u) for u in wanted), by=by)
        if replaced := [id_ for u in wanted for id_ in u.replaced]:
            revoke(replaced, by=by, how=Ending.REPLACED)
        if inactive := [u.user_id for u in wanted if u.active is False]:
            deny(inactive, by=by)
        if ending := [id_ for u in wanted for id_ in u.ending]:
            revoke(ending, by=by)


def set_up_first_administrator(*, token: str, new: NewUser, password: str, by: Actor) -> User:
    """Make the first LA Super User of an empty organisation from a set-up link.

    Raises Refusal when the link does not work any more, or somebody with that address is there.
    """
    with batch(by=by):
        use_set_up_link(token)
        if user_signing_in(new.email or new.username):
            raise Refusal("Choose another email address: somebody here has that one.")
        (user_id,) = create_users([new], by=by, source=Source.SET_UP)
        grant(
            [NewGrant(user_id, LA_SUPER_USER.code, None, None, timezone.localdate())],
            by=by,
            source=Source.SET_UP,
        )
        user = User.objects.get(pk=user_id)
        set_password(user=user, password=password, by=by)
        return user
