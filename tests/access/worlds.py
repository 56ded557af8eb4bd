"""Made-up worlds for the reference model, and how to put one straight into the tables."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from schoolgate.access.models import Denial, Grant, LicenceType, OwnRole, Restriction
from schoolgate.access.roles import OWN_SHOWS
from schoolgate.kit.records import Source
from schoolgate.people.models import User
from schoolgate.schools.models import (
    CareEpisode,
    ClassMembership,
    ClassSubject,
    Elsewhere,
    Enrolment,
    Establishment,
    Pupil,
    SchoolClass,
    SubjectArea,
)
from tests.access.reference import (
    Block,
    Child,
    Group,
    Human,
    InCare,
    InGroup,
    OnRecord,
    OnRoll,
    RoleHeld,
    Shut,
    Spell,
    Taught,
    World,
    midnight,
)

WEEKS = 5
_WIDE = ["la_super_user", "la_user"]
_WEIGHTS = {
    **dict.fromkeys(_WIDE, 1), "social_worker": 12, "designated_teacher": 12, "school_admin": 5,
    "leader": 12, "teacher": 12, "finance_manager": 2, "own-1": 5, "own-2": 3,
    "licence-parent": 6, "licence-7": 3,
}  # fmt: skip
_USUAL = {
    "social_worker": "child", "own-1": "child", "own-2": "child", "licence-parent": "child",
    "licence-7": "child", "designated_teacher": "school",
    "school_admin": "school", "finance_manager": "school", "leader": "subject",
    "teacher": "group",
}  # fmt: skip


class Maker:
    """Makes the facts of one world, all written down before ``end`` and in the weeks before it."""

    def __init__(self, rng: random.Random, end: datetime, *, humans: int, children: int) -> None:
        self.rng, self.end = rng, end
        self.start = end - timedelta(weeks=WEEKS)
        self.world = World(schools=[1, 2], subjects={1: 1, 2: 1, 3: 2, 4: 2})
        self.humans, self.children = range(1, humans + 1), range(1, children + 1)

    def make(self) -> World:
        """The world. Its facts are many enough that every rule decides something."""
        world, rng = self.world, self.rng
        world.humans = [
            Human(id=id_, signed_in=rng.random() < 0.3, **self._thing()) for id_ in self.humans
        ]
        for id_ in self.children:
            thing = self._thing()
            severed = bool(thing["struck"]) and rng.random() < 0.4
            world.children.append(Child(id=id_, severed=severed, **thing))
        for child in self.children:
            for _ in range(rng.randint(1, 4)):
                school = rng.choice([1, 1, 2, 2, None])
                at_home = school is None and rng.random() < 0.5
                world.rolls.append(
                    OnRoll(child=child, school=school, at_home=at_home, **self._spell())
                )
            for _ in range(rng.choice([0, 1, 2, 3])):
                world.care.append(InCare(child=child, **self._spell()))
        self._add_groups()
        for human in self.humans:
            for _ in range(rng.randint(2, 8)):
                self._add_role(human)
            for child in rng.sample(self.children, 4):
                if rng.random() < 0.6:
                    world.blocks.append(Block(human=human, child=child, **self._spell()))
            if rng.random() < 0.2:
                world.shut.append(Shut(human=human, **self._record()))
            if rng.random() < 0.4:
                school = rng.choice(world.schools)
                world.shut.append(Shut(human=human, school=school, **self._record()))
        return world

    def _add_groups(self) -> None:
        """Classes, the subject areas they belong to and the children in them; now and then the
        wrong ones, of the other school."""
        rng, world = self.rng, self.world
        for id_ in range(1, 9):
            world.groups.append(Group(id=id_, school=1 + id_ % 2, **self._thing()))
            for _ in range(rng.choice([0, 1, 1, 2])):
                wanted = [s for s, school in world.subjects.items() if school == 1 + id_ % 2]
                subject = rng.choice(wanted if rng.random() < 0.9 else [*world.subjects])
                taught = Taught(group=id_, subject=subject, **self._spell())
                if taught.struck or all(t.struck or t.group != id_ for t in world.taught):
                    world.taught.append(taught)
        for child in self.children:
            for group in rng.sample(world.groups, 4):
                for _ in range(rng.choice([1, 1, 2])):
                    member = InGroup(group=group.id, child=child, **self._spell())
                    alike = [m for m in world.in_groups if (m.group, m.child) == (group.id, child)]
                    if member.struck or all(m.struck for m in alike):
                        world.in_groups.append(member)

    def _add_role(self, human: int) -> None:
        """A role and its place; now and then a place that no action would grant it over."""
        rng = self.rng
        role = rng.choices([*_WEIGHTS], [*_WEIGHTS.values()])[0]
        usual = _USUAL.get(role, "neither")
        any_place = ["child", "school", "subject", "group", "neither"]
        place = usual if rng.random() < 0.8 else rng.choice(any_place)
        subject = rng.choice([*self.world.subjects]) if place == "subject" else None
        group = rng.choice(self.world.groups) if place == "group" else None
        school = rng.choice(self.world.schools) if place == "school" else None
        if subject:
            school = self.world.subjects[subject]
        if group:
            school = group.school
        held = RoleHeld(
            id=len(self.world.roles) + 1,
            human=human,
            role=role,
            school=school,
            subject=subject,
            group=group.id if group else None,
            child=rng.choice(self.children) if place == "child" else None,
            **self._spell(),
        )
        alike = _place_of(held)
        if held.struck or all(_place_of(r) != alike for r in self.world.roles if not r.struck):
            self.world.roles.append(held)  # the tables refuse the same one twice at a time

    def moment(self) -> datetime:
        """A moment in the world's weeks."""
        seconds = (self.end - self.start).total_seconds()
        return self.start + timedelta(seconds=self.rng.uniform(0, seconds))

    def _record(self, *, struck: float = 0.3) -> dict[str, Any]:
        """Written down early more often than late; struck out later on by that chance."""
        written = self.start if self.rng.random() < 0.5 else min(self.moment(), self.moment())
        later = self.moment()
        is_struck = later > written and self.rng.random() < struck
        return {"written": written, "struck": later if is_struck else None}

    def _thing(self) -> dict[str, Any]:
        record = self._record(struck=0.15)
        return {**record, "written": self.start} if self.rng.random() < 0.6 else record

    def _spell(self) -> dict[str, Any]:
        first = self.moment().date() - timedelta(days=self.rng.choice([0, 15, 30]))
        last = first + timedelta(days=self.rng.randint(0, 35)) if self.rng.random() < 0.4 else None
        return {**self._record(), "first": first, "last": last}

    def telling_moments(self, count: int) -> list[datetime]:
        """Moments to ask about: some by chance, most on an edge or a hair's breadth beside one."""
        world = self.world
        written: list[OnRecord] = [
            *world.roles, *world.blocks, *world.shut, *world.rolls, *world.in_groups,
            *world.taught, *world.groups,
        ]  # fmt: skip
        spells: list[Spell] = [
            *world.roles, *world.rolls, *world.care, *world.blocks, *world.in_groups,
            *world.taught,
        ]  # fmt: skip
        edges = [fact.written for fact in written]
        edges += [fact.struck for fact in written if fact.struck]
        edges += [midnight(spell.first) for spell in spells]
        edges += [midnight(spell.last + timedelta(days=1)) for spell in spells if spell.last]
        edges = [edge for edge in edges if self.start < edge < self.end]
        hair = timedelta(microseconds=1)
        moments = [edge + self.rng.choice([-hair, timedelta(0)]) for edge in edges]
        return [
            *self.rng.sample(moments, count * 3 // 4),
            *(self.moment() for _ in range(count // 4)),
        ]


def _place_of(role: RoleHeld) -> tuple[object, ...]:
    return (
        role.human, role.role, role.school, role.subject, role.group, role.child, role.first,
    )  # fmt: skip


def write(world: World) -> None:
    """Put the world straight into the empty tables, under its own ids."""
    Establishment.objects.bulk_create(
        Establishment(
            id=id_, urn=f"10000{id_}", name=f"School {id_}", name_key=f"school{id_}",
            status="Open", recorded_at=midnight(date(2020, 1, 1)),
        )
        for id_ in world.schools
    )  # fmt: skip
    User.objects.bulk_create(
        User(
            id=h.id, email=f"user{h.id}@example.org", email_key=f"user{h.id}@example.org",
            first_name="User", first_key="user", last_name=f"No {h.id}", last_key=f"no{h.id}",
            source=Source.IMPORT, recorded_at=h.written, gone_at=h.struck,
            last_login=h.written if h.signed_in else None,
        )
        for h in world.humans
    )  # fmt: skip
    Pupil.objects.bulk_create(
        Pupil(
            id=c.id, first_name="Child", first_key="child", last_name=f"No {c.id}",
            last_key=f"no{c.id}", recorded_at=c.written, gone_at=c.struck,
            gone_how="severed" if c.severed else "",
        )
        for c in world.children
    )  # fmt: skip
    Enrolment.objects.bulk_create(
        Enrolment(
            pupil_id=r.child, establishment_id=r.school,
            elsewhere=_elsewhere(r), **_both_clocks(r),
        )
        for r in world.rolls
    )  # fmt: skip
    CareEpisode.objects.bulk_create(
        CareEpisode(pupil_id=c.child, **_both_clocks(c)) for c in world.care
    )
    LicenceType.objects.create(
        id=7, name="Carer", name_key="carer", recorded_at=midnight(date(2020, 1, 1))
    )
    OwnRole.objects.bulk_create(
        OwnRole(
            id=id_, name=f"Role {id_}", name_key=f"role{id_}", shows=shows.value,
            recorded_at=midnight(date(2020, 1, 1)),
        )
        for id_, shows in enumerate(OWN_SHOWS, start=1)
    )  # fmt: skip
    _write_groups(world)
    Grant.objects.bulk_create(
        Grant(
            id=r.id, user_id=r.human, role=r.role, establishment_id=r.school, pupil_id=r.child,
            subject_area_id=r.subject, school_class_id=r.group, **_both_clocks(r),
        )
        for r in world.roles
    )  # fmt: skip
    Restriction.objects.bulk_create(
        Restriction(user_id=b.human, pupil_id=b.child, reason="made up", **_both_clocks(b))
        for b in world.blocks
    )
    Denial.objects.bulk_create(
        Denial(
            user_id=s.human, establishment_id=s.school, recorded_at=s.written,
            ended_at=s.struck, source=Source.BY_HAND,
        )
        for s in world.shut
    )  # fmt: skip


def _write_groups(world: World) -> None:
    SubjectArea.objects.bulk_create(
        SubjectArea(
            id=id_, establishment_id=school, name=f"Subject {id_}", name_key=f"subject{id_}",
            recorded_at=midnight(date(2020, 1, 1)),
        )
        for id_, school in world.subjects.items()
    )  # fmt: skip
    SchoolClass.objects.bulk_create(
        SchoolClass(
            id=g.id, establishment_id=g.school, name=f"Class {g.id}", name_key=f"class{g.id}",
            recorded_at=g.written, gone_at=g.struck,
        )
        for g in world.groups
    )  # fmt: skip
    ClassSubject.objects.bulk_create(
        ClassSubject(school_class_id=t.group, subject_area_id=t.subject, **_both_clocks(t))
        for t in world.taught
    )
    ClassMembership.objects.bulk_create(
        ClassMembership(school_class_id=m.group, pupil_id=m.child, **_both_clocks(m))
        for m in world.in_groups
    )


def _elsewhere(roll: OnRoll) -> str:
    if roll.school:
        return ""
    return Elsewhere.AT_HOME if roll.at_home else Elsewhere.UNKNOWN


def _both_clocks(spell: Spell) -> dict[str, Any]:
    return {
        "recorded_at": spell.written,
        "ended_at": spell.struck,
        "starts_on": spell.first,
        "ends_on": spell.last,
        "source": Source.IMPORT,
    }
