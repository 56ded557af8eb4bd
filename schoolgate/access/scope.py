"""Scope: the one definition of who may see which child.

A grant *reaches* pupils by the rule of its role; a user *sees* a pupil when a grant of theirs
reaches it and nothing blocks it: a restriction between the two, a denial, or either being gone.
Every page, list, count, export and command asks one of the four questions below, and all four are
put together from the same pieces of SQL. An error while deciding is raised, and so means no (S60).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from schoolgate.access import relations
from schoolgate.access.models import Grant
from schoolgate.access.relations import Relations
from schoolgate.access.roles import OWN, ROLES, SCHOOL_ROLES, Detail, Opens, codes
from schoolgate.kit import bulk
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil


@dataclass(frozen=True)
class Opening:
    """A user who sees a pupil, and one grant through which (NEW6)."""

    user: User
    grant: Grant


def pupils_visible_to(user_id: int, as_at: datetime | None = None) -> QuerySet[Pupil]:
    """The pupils that the user may see now, or (NEW6) what was the answer at ``as_at``.

    Asks one small question at once (does a grant open every pupil?), so that the query of a list
    can use the index of its order.
    """
    stand = relations.at(as_at)
    there = Pupil.objects.filter(gone_at__isnull=True)
    if as_at is not None:
        there = Pupil.objects.filter(pk__in=RawSQL(f"SELECT p.id FROM {stand.pupils} p", []))
    return pupils_seen_in(stand, user_id, there)


def pupils_seen_in(stand: Relations, user_id: int, there: QuerySet[Pupil]) -> QuerySet[Pupil]:
    """Those of ``there`` (the pupils of ``stand``) whom the user would see if it were so."""
    if not _one(f"SELECT 1 FROM {stand.users} u WHERE u.id = %s", user_id):
        return Pupil.objects.none()
    if is_wide(stand, user_id):
        return there.exclude(pk__in=RawSQL(_restricted(stand), [user_id]))
    # Worked out once: PostgreSQL would do it anew for each pupil where it expects next to none.
    narrow_to = (
        f"WITH seen AS MATERIALIZED (SELECT s.pupil_id FROM ({sees(stand, narrow(stand))}) s"
        " WHERE s.user_id = %s) SELECT seen.pupil_id FROM seen"
    )
    return there.filter(pk__in=RawSQL(narrow_to, [user_id]))


def pupils_told_of_care(user_id: int) -> QuerySet[Pupil]:
    """The pupils of whom the user may know now whether they are in care, and who works with them:
    those they see through a role that shows more than the register."""
    stand = relations.at()
    return pupils_seen_in(of_care(stand), user_id, Pupil.objects.filter(gone_at__isnull=True))


def of_care(stand: Relations) -> Relations:
    """The relations with only those grants whose roles show that a child is in care."""
    known = ", ".join(f"'{role.code}'" for role in ROLES.values() if role.shows_care)
    own = (
        f"SELECT '{OWN}' || o.id FROM access_ownrole o WHERE o.shows = '{Detail.EVERYTHING.value}'"
    )
    return replace(
        stand,
        grants=f"(SELECT a.* FROM {stand.grants} a WHERE a.role IN ({known}) OR a.role IN ({own}))",
    )


def pupils_by_work(user_id: int) -> QuerySet[Pupil]:
    """The pupils whom the user may see now by a role of staff, and not by a licence alone: those
    whose record, of whatever detail, is shown to them. Of the others they see the family's page."""
    stand = relations.at()
    there = Pupil.objects.filter(gone_at__isnull=True)
    return pupils_seen_in(of_staff(stand), user_id, there)


def pupils_by_licence(user_id: int) -> QuerySet[Pupil]:
    """The pupils whom the user may see now by a licence: their own children, say (ITS9)."""
    stand = relations.at()
    there = Pupil.objects.filter(gone_at__isnull=True)
    return pupils_seen_in(of_licences(stand), user_id, there)


def of_staff(stand: Relations) -> Relations:
    """The relations without the grants that are licences."""
    grants = f"(SELECT a.* FROM {stand.grants} a WHERE NOT {relations.is_licence('a.role')})"
    return replace(stand, grants=grants)


