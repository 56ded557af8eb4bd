"""Granting and taking away. Every function takes many, is atomic and leaves its events."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.db.models import QuerySet

from schoolgate.access import relations
from schoolgate.access.authority import (
    ASK_SUPER_USER,
    Authority,
    administrators,
    authority_of,
    lasting_administrators,
    may_manage,
    may_run,
    refuse_lifting,
)
from schoolgate.access.models import Denial, Grant
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import ROLES, Over, Role
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.schools.models import SchoolClass, SubjectArea
from schoolgate.sign_in import links, sessions
from schoolgate.sign_in.models import SessionEnding

_GRANT = [
    "user_id", "role", "establishment_id", "pupil_id", "starts_on", "ends_on", "subject_area_id",
    "school_class_id", "relationship",
]  # fmt: skip
_FEW = 500


class NewGrant(NamedTuple):
    """A role for a user over a place: an establishment, a subject area or class (with the
    establishment it is in), a pupil, or what the role itself says.

    ``relationship``: of a licence over a pupil, what the user is to them ("Mother").
    """

    user_id: int
    role: str
    establishment_id: int | None
    pupil_id: int | None
    starts_on: date
    ends_on: date | None = None
    subject_area_id: int | None = None
    school_class_id: int | None = None
    relationship: str | None = None


def grant(
    rows: Iterable[NewGrant], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Grant roles. Raises Refusal when the actor may not, or a role does not fit its place.

    Invitations that have gone out to those users work no longer (S17).
    """
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        mine = authority_of(by)
        stamp = Stamp(events.at, by.user_id, source, import_id)
        users: set[int] = set()
        known = every_role()
        fitting = (_fitting(row, known, mine, source) for row in rows)
        for ids, chunk in records.insert(Grant, _GRANT, fitting, stamp=stamp):
            users.update(row[0] for row in chunk)
            _refuse_strange_places(chunk)
            events.add(
                ("granted", "grant", id_, "", row[0], row[3], "")
                for id_, row in zip(ids, chunk, strict=True)
            )
        invitations.void(users, by=by, import_id=import_id)


def _fitting(row: NewGrant, known: Mapping[str, Role], mine: Authority, source: Source) -> NewGrant:
    role = known.get(row.role)
    if role is None:
        raise Refusal("Choose a role that is there: this one has been taken away.")
    if not mine.may_grant(row.role, row.establishment_id, row.subject_area_id):
        raise Refusal(
            f"Ask an LA Super User: a {role.name} over this place is not yours to give."
            if mine.any
            else ASK_SUPER_USER
        )
    given = {
        Over.PUPILS: row.pupil_id,
        Over.SUBJECT_AREA: row.subject_area_id,
        Over.CLASS: row.school_class_id,
        Over.ESTABLISHMENT: row.establishment_id,
    }
    inside = (Over.SUBJECT_AREA, Over.CLASS)
    over = next((kind for kind, place in given.items() if place is not None), None)
    if over is Over.PUPILS:
        fits = row.establishment_id is None and (role.over is over or role.assigns_pupils)
    elif over is None:
        fits = role.over not in inside
    else:
        fits = role.over is over and (over not in inside or row.establishment_id is not None)
    fits = fits and sum(given[kind] is not None for kind in (Over.PUPILS, *inside)) <= 1
    if not fits:
        raise Refusal(
            f"Choose a place for the role {role.name} of the kind that it is granted over:"
            f" {role.over.value}."
        )
    if role.from_sync and source is not Source.SYNC:
        raise Refusal(
            "Leave classes to the school's information system: teachers get them from there."
        )
    return row


def _refuse_strange_places(rows: Iterable[tuple[Any, ...]]) -> None:
    """Raise Refusal when a subject area or class is gone, or of another establishment."""
    for model, column in ((SubjectArea, 6), (SchoolClass, 7)):
        wanted = {(row[column], row[2]) for row in rows if row[column] is not None}
        if not wanted:
            continue
        there = model.objects.filter(pk__in={id_ for id_, _ in wanted}, gone_at__isnull=True)
        if wanted - set(there.values_list("pk", "establishment_id")):
            raise Refusal("Choose again: one of these subject areas or classes is there no more.")


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
        ids = set(grant_ids)
        _refuse_ending(ids, by)
        if how is Ending.REMOVED:
            ids.update(_assignments_under(ids))
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        before = _administrators_left()
        ended = records.end(Grant, ids, how=how, stamp=stamp)
        _one_is_left(before)
        facts = {
            id_: (user_id, pupil_id)
            for id_, user_id, pupil_id in Grant.objects.filter(ended_at=events.at).values_list(
                "pk", "user_id", "pupil_id"
            )
        }
        events.add(("revoked", "grant", id_, "", *facts[id_], "") for id_ in ended)
        concerned = {user_id for user_id, _ in facts.values()}
        invitations.void(concerned, by=by, import_id=import_id)
        # Whose last role that was not asleep has gone is inactive from now on.
        out = shut_out(concerned)
        links.void(out, by=by)
        sessions.end_all(out, how=SessionEnding.SHUT_OUT, by=by)


