"""Who is on the staff of an establishment, how they stand there, and what they hold there (PP3).

On the staff is whoever is there and has a live staff record at it, or a role over it or over
something inside it, on record and not over. Nothing here says whom they see.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from schoolgate.access.authority import administrators
from schoolgate.access.holdings import denied
from schoolgate.access.models import Denial, Grant
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import SCHOOL_ADMIN
from schoolgate.outbox.models import Mail, State
from schoolgate.people.invitations import INVITED, KIND, with_state
from schoolgate.people.models import Invitation, StaffRecord, User
from schoolgate.schools.models import ClassSubject, SubjectArea
from schoolgate.schools.today import holds


@dataclass
class Held:
    """What somebody holds in an establishment today or from a later day on: names of roles, and of
    the subject areas they lead. ``administers``: the ids of their grants as School Admin."""

    roles: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    administers: list[int] = field(default_factory=list)


def staff_of(establishment_id: int) -> QuerySet[User]:
    """The staff of an establishment.

    Each has ``is_denied`` (inactive: they cannot sign in, or what they hold here sleeps),
    ``sleeps_here`` (denied over this establishment), ``invitation_state``, and ``sync``: the status
    of their staff record here, None without one.
    """
    here = Denial.objects.filter(
        user=OuterRef("pk"), establishment_id=establishment_id, ended_at__isnull=True
    )
    posts = StaffRecord.objects.filter(establishment_id=establishment_id, ended_at__isnull=True)
    grants = _on_record(establishment_id)
    ids = posts.order_by().values("user_id").union(grants.order_by().values("user_id"))
    there = User.objects.filter(pk__in=ids, gone_at__isnull=True)
    return (
        with_state(there)
        .annotate(sleeps_here=Exists(here))
        .annotate(
            is_denied=Q(sleeps_here=True) | Exists(denied().filter(user=OuterRef("pk"))),
            sync=Subquery(posts.filter(user=OuterRef("pk")).values("sync")[:1]),
        )
    )


def _on_record(establishment_id: int) -> QuerySet[Grant]:
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    return Grant.objects.filter(not_over, establishment_id=establishment_id, ended_at__isnull=True)


def holding(users: QuerySet[User], establishment_id: int, role: str) -> QuerySet[User]:
    """Those of the users who hold a role here."""
    held = _on_record(establishment_id).filter(role=role)
    return users.filter(pk__in=held.values("user_id"))


def of_subject(users: QuerySet[User], subject: SubjectArea, day: date) -> QuerySet[User]:
    """Those of the users who lead the subject area, or teach a class of it."""
    classes = ClassSubject.objects.filter(holds(day), subject_area=subject)
    held = _on_record(subject.establishment_id).filter(
        Q(subject_area=subject) | Q(school_class__in=classes.values("school_class_id"))
    )
    return users.filter(pk__in=held.values("user_id"))


def held_here(user_ids: Collection[int], establishment_id: int) -> dict[int, Held]:
    """What each of these users holds here, in two queries however many they are."""
    found: dict[int, Held] = {user_id: Held() for user_id in user_ids}
    rows = (
        _on_record(establishment_id)
        .filter(user_id__in=user_ids)
        .annotate(subject=F("subject_area__name"))
        .order_by("subject_area__name_key", "pk")
        .values_list("pk", "user_id", "role", "subject")
    )
    known = every_role()
    for grant_id, user_id, role, subject in rows:
        held = found[user_id]
        name = known[role].name if role in known else ""
        if name and name not in held.roles:
            held.roles.append(name)
        if subject and subject not in held.subjects:
            held.subjects.append(subject)
        if role == SCHOOL_ADMIN.code:
            held.administers.append(grant_id)
    for held in found.values():
        held.roles.sort()
    return found


def denied_from_above(user_ids: Iterable[int], establishment_id: int) -> set[int]:
    """Those of the users whom only an LA Super User can let in again here: one of them, or the
    system, made the denial."""
    above = administrators()
    made = Denial.objects.filter(
        user_id__in=user_ids, establishment_id=establishment_id, ended_at__isnull=True
    ).values_list("user_id", "recorded_by_id")
    return {user_id for user_id, maker in made if maker is None or maker in above}


def sent_invitations(
    user_ids: Collection[int],
) -> dict[int, tuple[datetime | None, datetime | None]]:
    """When the mail of each user's live invitation went out, and until when its link works: two
    queries however many they are. None while it waits to be sent, and without an invitation."""
    live = Invitation.objects.filter(user_id__in=user_ids, ended_at__isnull=True)
    until = {row[0]: row[1:] for row in live.values_list("pk", "user_id", "expires_at")}
    sent: dict[int | None, datetime | None] = dict(
        Mail.objects.filter(kind=KIND, user_id__in=user_ids, subject_id__in=until)
        .exclude(state__in=[State.WAITING, State.CANCELLED])
        .order_by("pk")
        .values_list("subject_id", "ended_at")
    )
    found: dict[int, tuple[datetime | None, datetime | None]] = dict.fromkeys(
        user_ids, (None, None)
    )
    for id_, (user_id, expires_at) in until.items():
        found[user_id] = (sent.get(id_), expires_at)
    return found


def waiting_for_mail(users: QuerySet[User]) -> int:
    """To how many of the users (from ``staff_of``) an invitation still waits to be sent."""
    waits = Mail.objects.filter(kind=KIND, state=State.WAITING, user_id=OuterRef("pk"))
    return users.filter(Exists(waits), Q(invitation_state=INVITED)).order_by().count()
