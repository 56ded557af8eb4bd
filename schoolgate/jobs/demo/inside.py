"""Maddenford High School from inside: subject areas, classes, and about 40 people on its staff.

Its classes and those who teach them are as a sync from its information system would bring them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import NamedTuple

from schoolgate.access import actions as access
from schoolgate.access.actions import NewGrant
from schoolgate.access.roles import FINANCE_MANAGER, LEADER, SCHOOL_ADMIN, TEACHER
from schoolgate.audit.actions import SYSTEM
from schoolgate.jobs.demo.crowd import address_of, new_name
from schoolgate.jobs.demo.parts import Child, school_year
from schoolgate.jobs.demo.places import MADDENFORD, Place
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people import staff
from schoolgate.people.actions import NewUser
from schoolgate.people.models import SyncStatus
from schoolgate.people.staff import NewPost
from schoolgate.schools import classes
from schoolgate.schools.classes import Membership, Named
from schoolgate.schools.models import SchoolClass, SubjectArea, SubjectCategory

SYNCHRONISED, BY_HAND = SyncStatus.SYNCHRONISED, SyncStatus.UNSYNCHRONISED
NOT_SYNCING = SyncStatus.NOT_SYNCING


class Subject(NamedTuple):
    """A subject area: how its classes are called, its category, and how many teach it."""

    name: str
    short: str
    category: str
    teachers: int
    in_sixth_form: bool = True


SUBJECTS = [
    Subject("English", "En", "", 4),
    Subject("Mathematics", "Ma", "", 4),
    Subject("Biology", "Bi", "Sciences", 2),
    Subject("Chemistry", "Ch", "Sciences", 2),
    Subject("Physics", "Ph", "Sciences", 2),
    Subject("History", "Hi", "Humanities", 2),
    Subject("Geography", "Ge", "Humanities", 2),
    Subject("Religious Education", "Re", "Humanities", 1, in_sixth_form=False),
    Subject("French", "Fr", "Languages", 1),
    Subject("Spanish", "Sp", "Languages", 1),
    Subject("Art and Design", "Ar", "Arts", 1),
    Subject("Music", "Mu", "Arts", 1, in_sixth_form=False),
    Subject("Computing", "Co", "", 1),
    Subject("Physical Education", "Pe", "", 2, in_sixth_form=False),
]
LOWER, SIXTH = range(7, 12), range(12, 14)
# The two that a year is taught in two groups.
IN_SETS = ("English", "Mathematics")


@dataclass(eq=False)
class Member:
    """Somebody on the staff: the subject areas they lead and teach, and other roles they have."""

    first: str
    last: str
    job: str
    sync: SyncStatus = SYNCHRONISED
    leads: list[str] = field(default_factory=list)
    teaches: str = ""
    role: str = ""
    inactive: bool = False
    email: str = ""


def _in(*categories: str) -> list[str]:
    return [subject.name for subject in SUBJECTS if subject.category in categories]


def members(place: Place, chance: Random) -> list[Member]:
    """Everybody on the staff but the Designated Teacher, who is there already."""
    made = [
        Member("Ruth", "Calloway", "School business manager", role=SCHOOL_ADMIN.code),
        Member("Owen", "Fairclough", "Head of Humanities", leads=_in("Humanities")),
        Member("Imani", "Clarke", "Teacher of History", teaches="History"),
        Member("Derek", "Pilling", "Finance manager", BY_HAND, role=FINANCE_MANAGER.code),
        Member("Hannah", "Prosser", "Special needs co-ordinator",
               leads=[subject.name for subject in SUBJECTS]),
        Member("Callum", "Beattie", "Head of Sciences", leads=_in("Sciences"), teaches="Biology"),
        Member("Yvonne", "Astley", "Head of Languages", leads=_in("Languages"), teaches="French"),
        Member("Tunde", "Balogun", "Head of Mathematics", leads=["Mathematics"],
               teaches="Mathematics"),
        Member("Lucy", "Farnworth", "Head of English", leads=["English"], teaches="English"),
        Member("Marek", "Dudek", "Teacher of Geography, gone to another school", NOT_SYNCING,
               leads=["Geography"]),
        Member("Joan", "Tickle", "Teacher of Music, retired", NOT_SYNCING, inactive=True),
        Member("Petra", "Sykes", "Cover supervisor", NOT_SYNCING),
        Member("Nigel", "Crook", "Examinations officer", BY_HAND),
        Member("Saffron", "Moule", "Librarian", BY_HAND),
        Member("Ines", "Carvalho", "Peripatetic teacher of violin", BY_HAND, leads=["Music"]),
        Member("Rhodri", "Maddocks", "Trainee teacher", BY_HAND),
    ]  # fmt: skip
    used = {member.last for member in made}
    taught = [member.teaches for member in made]
    for subject in SUBJECTS:
        for _ in range(subject.teachers - taught.count(subject.name)):
            first, last = new_name(used, chance)
            made.append(Member(first, last, f"Teacher of {subject.name}", teaches=subject.name))
    for member in made:
        member.email = address_of(member.first, member.last, place.domain)
    return made


def write(
    place: Place, school_id: int, ids: dict[Child, int], dt_id: int, today: date, chance: Random
) -> dict[str, int]:
    """Write the school; ``ids``: of all children. Its staff's ids by address, but for ``dt_id``."""
    began = date(school_year(today), 9, 1)
    made = members(place, chance)
    user_ids = people.create_users(
        (NewUser(m.email, "", m.first, m.last, m.job, "", school_id) for m in made),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    by_member = dict(zip(made, user_ids, strict=True))
    posts = (
        NewPost(id_, school_id, m.sync, f"S{id_:05d}" if m.sync != BY_HAND else "")
        for m, id_ in by_member.items()
    )
    post_of_dt = NewPost(dt_id, school_id, SYNCHRONISED, f"S{dt_id:05d}")
    staff.record([*posts, post_of_dt], by=SYSTEM, source=Source.SYNC)
    subjects = _write_subjects(school_id)
    pupils = [(child, id_) for child, id_ in ids.items() if MADDENFORD in child.schools(today)]
    groups = _write_classes(school_id, subjects, pupils, chance)
    access.grant(
        _in_the_school(by_member, school_id, subjects, began), by=SYSTEM, source=Source.BY_HAND
    )
    taught = _taught(by_member, school_id, groups, began)
    access.grant(taught, by=SYSTEM, source=Source.SYNC)
    gone = [id_ for member, id_ in by_member.items() if member.inactive]
    access.deny(gone, by=SYSTEM, establishment_id=school_id)
    return {member.email: id_ for member, id_ in by_member.items()}


def _write_subjects(school_id: int) -> dict[str, int]:
    """The ids of the subject areas by name."""
    categories = list(dict.fromkeys(filter(None, (subject.category for subject in SUBJECTS))))
    rows = [Named(school_id, name) for name in categories]
    category_ids = dict(
        zip(categories, classes.create(SubjectCategory, rows, by=SYSTEM), strict=True)
    )
    rows = [Named(school_id, subject.name) for subject in SUBJECTS]
    made = classes.create(SubjectArea, rows, by=SYSTEM, source=Source.SYNC)
    pairs = zip(made, (category_ids.get(subject.category) for subject in SUBJECTS), strict=True)
    classes.put_in_category(pairs, by=SYSTEM)
    return dict(zip((subject.name for subject in SUBJECTS), made, strict=True))


class Group(NamedTuple):
    """A class: its subject area, its year and its name."""

    subject: str
    year: int
    name: str


def _groups() -> Iterator[Group]:
    for subject in SUBJECTS:
        for year in [*LOWER, *(SIXTH if subject.in_sixth_form else ())]:
            numbers = "12" if subject.name in IN_SETS and year in LOWER else "1"
            for number in numbers:
                yield Group(subject.name, year, f"{year}/{subject.short}{number}")


def _write_classes(
    school_id: int, subjects: dict[str, int], pupils: list[tuple[Child, int]], chance: Random
) -> dict[Group, int]:
    """The ids of the classes, with their pupils in them."""
    groups = list(_groups())
    rows = [Named(school_id, group.name) for group in groups]
    made = classes.create(SchoolClass, rows, by=SYSTEM, source=Source.SYNC)
    ids = dict(zip(groups, made, strict=True))
    classes.set_subjects(
        ((id_, subjects[group.subject]) for group, id_ in ids.items()),
        by=SYSTEM, source=Source.SYNC,
    )  # fmt: skip
    of_year: dict[int, list[Group]] = {}
    for group in groups:
        of_year.setdefault(group.year, []).append(group)
    inside = (
        Membership(ids[group], pupil_id)
        for number, (child, pupil_id) in enumerate(pupils)
        for group in _attended(of_year.get(child.year, []), number, chance)
    )
    classes.join(inside, by=SYSTEM, source=Source.SYNC)
    return ids


def _attended(groups: list[Group], number: int, chance: Random) -> Iterable[Group]:
    """Three subjects in the sixth form; below it all of them, in one of two groups of each."""
    if groups and groups[0].year in SIXTH:
        return chance.sample(groups, 3)
    other = "2" if number % 2 else "1"
    in_other_set = {g for g in groups if g.subject in IN_SETS and g.name[-1] == other}
    return [group for group in groups if group not in in_other_set]


def _in_the_school(
    by_member: dict[Member, int], school_id: int, subjects: dict[str, int], since: date
) -> Iterator[NewGrant]:
    for member, id_ in by_member.items():
        if member.role:
            yield NewGrant(id_, member.role, school_id, None, since)
        for name in member.leads:
            yield NewGrant(id_, LEADER.code, school_id, None, since, subject_area_id=subjects[name])


def _taught(
    by_member: dict[Member, int], school_id: int, groups: dict[Group, int], since: date
) -> Iterator[NewGrant]:
    """Each class is taught by one of those who teach its subject, in turn."""
    for subject in SUBJECTS:
        teaching = [id_ for member, id_ in by_member.items() if member.teaches == subject.name]
        taught = [class_id for group, class_id in groups.items() if group.subject == subject.name]
        for number, class_id in enumerate(taught):
            yield NewGrant(
                teaching[number % len(teaching)], TEACHER.code, school_id, None, since,
                school_class_id=class_id,
            )  # fmt: skip