def _refuse_ending(grant_ids: set[int], by: Actor) -> None:
    """Raise Refusal unless all these grants are in the actor's own place."""
    mine = authority_of(by)
    if mine.everything:
        return
    found = Grant.objects.filter(pk__in=grant_ids)
    held = found.values_list("role", "establishment_id", "subject_area_id").distinct()
    if not all(mine.may_end(*place) for place in held):
        raise Refusal(
            "Ask an LA Super User: something among this is not in your school, so it is not yours"
            " to take away."
            if mine.any
            else ASK_SUPER_USER
        )


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


def deny(
    user_ids: Iterable[int],
    *,
    by: Actor,
    establishment_id: int | None = None,
    import_id: int | None = None,
) -> list[int]:
    """Deny users over the organisation: from this moment they see nobody and cannot sign in.

    Over an establishment: what they hold there sleeps, and whose grants all sleep cannot sign in
    either. Returns the ids of those who were not denied there before. Raises Refusal when no LA
    Super User would be left, or the place is not the actor's.
    """
    wanted = set(user_ids)
    with batch(by=by, import_id=import_id) as events:
        locks.while_removing_administrators()
        _may_deny_over(establishment_id, by)
        before = _administrators_left()
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        denied = set(_denials(establishment_id, wanted).values_list("user_id", flat=True))
        rows = [(id_, establishment_id) for id_ in sorted(wanted - denied)]
        columns = ["user_id", "establishment_id"]
        for ids, chunk in records.insert(Denial, columns, rows, stamp=stamp):
            events.add(
                ("denied", "denial", id_, "", row[0], None, "")
                for id_, row in zip(ids, chunk, strict=True)
            )
        if establishment_id is None:
            out = wanted
        else:
            # Whoever still has something elsewhere is asked in again, for that alone.
            invitations.void(wanted, by=by, import_id=import_id)
            out = shut_out(wanted)
        invitations.cancel(out, by=by, import_id=import_id)
        links.void(out, by=by)
        sessions.end_all(out, how=SessionEnding.SHUT_OUT, by=by)
        _one_is_left(before)
        return [id_ for id_, _ in rows]


def _may_deny_over(establishment_id: int | None, by: Actor) -> None:
    if establishment_id is None:
        may_manage(by)
    else:
        may_run(by, [establishment_id])


def _denials(establishment_id: int | None, user_ids: Iterable[int]) -> QuerySet[Denial]:
    live = Denial.objects.filter(user_id__in=user_ids, ended_at__isnull=True)
    if establishment_id is None:
        return live.filter(establishment__isnull=True)
    return live.filter(establishment_id=establishment_id)


def shut_out(user_ids: Iterable[int]) -> set[int]:
    """Those of the users who cannot sign in now, because they or all they hold are denied."""
    wanted = set(user_ids)
    query = f"SELECT i.user_id FROM ({relations.inactive()}) i"
    if len(wanted) <= _FEW:  # else it is quicker to look at all who are denied
        query += f" WHERE i.user_id IN ({', '.join(map(str, sorted(wanted))) or 'NULL'})"
    return {user_id for (user_id,) in bulk.select(query)}.intersection(wanted)


def _administrators_left() -> int:
    """2 while there is an LA Super User without a last day, 1 while there is one, else 0."""
    if lasting_administrators():
        return 2
    return 1 if administrators() else 0


def _one_is_left(before: int) -> None:
    if _administrators_left() < before:
        raise Refusal("Make somebody else LA Super User first: the last one cannot be removed.")


def allow(
    user_ids: Iterable[int],
    *,
    by: Actor,
    establishment_id: int | None = None,
    how: Ending = Ending.REMOVED,
    import_id: int | None = None,
) -> None:
    """Let users in again who are denied over the organisation, or over an establishment.

    Raises Refusal when the place is not the actor's, or an LA Super User made the denial and the
    actor is none.
    """
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        _may_deny_over(establishment_id, by)
        denials = _denials(establishment_id, user_ids)
        refuse_lifting(by, denials)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        on_record = dict(denials.values_list("pk", "user_id"))
        # Those of somebody who became inactive by the calendar were not ended then (S2).
        sessions.end_all(shut_out(on_record.values()), how=SessionEnding.SHUT_OUT, by=by)
        ended = records.end(Denial, on_record, how=how, stamp=stamp)
        events.add(("allowed", "denial", id_, "", on_record[id_], None, "") for id_ in ended)
        # One that somebody sent in the moment of the denial, and that it did not find (S3).
        invitations.cancel(on_record.values(), by=by, import_id=import_id)
        links.void(on_record.values(), by=by)
