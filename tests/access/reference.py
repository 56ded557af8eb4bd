"""Who may see whom, in plain loops: slow, and obviously right.

Written from PRODUCT.md alone ("Roles and what they see"), and shares nothing with the code it is
held against. Every fact has two clocks: when it held (days), and when it was on record (moments).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class OnRecord:
    """Something written down at a moment, and perhaps struck out at a later one."""

    written: datetime
    struck: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Spell(OnRecord):
    """Something that holds from a day to a day, both included, or until further notice."""

    first: date
    last: date | None = None


@dataclass(frozen=True, kw_only=True)
class Human(OnRecord):
    """A user, who has signed in at some time or never."""

    id: int
    signed_in: bool = False


@dataclass(frozen=True, kw_only=True)
class Child(OnRecord):
    """A pupil. One who was severed is hidden for good, on the days before too."""

    id: int
    severed: bool = False


@dataclass(frozen=True, kw_only=True)
class Group(OnRecord):
    """A class, at a school."""

    id: int
    school: int


@dataclass(frozen=True, kw_only=True)
class Taught(Spell):
    """A class belonging to a subject area."""

    group: int
    subject: int


@dataclass(frozen=True, kw_only=True)
class InGroup(Spell):
    """A child in a class."""

    group: int
    child: int


@dataclass(frozen=True, kw_only=True)
class RoleHeld(Spell):
    """A role over a school, a subject area or a class in a school, a child, or none of them."""

    id: int
    human: int
    role: str
    school: int | None = None
    subject: int | None = None
    group: int | None = None
    child: int | None = None


@dataclass(frozen=True, kw_only=True)
class OnRoll(Spell):
    """A child at a school; or at none of the register: educated at home, or nobody knows."""

    child: int
    school: int | None
    at_home: bool = False


@dataclass(frozen=True, kw_only=True)
class InCare(Spell):
    """A child looked after."""

    child: int


@dataclass(frozen=True, kw_only=True)
class Block(Spell):
    """A restriction between a user and a child."""

    human: int
    child: int


@dataclass(frozen=True, kw_only=True)
class Shut(OnRecord):
    """A user made inactive; or, with a school, denied there: what they hold there sleeps."""

    human: int
    school: int | None = None


@dataclass(kw_only=True)
class World:
    """All facts that there ever were, struck out or not."""

    schools: list[int] = field(default_factory=list)
    humans: list[Human] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    roles: list[RoleHeld] = field(default_factory=list)
    rolls: list[OnRoll] = field(default_factory=list)
    care: list[InCare] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    shut: list[Shut] = field(default_factory=list)
    subjects: dict[int, int] = field(default_factory=dict)  # the school of each
    groups: list[Group] = field(default_factory=list)
    taught: list[Taught] = field(default_factory=list)
    in_groups: list[InGroup] = field(default_factory=list)

    def about(self, human: int, child: int) -> list[OnRecord]:
        """The facts that can matter to a decision about the two: to read when it was wrong."""
        found: list[OnRecord] = [h for h in self.humans if h.id == human]
        found += [c for c in self.children if c.id == child]
        found += [r for r in self.roles if r.human == human and r.child in (None, child)]
        found += [r for r in self.rolls if r.child == child]
        found += [c for c in self.care if c.child == child]
        found += [b for b in self.blocks if b.human == human and b.child == child]
        found += [s for s in self.shut if s.human == human]
        found += [m for m in self.in_groups if m.child == child]
        return [*found, *self.groups, *self.taught]


def on_record(fact: OnRecord, moment: datetime) -> bool:
    """Whether the fact had been written down at that moment and not struck out."""
    if fact.written > moment:
        return False
    return not (fact.struck is not None and fact.struck <= moment)


def held(fact: Spell, moment: datetime) -> bool:
    """Whether, as far as was on record at the moment, the fact held on the moment's day."""
    if not on_record(fact, moment):
        return False
    day = moment.astimezone(ZoneInfo("Europe/London")).date()
    if day < fact.first:
        return False
    return not (fact.last is not None and day > fact.last)


def opens(world: World, role: RoleHeld, child: int, moment: datetime) -> bool:
    """Whether the role opens the child: the table of roles, line by line."""
    if not held(role, moment) or sleeps(world, role, moment):
        return False
    if role.role.startswith(("own-", "licence-")):
        return role.child == child
    if role.role in ("la_super_user", "la_user"):
        # Every pupil; one assigned to them opens nothing by itself.
        return role.school is None and role.child is None
    if role.role == "social_worker":
        return role.child == child
    if role.role == "designated_teacher":
        # In care now and on roll there now; never by a link, and nobody without a school.
        if role.school is None:
            return False
        for roll in world.rolls:
            if roll.child == child and roll.school == role.school and held(roll, moment):
                for episode in world.care:
                    if episode.child == child and held(episode, moment):
                        return True
        return False
    if role.role == "finance_manager":
        return False
    if role.role == "school_admin":
        return role.school is not None and at_school(world, child, role.school, moment)
    if role.role == "leader":
        # In a class of the subject area, and still on roll at the school of the class.
        for taught in world.taught:
            taught_now = taught.subject == role.subject and held(taught, moment)
            if taught_now and in_group(world, child, taught.group, moment):
                return True
        return False
    if role.role == "teacher":
        return role.group is not None and in_group(world, child, role.group, moment)
    raise ValueError(role.role)


