"""How a member of staff stands in a school: what an edit starts from, and how it is noticed that
somebody was quicker (S57)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.core import signing

from schoolgate.access.levels import Levels, levels_in
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment

_SIGNER = signing.Signer(salt="schoolgate.web.staff-standing")
DETAILS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail address",
    "job_title": "Job title",
    "phone": "Phone",
}
LEVELS = {"admin": "School Admin", "subjects": "Leader of", "finance": "Finance Manager"}
LABELS = {**DETAILS, **LEVELS}


@dataclass(frozen=True)
class Standing:
    """What can be edited of a member of staff; ``subjects``: ids of the areas they lead."""

    first_name: str
    last_name: str
    email: str
    job_title: str
    phone: str
    admin: bool
    subjects: list[int]
    finance: bool

    @property
    def levels(self) -> Levels:
        return Levels(self.admin, frozenset(self.subjects), self.finance)

    def token(self) -> str:
        """What the form keeps of how they stood when it was opened; nobody can forge it."""
        return _SIGNER.sign_object(asdict(self), compress=True)


def standing_of(person: User, school: Establishment) -> Standing:
    """How the user stands there now."""
    return with_levels(
        {name: getattr(person, name) for name in DETAILS}, levels_in(person.pk, school.pk)
    )


def with_levels(details: Mapping[str, str], levels: Levels) -> Standing:
    """The two as one."""
    return Standing(
        **details, admin=levels.admin, subjects=sorted(levels.subjects), finance=levels.finance
    )


def from_token(token: str) -> Standing | None:
    """How they stood; None for a token that is none of ours."""
    try:
        return Standing(**_SIGNER.unsign_object(token))
    except (signing.BadSignature, TypeError):
        return None


def in_words(name: str, value: Any, areas: Mapping[int, str]) -> str:
    """One of the facts as people read it; ``areas``: the names of the subject areas there are."""
    if name == "subjects":
        return ", ".join(areas[pk] for pk in areas if pk in value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)
