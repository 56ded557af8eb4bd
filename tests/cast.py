"""The cast: the same people and children in every test, made through the actions.

Two schools, Abbey and Brook. Everything began long ago and is open unless said otherwise.

=======  ==================================  ===========================================
Amira    at Abbey, in care                   seen by Dora and Theo, and Sara (linked)
Ben      at Abbey, never in care             seen by no teacher
Carys    at Brook, in care                   seen by Theo
Dylan    at Abbey, left care a month ago     seen by no teacher any more
Eve      in care, no school known            seen by Sara (linked)
Ada      LA Super User                       sees all five
Liam     LA User                             sees all five, Ben first (assigned)
Sara     Social Worker                       sees Amira and Eve
Dora     Designated Teacher at Abbey         sees Amira
Theo     Designated Teacher at both schools  sees Amira and Carys
Noor     no role                             must never see anybody
=======  ==================================  ===========================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import Actor, user_actor
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil
from tests import factories


@dataclass(frozen=True)
class Cast:
    """Everybody, by first name."""

    abbey: Establishment
    brook: Establishment
    amira: Pupil
    ben: Pupil
    carys: Pupil
    dylan: Pupil
    eve: Pupil
    ada: User
    liam: User
    sara: User
    dora: User
    theo: User
    noor: User

    @property
    def pupils(self) -> list[Pupil]:
        """The five children."""
        return [self.amira, self.ben, self.carys, self.dylan, self.eve]

    @property
    def users(self) -> list[User]:
        """The six users."""
        return [self.ada, self.liam, self.sara, self.dora, self.theo, self.noor]

    @property
    def as_ada(self) -> Actor:
        """Ada, as the one who acts."""
        return user_actor(self.ada.pk)


def assemble() -> Cast:
    """Put the cast into an empty database."""
    abbey = factories.establishment(name="Abbey Primary School", urn="100001")
    brook = factories.establishment(name="Brook Academy", urn="100002", town="Bath")

    amira = factories.pupil(first_name="Amira", last_name="Haddad")
    ben = factories.pupil(first_name="Ben", last_name="Fielding")
    carys = factories.pupil(first_name="Carys", last_name="Morgan")
    dylan = factories.pupil(first_name="Dylan", last_name="Price")
    eve = factories.pupil(first_name="Eve", last_name="O’Connor")
    for pupil, school in ((amira, abbey), (ben, abbey), (carys, brook), (dylan, abbey)):
        factories.enrolment(pupil, school)
    factories.enrolment(eve, None)
    for pupil in (amira, carys, eve):
        factories.episode(pupil)
    factories.episode(dylan, until=timezone.localdate() - timedelta(days=30))

    ada = factories.user(first_name="Ada", last_name="Osei", email="ada@council.example")
    liam = factories.user(first_name="Liam", last_name="Novak", email="liam@council.example")
    sara = factories.user(first_name="Sara", last_name="Lindqvist", email="sara@council.example")
    dora = factories.user(
        first_name="Dora", last_name="Teague", email="dora@abbey.example", workplace=abbey
    )
    theo = factories.user(
        first_name="Theo", last_name="Marsh", email="theo@brook.example", workplace=brook
    )
    noor = factories.user(first_name="Noor", last_name="Rahman", email="noor@example.org")
    factories.grant(ada, LA_SUPER_USER)
    factories.grant(liam, LA_USER)
    factories.grant(liam, LA_USER, pupil=ben)
    factories.grant(sara, SOCIAL_WORKER)
    factories.grant(sara, SOCIAL_WORKER, pupil=amira)
    factories.grant(sara, SOCIAL_WORKER, pupil=eve)
    factories.grant(dora, DESIGNATED_TEACHER, school=abbey)
    factories.grant(theo, DESIGNATED_TEACHER, school=abbey)
    factories.grant(theo, DESIGNATED_TEACHER, school=brook)
    return Cast(abbey, brook, amira, ben, carys, dylan, eve, ada, liam, sara, dora, theo, noor)
