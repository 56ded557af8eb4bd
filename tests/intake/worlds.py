"""Made-up registers, and made-up files about them, for the tests that hold for any."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    FINANCE_MANAGER,
    LA_SUPER_USER,
    LA_USER,
    LEADER,
    SCHOOL_ADMIN,
    SOCIAL_WORKER,
    TEACHER,
    Over,
    Role,
)
from schoolgate.audit.actions import SYSTEM
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools import classes
from schoolgate.schools.models import Establishment, Pupil, SchoolClass, SubjectArea
from tests import factories
from tests.intake.desk import Row, child, person, upn_of

Pairs = set[tuple[str, str]]

BY_FILE = [
    DESIGNATED_TEACHER, LA_USER, LA_SUPER_USER, SOCIAL_WORKER, SCHOOL_ADMIN, LEADER, LEADER,
    FINANCE_MANAGER,
]  # fmt: skip
SUBJECTS = ["History", "maths ", "Humanities", "All subjects", "History; Maths", "Alchemy"]
CLASSES = ["7A", "7B", "8A", "8B", "Hi/1"]


@dataclass
class World:
    """A small register with grants, restrictions and denials of every kind."""

    rng: random.Random
    schools: list[Establishment] = field(default_factory=list)
    pupils: list[Pupil] = field(default_factory=list)
    subjects: list[SubjectArea] = field(default_factory=list)
    classes: list[SchoolClass] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    denied: set[int] = field(default_factory=set)
    made: int = 0

    def day(self, earliest: int, latest: int) -> date:
        """A day so many days from today."""
        return timezone.localdate() + timedelta(days=self.rng.randint(earliest, latest))

    def build(self) -> World:
        rng = self.rng
        self.schools = [
            factories.establishment(name=f"School {n}", status="Closed" if n == 3 else "Open")
            for n in range(4)
        ]
        # Somebody who is always there, so that any other may be denied.
        factories.grant(factories.user(first_name="Root"), LA_SUPER_USER)
        for n in range(10):
            self.pupils.append(factories.pupil(first_name=f"Child{n}", last_name=f"Of{n}"))
            for school in rng.sample([*self.schools, None], rng.choice([0, 1, 1, 1, 2])):
                since, until = self._days()
                factories.enrolment(self.pupils[-1], school, since=since, until=until)
            if rng.random() < 0.7:
                since, until = self._days()
                factories.episode(self.pupils[-1], since=since, until=until)
        self._inside()
        for n in range(8):
            self.users.append(
                factories.user(first_name=f"User{n}", last_name=f"By{n}", email=f"u{n}@x.example")
            )
            for _ in range(rng.choice([0, 1, 2, 3])):
                self._grant(self.users[-1])
            for pupil in rng.sample(self.pupils, rng.choice([0, 0, 1, 2])):
                since, until = self._days()
                factories.restriction(self.users[-1], pupil, since=since, until=until)
        for user in self.users:
            if rng.random() < 0.2:
                place = rng.choice([None, *self.schools])
                access.deny([user.pk], by=SYSTEM, establishment_id=place.pk if place else None)
                self.denied.add(user.pk)
        return self

    def _inside(self) -> None:
        """Subject areas and classes, some as a sync makes them, some from the register."""
        rng = self.rng
        for school in self.schools:
            areas = [factories.subject(school, name) for name in ("History", "Maths")]
            if rng.random() < 0.7:
                category = factories.category(school)
                classes.put_in_category([(a.pk, category.pk) for a in areas], by=SYSTEM)
            for name in rng.sample(CLASSES, 3):
                area = rng.choice([*areas, None])
                pupils = rng.sample(self.pupils, rng.choice([0, 1, 3]))
                self.classes.append(
                    factories.school_class(school, name, subject=area, pupils=pupils)
                )
            self.subjects += areas
        for pupil in self.pupils:
            schools.change_things(
                Pupil, [(pupil.pk, "class_name", rng.choice([*CLASSES, ""]))], by=SYSTEM,
                touch=False,
            )  # fmt: skip
        classes.follow_register([pupil.pk for pupil in self.pupils], by=SYSTEM)

    def _days(self) -> tuple[date, date | None]:
        since = self.day(-60, 1)
        until = since + timedelta(days=self.rng.randint(0, 70))
        return since, until if self.rng.random() < 0.3 else None

    def _grant(self, user: User) -> None:
        rng = self.rng
        role = rng.choice([*BY_FILE, TEACHER, TEACHER])
        since, until = self._days()
        school = rng.choice(self.schools) if role.over is Over.ESTABLISHMENT else None
        pupil = rng.choice(self.pupils) if role.over is Over.PUPILS else None
        subject = rng.choice(self.subjects) if role.over is Over.SUBJECT_AREA else None
        group = rng.choice(self.classes) if role.over is Over.CLASS else None
        if role.assigns_pupils and rng.random() < 0.3:
            pupil = rng.choice(self.pupils)
        if rng.random() < 0.1 and role in (DESIGNATED_TEACHER, SOCIAL_WORKER):
            school = pupil = None
        held = Grant.objects.filter(
            user=user, role=role.code, pupil=pupil, subject_area=subject, school_class=group,
            ended_at=None, **({} if subject or group else {"establishment": school}),
        )  # fmt: skip
        if not held.exists():
            factories.grant(
                user, role, school=school, pupil=pupil, subject=subject, school_class=group,
                since=since, until=until,
            )  # fmt: skip

    # Files

    def user_file(self, role: Role) -> list[Row]:
        """Rows for known and new users; most are good."""
        rng = self.rng
        rows = []
        for user in rng.sample(self.users, rng.randint(0, 5)):
            rows.append(self._person(role, user.first_name, user.last_name, user.email))
        for _ in range(rng.randint(1, 4)):
            self.made += 1
            name = f"New{self.made}"
            rows.append(self._person(role, name, f"Face{self.made}", f"{name}@x.example"))
        rng.shuffle(rows)
        return rows

    def _person(self, role: Role, first: str, last: str, email: str) -> Row:
        rng = self.rng
        urn = rng.choice(self.schools).urn
        if rng.random() < 0.2:
            urn = rng.choice(["0", "0", "999"])
        if role.over not in (Over.ESTABLISHMENT, Over.SUBJECT_AREA) and rng.random() < 0.5:
            urn = ""
        upns = [upn_of(pupil) for pupil in rng.sample(self.pupils, rng.randint(0, 4))]
        if role.follows_register and rng.random() < 0.8:
            upns = []
        subjects = None
        if role is LEADER:
            subjects = [rng.choice(SUBJECTS), rng.choice(["", "", "Maths"])]
        return person(first=first, last=last, email=email, urn=urn, upns=upns, subjects=subjects)

    def pupil_file(self) -> list[Row]:
        """Rows for known and new pupils: moves, leavers, and into and out of care."""
        rng = self.rng
        rows = []
        for pupil in rng.sample(self.pupils, rng.randint(1, 6)):
            cells = self._cells()
            rows.append(
                child(first=pupil.first_name, last=pupil.last_name, upn=upn_of(pupil), **cells)
            )
        for _ in range(rng.randint(0, 3)):
            self.made += 1
            cells = self._cells()
            rows.append(
                child(first=f"New{self.made}", last="Child", sync_key=f"K{self.made}", **cells)
            )
        rng.shuffle(rows)
        return rows

    def _cells(self) -> dict[str, str]:
        rng = self.rng
        cells = {"born": "", "year": rng.choice(["", "7"])}
        if rng.random() < 0.6:
            cells["class_name"] = rng.choice([*CLASSES, "8b ", "New class", "—"])
        if rng.random() < 0.7:
            cells["urn"] = rng.choice([*(school.urn for school in self.schools), "888888", "999"])
        if rng.random() < 0.3:
            cells["left"] = str(self.day(-3, 3))
        if rng.random() < 0.4:
            cells["since"] = str(self.day(-70, 2))
        if rng.random() < 0.3:
            cells["until"] = str(self.day(-20, 20))
        return cells


def a_world(seed: int) -> World:
    """A made-up world; the same for the same seed."""
    return World(random.Random(seed)).build()
