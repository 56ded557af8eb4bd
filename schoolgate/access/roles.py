"""The roles, what each is granted over, and what it opens (PRODUCT.md, "Roles ...")."""

from dataclasses import dataclass
from enum import Enum


class Over(Enum):
    """The kind of place a role is granted over."""

    ORGANISATION = "organisation"
    ESTABLISHMENT = "establishment"
    PUPILS = "pupils"


class Opens(Enum):
    """The rule by which a role over a place opens pupils (see access/scope.py)."""

    EVERY_PUPIL = "every pupil"
    IN_CARE_ON_ROLL = "pupils in care and on roll there"
    THE_PUPIL = "the pupil itself"


class Detail(Enum):
    """How much of a pupil's record a role shows."""

    EVERYTHING = "everything"
    NO_PAST_CARE = "everything but past care episodes"


@dataclass(frozen=True)
class Role:
    """A named set of permissions.

    ``assigns_pupils``: pupils may be assigned to it besides; an assignment orders a list and opens
    nothing (LAC7). ``follows_register``: its pupils follow from the register and are never linked
    by hand.
    """

    code: str
    name: str
    over: Over
    opens: Opens
    detail: Detail
    purpose: str
    assigns_pupils: bool = False
    manages_users: bool = False

    @property
    def follows_register(self) -> bool:
        return self.opens is Opens.IN_CARE_ON_ROLL


LA_SUPER_USER = Role(
    code="la_super_user",
    name="LA Super User",
    over=Over.ORGANISATION,
    opens=Opens.EVERY_PUPIL,
    detail=Detail.EVERYTHING,
    purpose="Sees every pupil, and manages users and settings.",
    manages_users=True,
)
LA_USER = Role(
    code="la_user",
    name="LA User",
    over=Over.ORGANISATION,
    opens=Opens.EVERY_PUPIL,
    detail=Detail.EVERYTHING,
    purpose="Sees every pupil, those assigned to them first. Manages no users.",
    assigns_pupils=True,
)
SOCIAL_WORKER = Role(
    code="social_worker",
    name="Social Worker",
    over=Over.PUPILS,
    opens=Opens.THE_PUPIL,
    detail=Detail.EVERYTHING,
    purpose="Sees the pupils that are linked to them.",
)
DESIGNATED_TEACHER = Role(
    code="designated_teacher",
    name="Designated Teacher",
    over=Over.ESTABLISHMENT,
    opens=Opens.IN_CARE_ON_ROLL,
    detail=Detail.NO_PAST_CARE,
    purpose="Sees the pupils who are in care now and on roll at their school now.",
)

ROLES = {role.code: role for role in (DESIGNATED_TEACHER, LA_USER, LA_SUPER_USER, SOCIAL_WORKER)}
ROLE_CHOICES = [(role.code, role.name) for role in ROLES.values()]


def role_named(name: str) -> Role | None:
    """The role with this name, whatever its case and blanks."""
    wanted = "".join(name.split()).casefold()
    for role in ROLES.values():
        if "".join(role.name.split()).casefold() == wanted:
            return role
    return None


def codes(opens: Opens) -> list[str]:
    """The codes of the roles that open pupils by this rule."""
    return [role.code for role in ROLES.values() if role.opens is opens]
