"""Who may give what to whom (PRODUCT.md, "Roles and what they see"; S31, S62).

An LA Super User may all there is. A School Admin makes School Admins and Leaders in their own
establishments, and Leaders make Leaders of their own subject areas. Teachers come from a sync, and
whatever shows more than the register is for an LA Super User to give.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.models import Denial, Grant
from schoolgate.access.roles import (
    FINANCE_MANAGER,
    LA_SUPER_USER,
    LEADER,
    SCHOOL_ADMIN,
    SCHOOL_ROLES,
)
from schoolgate.audit.actions import Actor
from schoolgate.kit import bulk
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.models import SubjectArea

ASK_SUPER_USER = "Ask an LA Super User: only they manage users and what they may see."
_IN_SCHOOL = {role.code for role in SCHOOL_ROLES}


@dataclass(frozen=True)
class Authority:
    """What somebody may manage now: everything, or establishments and subject areas (ids).

    ``schools``: where they are School Admin; ``subjects``: of which they are Leader. ``finance``:
    where they are Finance Manager, and so are told of usage, and manage nobody by it.
    """

    everything: bool = False
    schools: frozenset[int] = frozenset()
    subjects: frozenset[int] = frozenset()
    finance: frozenset[int] = frozenset()

    @property
    def any(self) -> bool:
        """Whether there is anything that they may manage."""
        return self.everything or bool(self.schools or self.subjects)

    def runs(self, establishment_id: int | None) -> bool:
        """Whether they manage the staff of the establishment."""
        return self.everything or establishment_id in self.schools

    def may_grant(
        self, role: str, establishment_id: int | None, subject_area_id: int | None
    ) -> bool:
        """Whether they may give this role over this place."""
        if self.everything:
            return True
        if role == LEADER.code and subject_area_id in self.subjects:
            return True
        return role in (SCHOOL_ADMIN.code, LEADER.code) and establishment_id in self.schools

    def may_end(self, role: str, establishment_id: int | None, subject_area_id: int | None) -> bool:
        """Whether they may end a grant: whatever is in their own place."""
        if self.runs(establishment_id):
            return True
        return role == LEADER.code and subject_area_id in self.subjects


def schools_led(mine: Authority) -> set[int]:
    """The establishments (ids) of the subject areas that somebody leads."""
    led = SubjectArea.objects.filter(pk__in=mine.subjects, gone_at__isnull=True)
    return set(led.values_list("establishment_id", flat=True)) if mine.subjects else set()


def administrators() -> set[int]:
    """The ids of the LA Super Users who are neither gone nor denied."""
    stand = relations.at()
    found = bulk.select(
        f"SELECT DISTINCT g.user_id FROM {stand.grants} g JOIN {stand.users} u ON u.id = g.user_id"
        " WHERE g.role = %s AND g.establishment_id IS NULL AND g.pupil_id IS NULL",
        [LA_SUPER_USER.code],
    )
    return {user_id for (user_id,) in found}


def lasting_administrators() -> set[int]:
    """Those of :func:`administrators` whose role has no last day."""
    held = Grant.objects.filter(
        user_id__in=administrators(), role=LA_SUPER_USER.code, pupil__isnull=True,
        establishment__isnull=True, ended_at__isnull=True, ends_on__isnull=True,
    )  # fmt: skip
    return set(held.values_list("user_id", flat=True))


def authority_of(by: Actor) -> Authority:
    """What the actor may manage at this moment; the system itself may everything."""
    if by.user_id is None:
        return Authority(everything=True)
    stand = relations.at()
    held = bulk.select(
        "SELECT g.role, g.establishment_id, g.subject_area_id, g.pupil_id"
        f" FROM {stand.grants} g JOIN {stand.users} u ON u.id = g.user_id"
        f" WHERE g.user_id = %s AND g.role IN ('{LA_SUPER_USER.code}', '{SCHOOL_ADMIN.code}',"
        f" '{LEADER.code}', '{FINANCE_MANAGER.code}')",
        [by.user_id],
    )
    if any(role == LA_SUPER_USER.code and not (place or pupil) for role, place, _, pupil in held):
        return Authority(everything=True)
    return Authority(
        schools=frozenset(
            place for role, place, _, _ in held if role == SCHOOL_ADMIN.code and place
        ),
        subjects=frozenset(
            subject for role, _, subject, _ in held if role == LEADER.code and subject
        ),
        finance=frozenset(
            place for role, place, _, _ in held if role == FINANCE_MANAGER.code and place
        ),
    )


def may_manage(by: Actor) -> None:
    """Raise Refusal unless the actor may manage all users: an LA Super User, or the system."""
    if not authority_of(by).everything:
        raise Refusal(ASK_SUPER_USER)


def may_run(by: Actor, establishment_ids: Iterable[int | None]) -> None:
    """Raise Refusal unless the actor manages the staff of each of these establishments."""
    mine = authority_of(by)
    if not all(mine.runs(id_) for id_ in establishment_ids):
        raise Refusal(
            "Ask a School Admin of that school, or an LA Super User: only they manage its staff."
            if mine.any
            else ASK_SUPER_USER
        )


def accounts_managed(by: Actor, user_ids: Collection[int]) -> set[int]:
    """Those of the users whose address, second factors, invitation and status are the actor's to
    change: only somebody who could give all of a user's roles may (S62).

    For a School Admin: staff of their own establishments alone, with no other role anywhere.
    """
    mine = authority_of(by)
    wanted = set(user_ids)
    if mine.everything:
        return wanted
    if not mine.schools:
        return set()
    with bulk.temporary("asked", "id BIGINT PRIMARY KEY"):
        bulk.load("asked", ["id"], ((id_,) for id_ in wanted))
        mine_all = ", ".join(map(str, sorted(mine.schools)))
        roles = ", ".join(f"'{code}'" for code in sorted(_IN_SCHOOL))
        on_record = (
            "SELECT g.user_id, CASE WHEN"
            f" g.role IN ({roles}) AND g.establishment_id IN ({mine_all}) THEN 1 ELSE 0 END AS own"
            " FROM access_grant g JOIN asked q ON q.id = g.user_id WHERE g.ended_at IS NULL"
            f" AND (g.ends_on IS NULL OR g.ends_on >= {relations.sql_day(timezone.localdate())})"
            " UNION ALL SELECT s.user_id,"
            f" CASE WHEN s.establishment_id IN ({mine_all}) THEN 1 ELSE 0 END"
            " FROM people_staffrecord s JOIN asked q ON q.id = s.user_id WHERE s.ended_at IS NULL"
        )
        found = bulk.select(
            f"SELECT o.user_id FROM ({on_record}) o JOIN people_user u ON u.id = o.user_id"
            " WHERE u.gone_at IS NULL GROUP BY o.user_id HAVING min(o.own) = 1"
        )
    return {user_id for (user_id,) in found}


def may_manage_accounts(by: Actor, user_ids: Collection[int]) -> None:
    """Raise Refusal unless all these users' accounts are the actor's to change (S62)."""
    if len(accounts_managed(by, user_ids)) < len(set(user_ids)):
        raise Refusal(
            "Ask an LA Super User: somebody among them works elsewhere too, or has a role that you"
            " could not give, so their account is not yours to change. What they hold in your"
            " school you can still take away or put to sleep."
        )


def refuse_lifting(by: Actor, denials: QuerySet[Denial]) -> None:
    """Raise Refusal when one of the denials was made by an LA Super User, and the actor is none."""
    if authority_of(by).everything:
        return
    makers = set(denials.values_list("recorded_by_id", flat=True))
    if makers & {None, *administrators()}:
        raise Refusal("Ask an LA Super User: one of them made this person inactive.")