def of_licences(stand: Relations) -> Relations:
    """The relations with only those grants that are licences (PT11)."""
    grants = f"(SELECT a.* FROM {stand.grants} a WHERE {relations.is_licence('a.role')})"
    return replace(stand, grants=grants)


def of_register(stand: Relations) -> Relations:
    """The relations with only those grants whose roles are of a school and show the register.

    For whoever is told of others' access and may not know which children are in care: what such a
    grant reaches says nothing of it.
    """
    return of_roles(stand, {role.code for role in SCHOOL_ROLES})


def of_roles(stand: Relations, wanted: Collection[str]) -> Relations:
    """The relations with only those grants that are of these roles (their codes)."""
    known = ", ".join(f"'{code}'" for code in sorted(wanted))
    return replace(stand, grants=f"(SELECT a.* FROM {stand.grants} a WHERE a.role IN ({known}))")


def pupils_kept_from(user_id: int) -> set[int]:
    """The pupils on record whom the user, who works with all of them, may not see all the same.

    For an LA Super User without a restriction this is nobody, and the answer costs next to nothing.
    """
    stand = relations.at()
    if is_wide(stand, user_id):
        kept = f"SELECT r.pupil_id FROM ({_restricted(stand)}) r"
        return {pupil_id for (pupil_id,) in bulk.select(kept, [user_id])}
    seen = pupils_visible_to(user_id).values("pk")
    return set(Pupil.objects.exclude(pk__in=seen).values_list("pk", flat=True))


def is_wide(stand: Relations, user_id: int) -> bool:
    """Whether a grant of the user opens every pupil (of whom restrictions keep some from them)."""
    return _one(f"SELECT 1 FROM ({wide(stand)}) w WHERE w.user_id = %s", user_id)


def among_visible(user_id: int, column: str) -> tuple[str, list[int]]:
    """An SQL condition, with its parameters: the pupil in ``column`` is one the user sees now.

    For counts of what others see, which tell a reader of no child whom they may not see (S35); of
    one whom they see by a licence alone, as little.
    """
    stand = of_staff(relations.at())
    if is_wide(stand, user_id):
        return f"{column} NOT IN ({_restricted(stand)})", [user_id]
    seen = f"SELECT v.pupil_id FROM ({sees(stand, narrow(stand))}) v WHERE v.user_id = %s"
    return f"{column} IN ({seen})", [user_id]


def _restricted(stand: Relations) -> str:
    return f"SELECT pupil_id FROM {stand.restrictions} r WHERE r.user_id = %s"


def sees_every_pupil(user_id: int) -> bool:
    """Whether a role of the user opens every pupil (less those that a restriction keeps)."""
    return is_wide(relations.at(), user_id)


def users_who_can_see(pupil_id: int, as_at: datetime | None = None) -> list[Opening]:
    """Each user who may see the pupil, with each grant that lets them, by the user's name."""
    stand = relations.at(as_at)
    found = bulk.select(
        f"SELECT DISTINCT s.user_id, s.grant_id FROM ({sees(stand, reaches(stand))}) s"
        " WHERE s.pupil_id = %s",
        [pupil_id],
    )
    grants = Grant.objects.select_related(
        "user", "establishment", "subject_area", "school_class", "pupil"
    ).in_bulk([grant_id for _, grant_id in found])
    return sorted(
        (Opening(grant.user, grant) for grant in grants.values()),
        key=lambda o: (o.user.last_key, o.user.first_key, o.user.pk, o.grant.role, o.grant.pk),
    )


def may_see(user_id: int, pupil_id: int, as_at: datetime | None = None) -> bool:
    """Whether the user may see the pupil."""
    stand = relations.at(as_at)
    return _one(
        f"SELECT 1 FROM ({sees(stand, reaches(stand))}) s"
        " WHERE s.user_id = %s AND s.pupil_id = %s LIMIT 1",
        user_id,
        pupil_id,
    )


def grants_that_reach(user_id: int, pupil_id: int, as_at: datetime | None = None) -> set[int]:
    """The ids of the user's grants that reach the pupil, blocked or not (see access/why.py)."""
    found = bulk.select(
        f"SELECT s.grant_id FROM ({reaches(relations.at(as_at))}) s"
        " WHERE s.user_id = %s AND s.pupil_id = %s",
        [user_id, pupil_id],
    )
    return {grant_id for (grant_id,) in found}