def sleeps(world: World, role: RoleHeld, moment: datetime) -> bool:
    """Whether the user is denied at the school that the role is in."""
    for shut in world.shut:
        here = shut.school is not None and shut.school == role.school
        if here and shut.human == role.human and on_record(shut, moment):
            return True
    return False


def at_school(world: World, child: int, school: int, moment: datetime) -> bool:
    """Whether the child is on roll there."""
    for roll in world.rolls:
        if roll.child == child and roll.school == school and held(roll, moment):
            return True
    return False


def in_group(world: World, child: int, group: int, moment: datetime) -> bool:
    """Whether the child is in the class, which is there, and on roll at its school."""
    for one in world.groups:
        if one.id != group or not on_record(one, moment):
            continue
        if at_school(world, child, one.school, moment):
            for member in world.in_groups:
                if member.child == child and member.group == group and held(member, moment):
                    return True
    return False


def reasons(world: World, human: int, child: int, moment: datetime) -> set[int]:
    """The roles (by id) through which the user may see the child; empty when they may not."""
    for somebody in world.humans:
        if somebody.id == human and not on_record(somebody, moment):
            return set()
    for pupil in world.children:
        if pupil.id == child and (pupil.severed or not on_record(pupil, moment)):
            return set()
    for shut in world.shut:
        if shut.human == human and shut.school is None and on_record(shut, moment):
            return set()
    for block in world.blocks:
        if block.human == human and block.child == child and held(block, moment):
            return set()
    through = set()
    for role in world.roles:
        if role.human == human and opens(world, role, child, moment):
            through.add(role.id)
    return through


# Who is missing (NEW16).


def cared_for(world: World, reader: int, moment: datetime) -> list[int]:
    """The children in care whom the reader may see."""
    found = []
    for child in world.children:
        in_care = any(c.child == child.id and held(c, moment) for c in world.care)
        if in_care and reasons(world, reader, child.id, moment):
            found.append(child.id)
    return found


def without(world: World, reader: int, moment: datetime, role: str) -> set[int]:
    """The children in care, seen by the reader, whom nobody sees in that role."""
    lacking = set()
    for child in cared_for(world, reader, moment):
        through = set()
        for human in world.humans:
            through |= reasons(world, human.id, child, moment)
        if not any(held.id in through and held.role == role for held in world.roles):
            lacking.add(child)
    return lacking


def unreached(world: World, reader: int, moment: datetime) -> set[int]:
    """Those whom nobody who has ever signed in sees by a school or a link."""
    lacking = set()
    for child in cared_for(world, reader, moment):
        through = set()
        for human in world.humans:
            if human.signed_in:
                through |= reasons(world, human.id, child, moment)
        # Whoever is told that the child is in care.
        near = ("designated_teacher", "social_worker", "own-1")
        if not any(held.id in through and held.role in near for held in world.roles):
            lacking.add(child)
    return lacking


def without_school(world: World, reader: int, moment: datetime) -> set[int]:
    """Those who are on roll nowhere today and not educated at home."""
    lacking = set()
    for child in cared_for(world, reader, moment):
        places = [r for r in world.rolls if r.child == child and held(r, moment)]
        if not any(place.school or place.at_home for place in places):
            lacking.add(child)
    return lacking


def without_teacher(world: World, reader: int, moment: datetime) -> set[int]:
    """The schools of such children at which nobody active is a designated teacher."""
    lacking = set()
    for child in cared_for(world, reader, moment):
        for place in world.rolls:
            if place.child == child and place.school and held(place, moment):
                lacking.add(place.school)
    for role in world.roles:
        teaches = role.role == "designated_teacher" and held(role, moment)
        teaches = teaches and not sleeps(world, role, moment)
        if teaches and active(world, role.human, moment) and role.school:
            lacking.discard(role.school)
    return lacking


def with_nobody(world: World, moment: datetime) -> set[int]:
    """The active users who hold nothing by which they could ever see a child."""
    lacking = set()
    for human in world.humans:
        if not active(world, human.id, moment):
            continue
        useful = False
        for role in world.roles:
            if role.human != human.id or not held(role, moment) or sleeps(world, role, moment):
                continue
            if role.role == "finance_manager":
                useful = True  # meant to see nobody
            if role.role == "leader":
                useful = useful or role.subject is not None
            if role.role == "teacher":
                useful = useful or role.group is not None
            if role.role in ("la_super_user", "la_user"):
                useful = useful or (role.school is None and role.child is None)
            if role.role in ("designated_teacher", "school_admin"):
                useful = useful or role.school is not None
            if role.role in ("social_worker", "own-1", "own-2", "licence-parent", "licence-7"):
                useful = useful or role.child is not None
        if not useful:
            lacking.add(human.id)
    return lacking


def active(world: World, human: int, moment: datetime) -> bool:
    """Whether the user is there and not inactive."""
    there = any(h.id == human and on_record(h, moment) for h in world.humans)
    shut = [s for s in world.shut if s.human == human and on_record(s, moment)]
    if any(s.school is None for s in shut):
        return False
    if shut:  # somewhere: then something that they hold must be awake
        roles = [r for r in world.roles if r.human == human and held(r, moment)]
        return there and any(not sleeps(world, r, moment) for r in roles)
    return there


def midnight(day: date) -> datetime:
    """The moment at which a day begins in London."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)
