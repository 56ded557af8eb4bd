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
from datetime import date, datetime, timedelta

from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import scope
from schoolgate.access.actions import NewGrant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM, Actor, batch, user_actor
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewEnrolment, NewEpisode, NewIdentifier
from schoolgate.schools.models import Elsewhere, Establishment, IdentifierKind, Pupil
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


def seen_by(user: User, as_at: datetime | None = None) -> str:
    """The first names of the pupils that the user may see, in alphabetical order: "Amira Eve"."""
    return " ".join(sorted(p.first_name for p in scope.pupils_visible_to(user.pk, as_at)))


def who_sees(pupil: Pupil, as_at: datetime | None = None) -> str:
    """The first names of the users who may see the pupil, in alphabetical order."""
    openings = scope.users_who_can_see(pupil.pk, as_at)
    return " ".join(sorted({opening.user.first_name for opening in openings}))


def assemble() -> Cast:
    """Put the cast into an empty database, as one transaction with one batch of events."""
    with batch(by=SYSTEM):
        return _assemble()


def _assemble() -> Cast:
    long_ago = timezone.localdate() - factories.LONG_AGO
    abbey = factories.establishment(name="Abbey Primary School", urn="100001")
    brook = factories.establishment(name="Brook Academy", urn="100002", town="Bath")
    amira, ben, carys, dylan, eve = _pupils()
    schools.enrol(
        [
            NewEnrolment(amira.pk, abbey.pk, "", long_ago, None),
            NewEnrolment(ben.pk, abbey.pk, "", long_ago, None),
            NewEnrolment(carys.pk, brook.pk, "", long_ago, None),
            NewEnrolment(dylan.pk, abbey.pk, "", long_ago, None),
            NewEnrolment(eve.pk, None, Elsewhere.UNKNOWN, long_ago, None),
        ],
        by=SYSTEM,
        source=Source.IMPORT,
    )
    left_care = timezone.localdate() - timedelta(days=30)
    schools.start_episodes(
        [
            NewEpisode(amira.pk, long_ago, None),
            NewEpisode(carys.pk, long_ago, None),
            NewEpisode(dylan.pk, long_ago, left_care),
            NewEpisode(eve.pk, long_ago, None),
        ],
        by=SYSTEM,
        source=Source.IMPORT,
    )
    ada, liam, sara, dora, theo, noor = _users(abbey, brook)
    access.grant(
        [
            NewGrant(ada.pk, LA_SUPER_USER.code, None, None, long_ago),
            NewGrant(liam.pk, LA_USER.code, None, None, long_ago),
            NewGrant(liam.pk, LA_USER.code, None, ben.pk, long_ago),
            NewGrant(sara.pk, SOCIAL_WORKER.code, None, None, long_ago),
            NewGrant(sara.pk, SOCIAL_WORKER.code, None, amira.pk, long_ago),
            NewGrant(sara.pk, SOCIAL_WORKER.code, None, eve.pk, long_ago),
            NewGrant(dora.pk, DESIGNATED_TEACHER.code, abbey.pk, None, long_ago),
            NewGrant(theo.pk, DESIGNATED_TEACHER.code, abbey.pk, None, long_ago),
            NewGrant(theo.pk, DESIGNATED_TEACHER.code, brook.pk, None, long_ago),
        ],
        by=SYSTEM,
        source=Source.IMPORT,
    )
    return Cast(abbey, brook, amira, ben, carys, dylan, eve, ada, liam, sara, dora, theo, noor)


def _pupils() -> list[Pupil]:
    born = date(2014, 5, 30)
    names = [
        ("Amira", "Haddad"),
        ("Ben", "Fielding"),
        ("Carys", "Morgan"),
        ("Dylan", "Price"),
        ("Eve", "O’Connor"),
    ]
    rows = [(first, last, born, "6", "6B") for first, last in names]
    ids = schools.create_pupils(rows, by=SYSTEM, source=Source.IMPORT)
    upns = [NewIdentifier(pk, IdentifierKind.UPN, factories.a_upn()) for pk in ids]
    schools.add_identifiers(upns, by=SYSTEM, source=Source.IMPORT)
    found = Pupil.objects.in_bulk(ids)
    return [found[pk] for pk in ids]


def _users(abbey: Establishment, brook: Establishment) -> list[User]:
    new = [
        NewUser("ada@council.example", "", "Ada", "Osei"),
        NewUser("liam@council.example", "", "Liam", "Novak"),
        NewUser("sara@council.example", "", "Sara", "Lindqvist"),
        NewUser("dora@abbey.example", "", "Dora", "Teague", workplace_id=abbey.pk),
        NewUser("theo@brook.example", "", "Theo", "Marsh", workplace_id=brook.pk),
        NewUser("noor@example.org", "", "Noor", "Rahman"),
    ]
    ids = people.create_users(new, by=SYSTEM, source=Source.IMPORT)
    found = User.objects.in_bulk(ids)
    return [found[pk] for pk in ids]
