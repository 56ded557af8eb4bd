"""How a user stands: what an edit starts from, and how it is noticed that somebody was quicker."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import Q
from django.utils import timezone

from schoolgate.access.actions import shut_out
from schoolgate.access.holdings import grants_of
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import known_roles, user_roles
from schoolgate.access.roles import DESIGNATED_TEACHER
from schoolgate.audit.models import Event, EventBatch
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment

_SIGNER = signing.Signer(salt="schoolgate.web.user-standing")
LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail address",
    "job_title": "Job title",
    "phone": "Phone",
    "establishment": "Works at",
    "roles": "Roles",
    "schools": "Designated Teacher at",
    "school_unknown": "School not known yet",
    "status": "Status",
}


@dataclass(frozen=True)
class Standing:
    """What can be edited of a user. Establishments by URN; links to pupils, and what they are in a
    school, are edited elsewhere."""

    first_name: str
    last_name: str
    email: str
    job_title: str
    phone: str
    establishment: str
    roles: list[str]
    schools: list[str]
    school_unknown: bool
    status: str

    def token(self) -> str:
        """What the form keeps of how the user stood when it was opened; nobody can forge it.

        The same standing has the same token, whenever it is made.
        """
        return _SIGNER.sign_object(asdict(self), compress=True)

    def in_words(self, name: str) -> str:
        """One of the facts as people read it."""
        return fact_in_words(name, getattr(self, name))


def fact_in_words(name: str, value: Any) -> str:
    """A fact of :class:`Standing` as people read it; a URN with the name of its school."""
    if name == "roles":
        known = known_roles()
        return ", ".join(known[code].name for code in value)
    if name in ("schools", "establishment"):
        urns: list[str] = value if isinstance(value, list) else [value]
        found = Establishment.objects.filter(urn__in=urns, gone_at__isnull=True)
        names = {school.urn: f"{school.name} (URN {school.urn})" for school in found}
        return "\n".join([names.get(urn, urn) for urn in urns])
    if name == "school_unknown":
        return "Yes" if value else ""
    return str(value).capitalize() if name == "status" else str(value)


def from_token(token: str) -> Standing | None:
    """How the user stood; None for a token that is none of ours."""
    try:
        return Standing(**_SIGNER.unsign_object(token))
    except (signing.BadSignature, TypeError):
        return None


def held_by(user_id: int) -> list[Grant]:
    """The grants on record of a user that are not over; links to pupils left out."""
    today = timezone.localdate()
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=today)
    return list(grants_of(user_id).filter(not_over, pupil__isnull=True).order_by("pk"))


def standing_of(person: User) -> Standing:
    """How the user stands now."""
    today = timezone.localdate()
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=today)
    roles = set(grants_of(person.pk).filter(not_over).values_list("role", flat=True).distinct())
    teaching = [g for g in held_by(person.pk) if g.role == DESIGNATED_TEACHER.code]
    denied = person.pk in shut_out([person.pk])
    return Standing(
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        job_title=person.job_title,
        phone=person.phone,
        establishment=person.workplace.urn if person.workplace else "",
        roles=[code for code in user_roles() if code in roles],
        schools=sorted({g.establishment.urn for g in teaching if g.establishment}),
        school_unknown=bool(teaching) and not any(g.establishment_id for g in teaching),
        status="inactive" if denied else "active",
    )


@dataclass(frozen=True)
class LastChange:
    """Who changed something about a user last, and when. ``by`` is blank for the system."""

    by: str
    at: datetime


def last_change(user_id: int) -> LastChange | None:
    """The last change of a user or of what they hold, from the log."""
    verbs = ("changed", "granted", "revoked", "denied", "allowed")
    event = Event.objects.filter(user_id=user_id, verb__in=verbs).order_by("-pk").first()
    batch = EventBatch.objects.filter(pk=event.batch_id).first() if event else None
    if batch is None:
        return None
    person = User.objects.filter(pk=batch.actor_id or 0).first()
    return LastChange(str(person or ""), batch.at)
