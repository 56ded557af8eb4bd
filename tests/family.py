"""The Dunmores and those around them: who sees whom, as one table (S35).

Everything since long ago. The guide shows the same table (docs/guide/parents.md), and a test holds
the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schoolgate.access.licences import licence_role
from schoolgate.access.roles import PARENT, PUPIL, TEACHER
from schoolgate.audit.actions import SYSTEM, batch
from tests import factories

if TYPE_CHECKING:
    from schoolgate.people.models import User
    from schoolgate.schools.models import Establishment, Pupil, SchoolClass

CHILDREN = ("Jack", "Ella", "Tom", "Amy", "Luis")
# Who, what they are, and the children they see; of Rosa, as a teacher and as a mother.
TABLE = (
    ("Karen Dunmore", "Mother of Jack, Ella and Tom; kept from Tom by a court order", "Jack Ella"),
    ("Paul Dunmore", "Their father, separated; linked to Jack and Ella, kept from Ella", "Jack"),
    ("Paul Dunmore", "Another man of that name: father of Amy", "Amy"),
    ("Brenda Kirkham", "Foster carer of Tom", "Tom"),
    ("Maureen Dunmore", "Grandmother: may have contact with Jack and Ella, linked to Ella", "Ella"),
    ("Rosa Vidal", "Teaches Jack’s class, and is the mother of Luis", "Jack Luis"),
    ("Jack Dunmore", "Jack himself", "Jack"),
)


@dataclass(frozen=True)
class Family:
    """Everybody, by first name; ``other_paul`` is no relation of the Dunmores."""

    school: Establishment
    school_class: SchoolClass
    jack: Pupil
    ella: Pupil
    tom: Pupil
    amy: Pupil
    luis: Pupil
    karen: User
    paul: User
    other_paul: User
    brenda: User
    maureen: User
    rosa: User
    jacks_user: User

    @property
    def adults(self) -> list[User]:
        """The users, in the order of the table."""
        return [
            self.karen, self.paul, self.other_paul, self.brenda, self.maureen, self.rosa,
            self.jacks_user,
        ]  # fmt: skip


def assemble() -> Family:
    """Put the family and their school into the database."""
    with batch(by=SYSTEM):
        return _assemble()


def _assemble() -> Family:
    school = factories.establishment(name="Linden Community School")
    jack, ella, tom, amy, luis = (
        factories.pupil(first_name=first, last_name=last)
        for first, last in (
            ("Jack", "Dunmore"), ("Ella", "Dunmore"), ("Tom", "Dunmore"), ("Amy", "Dunmore"),
            ("Luis", "Vidal"),
        )
    )  # fmt: skip
    for child in (jack, ella, tom, amy, luis):
        factories.enrolment(child, school)
    factories.episode(tom)
    history = factories.subject(school)
    school_class = factories.school_class(school, "8A/Hi", subject=history, pupils=[jack])
    karen, paul, other_paul, brenda, maureen, rosa = (
        factories.user(first_name=first, last_name=last, email=email)
        for first, last, email in (
            ("Karen", "Dunmore", "karen@dunmore.example"),
            ("Paul", "Dunmore", "paul@dunmore.example"),
            ("Paul", "Dunmore", "paul.dunmore@harbour.example"),
            ("Brenda", "Kirkham", "brenda@kirkham.example"),
            ("Maureen", "Dunmore", "maureen@dunmore.example"),
            ("Rosa", "Vidal", "rosa@linden.example"),
        )
    )
    jacks_user = factories.user(first_name="Jack", last_name="Dunmore", username="jack.d", email="")
    foster_carer = licence_role(factories.licence_type("Foster carer"))
    for adult, children in (
        (karen, (jack, ella, tom)), (paul, (jack, ella)), (other_paul, (amy,)), (maureen, (ella,)),
        (rosa, (luis,)),
    ):  # fmt: skip
        for child in children:
            factories.grant(adult, PARENT, pupil=child)
    factories.grant(brenda, foster_carer, pupil=tom)
    factories.grant(rosa, TEACHER, school_class=school_class)
    factories.post(rosa, school)
    factories.grant(jacks_user, PUPIL, pupil=jack)
    factories.restriction(karen, tom, reason="Order of the family court: no contact.")
    factories.restriction(paul, ella, reason="Order of the family court: contact ended.")
    return Family(
        school, school_class, jack, ella, tom, amy, luis, karen, paul, other_paul, brenda, maureen,
        rosa, jacks_user,
    )  # fmt: skip
