"""The roles, what each is granted over, and what it opens (PRODUCT.md, "Roles ...")."""

from dataclasses import dataclass
from enum import Enum


class Over(Enum):
    """The kind of place a role is granted over."""

    ORGANISATION = "organisation"
    ESTABLISHMENT = "establishment"
    SUBJECT_AREA = "subject area"
    CLASS = "class"
    PUPILS = "pupils"


class Opens(Enum):
    """The rule by which a role over a place opens pupils (see access/scope.py)."""

    EVERY_PUPIL = "every pupil"
    IN_CARE_ON_ROLL = "pupils in care and on roll there"
    ON_ROLL = "pupils on roll there"
    IN_ITS_CLASSES = "pupils in the classes of the subject area"
    IN_THE_CLASS = "pupils in the class"
    THE_PUPIL = "the pupil itself"
    NOBODY = "nobody"


class Detail(Enum):
    """How much of a pupil's record a role shows.

    The register: name, school, year, class and identifiers. Everything: care status and episodes,
    the other professionals and the pupil's message history besides.
    """

    EVERYTHING = "everything"
    NO_PAST_CARE = "everything but past care episodes"
    REGISTER = "the register"
    LICENCE = "what the licence type is given"
    NOTHING = "nothing"


# What a role that the organisation adds may show.
OWN_SHOWS = (Detail.EVERYTHING, Detail.REGISTER)
# How the codes of such roles begin, and those of licence types (PT11).
OWN = "own-"
LICENCE = "licence-"


@dataclass(frozen=True)
class Role:
    """A named set of permissions.

    ``assigns_pupils``: pupils may be assigned to it besides; an assignment orders a list and opens
    nothing (LAC7). ``follows_register``: its pupils follow from the register and are never linked
    by hand. ``from_sync``: it comes from a sync only. ``only_super_user``: nobody else grants it.
    """

    code: str
    name: str
    over: Over
    opens: Opens
    detail: Detail
    purpose: str
    assigns_pupils: bool = False
    manages_users: bool = False
    from_sync: bool = False
    only_super_user: bool = True

    @property
    def follows_register(self) -> bool:
        return self.opens not in (Opens.EVERY_PUPIL, Opens.THE_PUPIL)

    @property
    def is_licence(self) -> bool:
        """Whether it is a licence type: the role of an external user towards one pupil (PT11)."""
        return self.code.startswith(LICENCE)

    @property
    def shows_care(self) -> bool:
        """Whether it shows that a child is in care, and who else works with them."""
        return self.detail in (Detail.EVERYTHING, Detail.NO_PAST_CARE)


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

SCHOOL_ADMIN = Role(
    code="school_admin",
    name="School Admin",
    over=Over.ESTABLISHMENT,
    opens=Opens.ON_ROLL,
    detail=Detail.REGISTER,
    purpose="Sees the pupils on roll at their school, and manages its staff.",
    only_super_user=False,
)
LEADER = Role(
    code="leader",
    name="Leader",
    over=Over.SUBJECT_AREA,
    opens=Opens.IN_ITS_CLASSES,
    detail=Detail.REGISTER,
    purpose="Sees the pupils in the classes of their subject areas.",
    only_super_user=False,
)
TEACHER = Role(
    code="teacher",
    name="Teacher",
    over=Over.CLASS,
    opens=Opens.IN_THE_CLASS,
    detail=Detail.REGISTER,
    purpose="Sees the pupils in their classes, which come from the school's information system.",
    from_sync=True,
    only_super_user=False,
)
FINANCE_MANAGER = Role(
    code="finance_manager",
    name="Finance Manager",
    over=Over.ESTABLISHMENT,
    opens=Opens.NOBODY,
    detail=Detail.NOTHING,
    purpose="Sees no pupil; has the page of usage and billing.",
)

PARENT = Role(
    code=f"{LICENCE}parent",
    name="Parent/Guardian",
    over=Over.PUPILS,
    opens=Opens.THE_PUPIL,
    detail=Detail.LICENCE,
    purpose="A parent, guardian or carer: sees the children who are linked to them.",
)
PUPIL = Role(
    code=f"{LICENCE}pupil",
    name="Pupil",
    over=Over.PUPILS,
    opens=Opens.THE_PUPIL,
    detail=Detail.LICENCE,
    purpose="A child who signs in: sees their own page.",
)

ROLES = {
    role.code: role
    for role in (
        DESIGNATED_TEACHER,
        LA_USER,
        LA_SUPER_USER,
        SOCIAL_WORKER,
        SCHOOL_ADMIN,
        LEADER,
        TEACHER,
        FINANCE_MANAGER,
        PARENT,
        PUPIL,
    )
}
# The roles that an LA Super User gives on a user's own page; those of a school are levels, set
# among its staff (access/levels.py).
USER_ROLES = (DESIGNATED_TEACHER, LA_USER, LA_SUPER_USER, SOCIAL_WORKER)
# The roles in a school that see the register: a School Admin is told of them and of what they see.
SCHOOL_ROLES = (SCHOOL_ADMIN, LEADER, TEACHER)


def codes(opens: Opens) -> list[str]:
    """The codes of the roles that open pupils by this rule."""
    return [role.code for role in ROLES.values() if role.opens is opens]
