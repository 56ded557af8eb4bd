"""Whether somebody must have a second factor, and how a session stands by that (NEW11, S25).

Whoever holds a role of staff must; parents and other licence holders may. In their first session
without one a grace begins, a day unless the organisation allows none; when it is over, nothing but
setting one up is open to them.

Whoever signed in with a first password from a file must choose their own, before anything else
(S22).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.roles import PUPIL
from schoolgate.kit import bulk
from schoolgate.people.models import User
from schoolgate.schools.models import A_DAY
from schoolgate.sign_in import factors, sessions
from schoolgate.sign_in.models import Second, UserSession


@dataclass(frozen=True)
class Standing:
    """A session that holds, and what is to be said of the second factor of its user.

    ``due_at``: until when one must be set up; None where there is one, none is wanted, or it never
    falls due (the demonstration, until somebody there sets the grace, or theirs was reset).
    ``is_family``: they hold a licence over a pupil, or hold nothing and once held one.
    ``is_child``: of licences they hold that of a pupil alone.
    """

    session: UserSession
    is_required: bool
    has_factor: bool
    due_at: datetime | None
    has_first_password: bool = False
    is_family: bool = False
    is_child: bool = False

    @property
    def is_family_only(self) -> bool:
        """Whether they have no role of staff beside their licences (ITS9)."""
        return self.is_family and not self.is_required

    def is_overdue(self, at: datetime) -> bool:
        """Whether nothing else is open until a second factor is set up."""
        return self.due_at is not None and self.due_at <= at


def standing(user_id: int, session_id: int) -> Standing | None:
    """How a session of a user stands now; None when it does not hold.

    One made without a second factor is over as soon as its user has one, but for the session in
    which it was set up.
    """
    now = timezone.now()
    found = UserSession.objects.raw(
        _SQL.format(grants=relations.at().grants), [session_id, user_id]
    )
    for session in found:
        if not sessions.is_live(session, now):
            return None
        known = vars(session)
        if known["has_factor"] and session.second == Second.NONE:
            return None
        required, has = bool(known["is_required"]), bool(known["has_factor"])
        first = bool(known["has_first_password"])
        licensed, others = bool(known["has_licence"]), bool(known["has_other_licence"])
        family = licensed or (not required and bool(known["had_licence"]))
        return Standing(
            session, required, has, _due_at(session), first, family, licensed and not others
        )
    return None


_SQL = (
    "SELECT s.*, u.factor_asked_at AS asked_at, u.has_first_password,"
    f" {factors.has_one('u.id')} AS has_factor,"
    " EXISTS (SELECT 1 FROM {grants} a WHERE a.user_id = u.id"
    f" AND NOT {relations.is_licence('a.role')}) AS is_required,"
    " EXISTS (SELECT 1 FROM {grants} a WHERE a.user_id = u.id"
    f" AND {relations.is_licence('a.role')}) AS has_licence,"
    " EXISTS (SELECT 1 FROM {grants} a WHERE a.user_id = u.id"
    f" AND {relations.is_licence('a.role')} AND a.role <> '{PUPIL.code}') AS has_other_licence,"
    " EXISTS (SELECT 1 FROM access_grant a WHERE a.user_id = u.id"
    f" AND {relations.is_licence('a.role')}) AS had_licence,"
    " o.factor_grace_hours AS grace_hours, o.is_demonstration AS is_demonstration"
    " FROM sign_in_usersession s JOIN people_user u ON u.id = s.user_id"
    " LEFT JOIN schools_organisation o ON o.id = (SELECT min(id) FROM schools_organisation)"
    " WHERE s.id = %s AND s.user_id = %s"
)


def _due_at(session: UserSession) -> datetime | None:
    known = vars(session)
    if not known["is_required"] or known["has_factor"] or session.second == Second.PROVIDER:
        return None
    hours = known["grace_hours"]
    began = _moment(known["asked_at"]) or session.made_at
    if hours is None and known["is_demonstration"] and began != factors.LONG_AGO:
        return None
    return began + timedelta(hours=A_DAY if hours is None else hours)


def _moment(value: datetime | None) -> datetime | None:
    """A moment as a raw query gives it: SQLite without its zone, which is UTC."""
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def begin_grace(user: User) -> None:
    """Let the grace of somebody who comes in without a second factor begin, unless it has."""
    bulk.execute(
        "UPDATE people_user SET factor_asked_at = %s WHERE id = %s AND factor_asked_at IS NULL"
        f" AND EXISTS (SELECT 1 FROM {relations.at().grants} a WHERE a.user_id = people_user.id"
        f" AND NOT {relations.is_licence('a.role')})",
        [timezone.now(), user.pk],
    )
