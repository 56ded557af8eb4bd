"""Who is missing (NEW16): children in care, schools and users to whom somebody has yet to be given.

Put together from the relations and the scope SQL (access/scope.py), so that a child has a
designated teacher or a social worker exactly when one of them may see the child now. What a reader
is shown or told of by a number is within their own scope, as everywhere.
"""

from dataclasses import replace
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.relations import Relations
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    OWN,
    SOCIAL_WORKER,
    Opens,
    Role,
    codes,
)
from schoolgate.access.scope import narrow, of_care, pupils_visible_to, sees, wide
from schoolgate.people.models import StaffRecord, User
from schoolgate.schools.models import CareEpisode, Elsewhere, Enrolment, Establishment, Pupil
from schoolgate.schools.today import holds


class Lack(StrEnum):
    """What a child in care may lack."""

    DESIGNATED_TEACHER = "designated-teacher"
    SOCIAL_WORKER = "social-worker"
    REACHED_ADULT = "reached-adult"
    SCHOOL = "school"


def pupils_lacking(lack: Lack, reader_id: int) -> QuerySet[Pupil]:
    """The children in care now who lack it, of those whom the reader may see.

    ``REACHED_ADULT``: no adult who sees the child by a school or a link, and not as one of those
    who see every child, has ever signed in. ``SCHOOL``: on roll nowhere, and not educated at home.
    """
    stand = relations.at()
    in_care = CareEpisode.objects.filter(holds(timezone.localdate())).values("pupil_id")
    pupils = pupils_visible_to(reader_id).filter(pk__in=in_care)
    match lack:
        case Lack.DESIGNATED_TEACHER:
            return _unseen(pupils, _of_role(stand, DESIGNATED_TEACHER))
        case Lack.SOCIAL_WORKER:
            return _unseen(pupils, _of_role(stand, SOCIAL_WORKER))
        case Lack.REACHED_ADULT:
            return _unseen(pupils, _signed_in_once(of_care(stand)))
        case Lack.SCHOOL:
            somewhere = Q(establishment__isnull=False) | Q(elsewhere=Elsewhere.AT_HOME)
            placed = Enrolment.objects.filter(holds(timezone.localdate())).filter(somewhere)
            return pupils.filter(pk__in=in_care.difference(placed.values("pupil_id")))


def schools_without_teacher(reader_id: int) -> QuerySet[Establishment]:
    """The schools that have a child in care on roll, and no designated teacher at all.

    Only children whom the reader may see count.
    """
    stand = relations.at()
    day = timezone.localdate()
    in_care = CareEpisode.objects.filter(holds(day)).values("pupil_id")
    seen = pupils_visible_to(reader_id).filter(pk__in=in_care).values("pk")
    needed = Enrolment.objects.filter(holds(day), establishment__isnull=False, pupil__in=seen)
    taught = RawSQL(
        f"SELECT g.establishment_id FROM {stand.grants} g"
        f" JOIN {stand.users} u ON u.id = g.user_id"
        f" WHERE g.role = '{DESIGNATED_TEACHER.code}' AND g.establishment_id IS NOT NULL",
        [],
    )
    return Establishment.objects.filter(
        gone_at__isnull=True, pk__in=needed.values("establishment_id")
    ).exclude(pk__in=taught)


def users_with_nobody() -> QuerySet[User]:
    """The users, neither gone nor inactive, who were given nobody to see.

    No role at all, a role that waits for a school (URN 0, LAC6), or one that waits for pupils.
    """
    stand = relations.at()
    places = {
        "g.establishment_id": (Opens.IN_CARE_ON_ROLL, Opens.ON_ROLL),
        "g.subject_area_id": (Opens.IN_ITS_CLASSES,),
        "g.school_class_id": (Opens.IN_THE_CLASS,),
        "g.pupil_id": (Opens.THE_PUPIL,),
        "g.user_id": (Opens.NOBODY,),  # who is meant to see nobody lacks nobody
    }
    of_a_place = " OR ".join(
        f"(g.role IN ({', '.join(map(_quoted, opens))}) AND {place} IS NOT NULL)"
        for place, opens in places.items()
    )
    own = (
        f"((substr(g.role, 1, {len(OWN)}) = '{OWN}' OR {relations.is_licence('g.role')})"
        " AND g.pupil_id IS NOT NULL)"
    )
    opening = RawSQL(
        f"SELECT w.user_id FROM ({wide(stand)}) w"
        f" UNION ALL SELECT g.user_id FROM {stand.grants} g WHERE {of_a_place} OR {own}",
        [],
    )
    there = RawSQL(
        f"SELECT u.id FROM {stand.users} u WHERE u.id NOT IN ({relations.inactive()})", []
    )
    # New staff of a school are its own to look after.
    staff = StaffRecord.objects.filter(ended_at__isnull=True).values("user_id")
    return User.objects.filter(pk__in=there).exclude(pk__in=opening).exclude(pk__in=staff)


def _unseen(pupils: QuerySet[Pupil], stand: Relations) -> QuerySet[Pupil]:
    """Those of ``pupils`` in care whom no grant over a school or a pupil in ``stand`` lets anybody
    see."""
    stand = _thinned(stand)
    # EXCEPT, because NOT IN would be looked up line by line where PostgreSQL guesses too high.
    unseen = RawSQL(
        f"SELECT c.pupil_id FROM {stand.episodes} c"
        f" EXCEPT SELECT s.pupil_id FROM ({sees(stand, narrow(stand))}) s",
        [],
    )
    return pupils.filter(pk__in=unseen)


def _thinned(stand: Relations) -> Relations:
    """The same answer to "does anybody see this child?", from far fewer grants over schools.

    Of those who hold a role over a school, one whom no restriction keeps from any child sees
    whoever the role reaches there, and so stands for all of them. Hundreds of teachers at a school
    would otherwise be millions of pairs.
    """
    restricted = f"SELECT r.user_id FROM {stand.restrictions} r"
    one_each = (
        f"SELECT min(a.id) FROM {stand.grants} a JOIN {stand.users} v ON v.id = a.user_id"
        f" WHERE a.pupil_id IS NULL AND a.user_id NOT IN ({restricted})"
        " GROUP BY a.role, a.establishment_id, a.subject_area_id, a.school_class_id"
    )
    grants = (
        f"(SELECT b.* FROM {stand.grants} b WHERE b.pupil_id IS NOT NULL"
        f" UNION ALL SELECT b.* FROM {stand.grants} b"
        f" WHERE b.pupil_id IS NULL AND b.user_id IN ({restricted})"
        f" UNION ALL SELECT b.* FROM {stand.grants} b WHERE b.id IN ({one_each}))"
    )
    return replace(stand, grants=grants)


def _of_role(stand: Relations, role: Role) -> Relations:
    grants = f"(SELECT a.* FROM {stand.grants} a WHERE a.role = '{role.code}')"
    return replace(stand, grants=grants)


def _signed_in_once(stand: Relations) -> Relations:
    users = (
        f"(SELECT a.id FROM {stand.users} a JOIN people_user b ON b.id = a.id"
        " WHERE b.last_login IS NOT NULL)"
    )
    return replace(stand, users=users)


def _quoted(opens: Opens) -> str:
    return ", ".join(f"'{code}'" for code in codes(opens))
