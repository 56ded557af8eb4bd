"""Access until a date: the last day of what users hold, and who is warned before it.

A grant is never edited: it is ended as replaced, and given anew with the same first day.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.authority import (
    ASK_SUPER_USER,
    Authority,
    authority_of,
    lasting_administrators,
)
from schoolgate.access.models import EndNotice, Grant
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.people import invitations
from schoolgate.people.models import User

KIND = "access-ends"
# How many days before the end somebody is told of it: first, and once more.
FIRST_DAYS, LAST_DAYS = 14, 3
_EVER = timedelta(days=100 * 365)
_GRANT = [
    "user_id", "role", "establishment_id", "pupil_id", "subject_area_id", "school_class_id",
    "relationship", "starts_on", "ends_on",
]  # fmt: skip


def set_last_day(grant_ids: Iterable[int], last_day: date | None, *, by: Actor) -> int:
    """Let grants hold until ``last_day``, that day included, or (None) without end; how many
    changed.

    To let something end sooner it must be in the actor's own place; to let it last longer, theirs
    to give. Raises Refusal otherwise, for a day that is over or before a grant begins, and where no
    LA Super User would be left afterwards.
    """
    if last_day is not None and last_day < timezone.localdate():
        raise Refusal("Choose today or a later day, or take the role away: that day is over.")
    with batch(by=by) as events:
        locks.while_writing()
        locks.while_removing_administrators()
        mine = authority_of(by)
        there = Grant.objects.filter(pk__in=set(grant_ids), ended_at__isnull=True)
        changing = list(there.values_list("pk", *_GRANT))
        rows = [row for row in changing if row[-1] != last_day]
        for row in rows:
            _refuse(mine, row, last_day)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        ended = set(records.end(Grant, [row[0] for row in rows], how=Ending.REPLACED, stamp=stamp))
        anew = [(*row[1:-1], last_day) for row in rows if row[0] in ended]
        for ids, chunk in records.insert(Grant, _GRANT, anew, stamp=stamp):
            events.add(
                ("granted", "grant", id_, "ends_on", row[0], row[3], "")
                for id_, row in zip(ids, chunk, strict=True)
            )
        invitations.void({row[0] for row in anew}, by=by)
        # Somebody stays LA Super User without a last day (S32).
        if any(row[1] == LA_SUPER_USER.code for row in anew) and not lasting_administrators():
            raise Refusal(
                "Make somebody else LA Super User first: the last one must have no last day."
            )
        return len(anew)


def _refuse(mine: Authority, row: tuple[Any, ...], last_day: date | None) -> None:
    _, _, role, place, _, subject, _, _, starts_on, ends_on = row
    if last_day is not None and last_day < starts_on:
        raise Refusal("Choose a later day: something among this has not begun by then.")
    if not mine.may_end(role, place, subject):
        raise Refusal(
            "Ask an LA Super User: something among this is not in your school, so its last day is"
            " not yours to set."
            if mine.any
            else ASK_SUPER_USER
        )
    longer = ends_on is not None and (last_day is None or last_day > ends_on)
    if longer and not mine.may_grant(role, place, subject):
        raise Refusal("Ask an LA Super User: to let this role last longer is not yours.")


def ending(*, within: timedelta, establishment_id: int | None = None) -> QuerySet[Grant]:
    """The grants that hold now and end within this time, with nothing of the same kind after them.

    Those of users who are inactive, and those that sleep, are left out. ``establishment_id``: only
    those over it and over what is in it.
    """
    over = "" if establishment_id is None else f" AND g.establishment_id = {int(establishment_id)}"
    ids = RawSQL(f"SELECT x.id FROM ({_ending(within)}) x", [])
    there = f"SELECT g.id FROM access_grant g WHERE 1 = 1{over}"
    return Grant.objects.filter(pk__in=ids).filter(pk__in=RawSQL(there, []))


def _ending(within: timedelta) -> str:
    """The same as SQL: id, user_id, ends_on."""
    stand, today = relations.at(), timezone.localdate()
    same = " AND ".join(
        f"COALESCE(l.{place}, 0) = COALESCE(a.{place}, 0)"
        for place in ("establishment_id", "subject_area_id", "school_class_id", "pupil_id")
    )
    return (
        "SELECT a.id, a.user_id, a.ends_on FROM access_grant a"
        f" JOIN {stand.grants} g ON g.id = a.id JOIN {stand.users} u ON u.id = a.user_id"
        " WHERE a.ended_at IS NULL AND a.ends_on IS NOT NULL"
        f" AND a.ends_on >= {relations.sql_day(today)}"
        f" AND a.ends_on <= {relations.sql_day(today + within)}"
        " AND NOT EXISTS (SELECT 1 FROM access_grant l WHERE l.user_id = a.user_id"
        f" AND l.role = a.role AND l.ended_at IS NULL AND {same}"
        " AND (l.ends_on IS NULL OR l.ends_on > a.ends_on))"
    )


def post_notices() -> int:
    """Put mail into the outbox for those whose access ends in fourteen days, and in three; how
    many. Each is told once of a day, however often this runs and however many run it."""
    last = relations.sql_day(timezone.localdate() + timedelta(days=LAST_DAYS))
    days = f"CASE WHEN x.ends_on > {last} THEN {FIRST_DAYS} ELSE {LAST_DAYS} END"
    with transaction.atomic():
        now = timezone.now()
        told = bulk.select(
            "INSERT INTO access_endnotice (user_id, ends_on, days_before, posted_at)"
            f" SELECT DISTINCT x.user_id, x.ends_on, {days}, {relations.sql_moment(now)}"
            f" FROM ({_ending(timedelta(days=FIRST_DAYS))}) x"
            " JOIN people_user p ON p.id = x.user_id WHERE p.email_key IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM access_endnotice n WHERE n.user_id = x.user_id"
            f" AND n.ends_on = x.ends_on AND n.days_before = {days})"
            " ON CONFLICT DO NOTHING RETURNING id, user_id"
        )
        if not told:
            return 0
        addresses = dict(
            User.objects.filter(pk__in={user_id for _, user_id in told}).values_list("pk", "email")
        )
        mails = (NewMail(KIND, user_id, addresses[user_id], id_) for id_, user_id in told)
        return outbox.post(mails, at=now)


class Coming(NamedTuple):
    """Something that a user holds ends after a day, and they are told of it on these days."""

    ends_on: date
    told_on: list[date]


def notices_to_come(user_id: int) -> list[Coming]:
    """What :func:`post_notices` has yet to post for a user, as things stand; the nearest first."""
    today = timezone.localdate()
    found = Grant.objects.filter(
        pk__in=RawSQL(f"SELECT x.id FROM ({_ending(_EVER)}) x", []), user_id=user_id
    )
    days = found.order_by("ends_on").values_list("ends_on", flat=True).distinct()
    told = set(EndNotice.objects.filter(user_id=user_id).values_list("ends_on", "days_before"))
    coming = []
    for ends_on in days:
        assert ends_on is not None  # noqa: S101 - it ends
        # Nearer than the last notice there is only that one.
        near = ends_on - timedelta(days=LAST_DAYS) <= today
        wanted = [LAST_DAYS] if near else [FIRST_DAYS, LAST_DAYS]
        told_on = [
            max(ends_on - timedelta(days=before), today)
            for before in wanted
            if (ends_on, before) not in told
        ]
        coming.append(Coming(ends_on, told_on))
    return coming


def still_ending(notice_ids: Collection[int]) -> dict[int, date]:
    """Those of the notices that are still right, and the day: the user is there and something that
    they hold ends then."""
    notices = EndNotice.objects.filter(pk__in=notice_ids)
    found = bulk.select(
        f"SELECT x.user_id, x.ends_on FROM ({_ending(timedelta(days=FIRST_DAYS))}) x"
        f" WHERE x.user_id IN ({', '.join(str(n.user_id) for n in notices) or 'NULL'})"
    )
    right = {(user_id, str(day)) for user_id, day in found}
    return {n.pk: n.ends_on for n in notices if (n.user_id, str(n.ends_on)) in right}
