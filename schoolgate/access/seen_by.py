"""Who can see one child (NEW6), in parts that a page can show: by person, paged, and later on.

Every part is asked of the SQL of scope (access/scope.py); nothing here decides.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.models import Grant, Restriction
from schoolgate.access.relations import Relations
from schoolgate.access.scope import narrow, of_staff, reaches, sees, wide
from schoolgate.kit import bulk, dates
from schoolgate.people.models import User
from schoolgate.schools.models import CareEpisode, ClassMembership, ClassSubject, Enrolment

PLACES = ("establishment", "subject_area", "school_class")
DAYS_AHEAD = 6  # days on which something changes that are looked at


def near(pupil_id: int, as_at: datetime | None = None, *, family: bool = True) -> QuerySet[User]:
    """The users who see the child by a school or a link, and not because they see every child.

    ``family``: also those who do by a licence alone. A reader who has one themselves is told of no
    other (S35).
    """
    stand = relations.at(as_at) if family else of_staff(relations.at(as_at))
    found = (
        f"SELECT s.user_id FROM ({sees(stand, narrow(stand))}) s WHERE s.pupil_id = %s"
        f" AND s.user_id NOT IN (SELECT w.user_id FROM ({wide(stand)}) w)"
    )
    return User.objects.filter(pk__in=RawSQL(found, [pupil_id]))


def everybody(pupil_id: int, as_at: datetime | None = None) -> QuerySet[User]:
    """The users who see the child because they see every child (less restricted ones)."""
    stand = relations.at(as_at)
    return User.objects.filter(pk__in=RawSQL(_wide_seers(stand, "s.user_id"), [pupil_id]))


def how_many_see_everybody(pupil_id: int, as_at: datetime | None = None) -> dict[str, int]:
    """Of :func:`everybody`, how many hold each role (by its code)."""
    found = _wide_seers(relations.at(as_at), "s.user_id, s.grant_id")
    return dict(
        bulk.select(
            f"SELECT g.role, count(DISTINCT x.user_id) FROM ({found}) x"
            " JOIN access_grant g ON g.id = x.grant_id GROUP BY g.role ORDER BY g.role",
            [pupil_id],
        )
    )


def through(
    pupil_id: int, user_ids: Sequence[int], as_at: datetime | None = None, *, family: bool = True
) -> dict[int, list[Grant]]:
    """Each of these users' grants through which they see the child (``family``: licences too); in
    two queries."""
    stand = relations.at(as_at) if family else of_staff(relations.at(as_at))
    among = ", ".join(map(str, user_ids)) or "NULL"
    found = bulk.select(
        f"SELECT DISTINCT s.user_id, s.grant_id FROM ({sees(stand, reaches(stand))}) s"
        f" WHERE s.pupil_id = %s AND s.user_id IN ({among})",
        [pupil_id],
    )
    grants = Grant.objects.select_related(*PLACES).in_bulk([g for _, g in found])
    by_user: dict[int, list[Grant]] = defaultdict(list)
    for user_id, grant_id in sorted(found):
        by_user[user_id].append(grants[grant_id])
    return by_user


@dataclass(frozen=True)
class Change:
    """On this day somebody begins to see the child, or no longer does; and through what."""

    day: date
    user: User
    begins: bool
    grants: list[Grant]


def later(pupil_id: int) -> list[Change]:
    """Who begins to see the child, or no longer does, by what is on record today.

    Looks at the next days on which a grant, restriction, enrolment or care episode that bears on
    the child begins or is over; nothing that a person may still change is known of course.
    """
    days = _days_of_change(pupil_id)
    if not days:
        return []
    stands = [relations.at(), *(relations.at(dates.end_of(day)) for day in days)]
    found = bulk.select(
        " UNION ALL ".join(
            f"SELECT {number}, s.user_id, s.grant_id FROM ({sees(stand, reaches(stand))}) s"
            " WHERE s.pupil_id = %s"
            for number, stand in enumerate(stands)
        ),
        [pupil_id] * len(stands),
    )
    seen: list[dict[int, set[int]]] = [defaultdict(set) for _ in stands]
    for number, user_id, grant_id in found:
        seen[number][user_id].add(grant_id)
    grants = Grant.objects.select_related("user", *PLACES).in_bulk(
        {grant_id for _, _, grant_id in found}
    )
    changes = []
    for number, day in enumerate(days, start=1):
        before, after = seen[number - 1], seen[number]
        for user_id in before.keys() ^ after.keys():
            held = [grants[id_] for id_ in sorted(after.get(user_id) or before[user_id])]
            changes.append(Change(day, held[0].user, user_id in after, held))
    return sorted(changes, key=lambda c: (c.day, c.user.last_key, c.user.first_key, c.user.pk))


def _days_of_change(pupil_id: int) -> list[date]:
    today = timezone.localdate()
    ahead = Q(ended_at__isnull=True) & (Q(starts_on__gt=today) | Q(ends_on__gte=today))
    rolls = Enrolment.objects.filter(pupil_id=pupil_id, ended_at__isnull=True)
    schools = rolls.filter(establishment__isnull=False).values("establishment_id")
    wide_or_here = Q(establishment__isnull=True, pupil__isnull=True) | Q(pupil_id=pupil_id)
    grants = Grant.objects.filter(wide_or_here | Q(establishment__in=schools))
    classes = ClassMembership.objects.filter(pupil_id=pupil_id, ended_at__isnull=True)
    spells = ("starts_on", "ends_on")
    found = (
        grants.filter(ahead)
        .values_list(*spells)
        .union(
            rolls.filter(ahead).values_list(*spells),
            CareEpisode.objects.filter(ahead, pupil_id=pupil_id).values_list(*spells),
            classes.filter(ahead).values_list(*spells),
            ClassSubject.objects.filter(
                ahead, school_class__in=classes.values("school_class_id")
            ).values_list(*spells),
            Restriction.objects.filter(ahead, pupil_id=pupil_id).values_list(*spells),
        )
    )
    days = set()
    for starts_on, ends_on in found:
        ends = ends_on is not None and ends_on < date.max  # no day follows the last there is
        days |= {starts_on} | ({ends_on + timedelta(days=1)} if ends else set())
    return sorted(day for day in days if day > today)[:DAYS_AHEAD]


def _wide_seers(stand: Relations, columns: str) -> str:
    reached = (
        f"SELECT w.user_id, p.id AS pupil_id, w.grant_id FROM ({wide(stand)}) w"
        f" CROSS JOIN {stand.pupils} p"
    )
    return f"SELECT {columns} FROM ({sees(stand, reached)}) s WHERE s.pupil_id = %s"
