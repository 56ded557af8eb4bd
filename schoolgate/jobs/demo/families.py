"""The Dunmores and the Beatties: parents, a carer and a grandmother, and what keeps some apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from schoolgate.access import actions as access
from schoolgate.access import licence_changes, parent_access
from schoolgate.access.actions import NewGrant
from schoolgate.access.families import NewFact, set_facts
from schoolgate.access.licences import Block
from schoolgate.access.models import Fact
from schoolgate.access.roles import LICENCE, PARENT, PUPIL
from schoolgate.audit.actions import SYSTEM
from schoolgate.jobs.demo import places as at
from schoolgate.jobs.demo.hard_cases import HardCases
from schoolgate.jobs.demo.parts import Adult, Child
from schoolgate.kit.records import Source
from schoolgate.schools.models import Organisation

CARER = "brenda.kirkham@home.example"
MOTHER = "karen.dunmore@home.example"
TEACHER_AND_FATHER = "callum.beattie@maddenfordhigh.example"
YES, NO = True, False


@dataclass
class Families:
    """What is written once everybody is there: facts, and a link of somebody on the staff.

    ``facts``: by user's address and child, the values of ``models.Fact`` with yes or no.
    """

    facts: list[tuple[str, Child, str, bool]] = field(default_factory=list)
    staff_links: list[tuple[str, Child, str]] = field(default_factory=list)
    carers: list[tuple[str, Child, str]] = field(default_factory=list)


def add(told: HardCases) -> Families:
    """Put the families among the children and adults of the demonstration."""
    found = Families()
    since = told.since
    jack = told.child("Jack", "Dunmore", 8, serial=951, on_roll=[(at.MADDENFORD, since(400))])
    ella = told.child("Ella", "Dunmore", 5, serial=952, on_roll=[(at.QUILLMERE, since(800))])
    tom = told.child("Tom", "Dunmore", 10, serial=953, in_care=[since(300)],
                     on_roll=[(at.MADDENFORD, since(400))])  # fmt: skip
    amy = told.child("Amy", "Dunmore", 4, serial=954, on_roll=[(at.THORNWICK, since(600))])
    orla = told.child("Orla", "Beattie", 9, serial=955, on_roll=[(at.MADDENFORD, since(700))])

    def adult(first: str, last: str, email: str, *children: tuple[Child, str]) -> Adult:
        made = told.adult(first, last, email, "")
        made.grants = [(PARENT.code, child, since(200)) for child, _ in children]
        made.relationships = dict(children)
        return made

    karen = adult("Karen", "Dunmore", MOTHER, (jack, "Mother"), (ella, "Mother"), (tom, "Mother"))
    karen.kept_from = [(tom, "Order of the family court: no contact with Tom.", since(290))]
    paul = adult("Paul", "Dunmore", "paul.dunmore@home.example",
                 (jack, "Father"), (ella, "Father"))  # fmt: skip
    paul.kept_from = [(ella, "Order of the family court: contact with Ella ended.", since(100))]
    adult("Paul", "Dunmore", "paul.dunmore@harbour.example", (amy, "Father"))
    adult("Brenda", "Kirkham", CARER)
    found.carers.append((CARER, tom, "Foster carer"))
    adult("Maureen", "Dunmore", "maureen.dunmore", (ella, "Grandmother"))
    himself = told.adult("Jack", "Dunmore", "jack.dunmore", "")
    himself.grants = [(PUPIL.code, jack, since(100))]

    for child in (jack, ella):
        found.facts += [
            (MOTHER, child, "responsibility", YES), (MOTHER, child, "lives-with", YES),
            ("paul.dunmore@home.example", child, "responsibility", YES),
            ("paul.dunmore@home.example", child, "lives-with", NO),
            ("maureen.dunmore", child, "contact", YES),
        ]  # fmt: skip
    found.facts.append((CARER, tom, "lives-with", YES))
    found.staff_links.append((TEACHER_AND_FATHER, orla, "Father"))
    return found


def open_parent_access() -> None:
    """Let parents sign in, at every school that has pupils."""
    standing = parent_access.standing_of(Organisation.objects.get())
    parent_access.set_organisation_access(
        parent_access=True, names_to_parents=True, seen=standing, by=SYSTEM
    )
    schools = frozenset(parent_access.schools_with_pupils().values_list("pk", flat=True))
    change = parent_access.Change(schools=schools, school_access=True)
    mark = parent_access.weighed(change).mark
    parent_access.set_schools_access(schools, on=True, seen=mark, by=SYSTEM)


def write(
    told: Families, user_ids: Mapping[str, int], child_ids: Mapping[Child, int], today: date
) -> None:
    """Link the carer, and those who are on the staff too; and put down what is known of families.

    The carer's licence type is one that the organisation has added (PT11).
    """
    carer = licence_changes.create_licence(
        name="Foster carer", purpose="Looks after the child at home.",
        blocks=[Block.SCHOOL, Block.CLASSES, Block.WHO_SEES], by=SYSTEM,
    )  # fmt: skip
    links = [
        *((email, f"{LICENCE}{carer}", child, words) for email, child, words in told.carers),
        *((email, PARENT.code, child, words) for email, child, words in told.staff_links),
    ]
    access.grant(
        (
            NewGrant(user_ids[email], licence, None, child_ids[child], today, relationship=words)
            for email, licence, child, words in links
        ),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    set_facts(
        (
            NewFact(user_ids[email], child_ids[child], Fact(fact), holds, today)
            for email, child, fact, holds in told.facts
        ),
        by=SYSTEM,
    )