# The pieces, each a SELECT. `reaches` and `narrow` have the columns user_id, pupil_id, grant_id.


def wide(stand: Relations) -> str:
    """The grants that open every pupil: (user_id, grant_id)."""
    return (
        f"SELECT g.user_id, g.id AS grant_id FROM {stand.grants} g"
        f" WHERE g.role IN ({_roles(Opens.EVERY_PUPIL)})"
        " AND g.establishment_id IS NULL AND g.pupil_id IS NULL"
    )


def narrow(stand: Relations) -> str:
    """What grants over pupils and in establishments reach, one row a user, pupil and grant."""
    return " UNION ALL ".join([_linked(stand), _in_care(stand), *register(stand)])


def _linked(stand: Relations) -> str:
    # The roles and licence types that the organisation has added are over pupils, all of them.
    return (
        "SELECT g.user_id, g.pupil_id, g.id AS grant_id"
        f" FROM {stand.grants} g WHERE g.pupil_id IS NOT NULL"
        f" AND (g.role IN ({_roles(Opens.THE_PUPIL)}) OR substr(g.role, 1, {len(OWN)}) = '{OWN}'"
        f" OR {relations.is_licence('g.role')})"
    )


def _in_care(stand: Relations) -> str:
    return (
        "SELECT g.user_id, e.pupil_id, g.id AS grant_id"
        f" FROM {stand.grants} g"
        f" JOIN {stand.enrolments} e ON e.establishment_id = g.establishment_id"
        f" JOIN {stand.episodes} c ON c.pupil_id = e.pupil_id"
        f" WHERE g.role IN ({_roles(Opens.IN_CARE_ON_ROLL)})"
    )


def register(stand: Relations) -> list[str]:
    """What is reached by being on roll and in classes, and says nothing of care: each a SELECT."""
    in_class = (
        f" JOIN {stand.memberships} m ON m.school_class_id = k.school_class_id"
        # Whoever has left the school is in none of its classes, whatever a class list says.
        f" JOIN {stand.enrolments} e ON e.pupil_id = m.pupil_id"
        " AND e.establishment_id = k.establishment_id"
    )
    return [
        "SELECT g.user_id, e.pupil_id, g.id AS grant_id"
        f" FROM {stand.grants} g"
        f" JOIN {stand.enrolments} e ON e.establishment_id = g.establishment_id"
        f" WHERE g.role IN ({_roles(Opens.ON_ROLL)})",
        "SELECT g.user_id, m.pupil_id, g.id AS grant_id"
        f" FROM {stand.grants} g"
        f" JOIN {stand.classes} k ON k.subject_area_id = g.subject_area_id{in_class}"
        f" WHERE g.role IN ({_roles(Opens.IN_ITS_CLASSES)})",
        "SELECT g.user_id, m.pupil_id, g.id AS grant_id"
        f" FROM {stand.grants} g"
        f" JOIN {stand.classes} k ON k.school_class_id = g.school_class_id{in_class}"
        f" WHERE g.role IN ({_roles(Opens.IN_THE_CLASS)})",
    ]


def reaches(stand: Relations) -> str:
    """What every grant reaches, blocked or not."""
    return (
        f"{narrow(stand)} UNION ALL "
        f"SELECT w.user_id, p.id AS pupil_id, w.grant_id FROM ({wide(stand)}) w"
        f" CROSS JOIN {stand.pupils} p"
    )


def sees(stand: Relations, reached: str) -> str:
    """What of ``reached`` is seen: less gone and denied users, gone pupils, and restrictions."""
    return (
        f"SELECT s.user_id, s.pupil_id, s.grant_id FROM ({reached}) s"
        f" JOIN {stand.users} u ON u.id = s.user_id"
        f" JOIN {stand.pupils} q ON q.id = s.pupil_id"
        f" WHERE NOT EXISTS (SELECT 1 FROM {stand.restrictions} r"
        " WHERE r.user_id = s.user_id AND r.pupil_id = s.pupil_id)"
    )


def _roles(opens: Opens) -> str:
    return ", ".join(f"'{code}'" for code in codes(opens))


def _one(sql: str, *params: int) -> bool:
    return bool(bulk.select(sql, params))
