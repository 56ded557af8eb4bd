"""One of a thing, made through the actions, with only what the test says and plain defaults.

Nothing comes along unasked: a pupil is at no school and not in care, a user has no role.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count

from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import licence_changes, restrictions, role_changes
from schoolgate.access.licences import Block
from schoolgate.access.models import Grant, Restriction
from schoolgate.access.own_roles import role_of
from schoolgate.access.roles import LICENCE, OWN, Role
from schoolgate.audit.actions import SYSTEM, Actor
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people import staff
from schoolgate.people.models import StaffRecord, SyncStatus, User
from schoolgate.schools import actions as schools
from schoolgate.schools import classes
from schoolgate.schools.models import (
    CareEpisode,
    Elsewhere,
    Enrolment,
    Establishment,
    IdentifierKind,
    Pupil,
    SchoolClass,
    SubjectArea,
    SubjectCategory,
)
from schoolgate.schools.upn import check_letter

_numbers = count(1)
LONG_AGO = timedelta(days=200)


def a_upn() -> str:
    """A UPN with a right check letter that no other pupil of the run has."""
    rest = f"8012000{next(_numbers):05d}"
    return check_letter(rest) + rest


def establishment(
    *,
    name: str = "Cedar Primary School",
    urn: str = "",
    status: str = "Open",
    town: str = "Bristol",
    by: Actor = SYSTEM,
) -> Establishment:
    """A school on the register, with a URN of its own."""
    urn = urn or str(200000 + next(_numbers))
    blank = dict.fromkeys(schools.ESTABLISHMENT_FIELDS, "")
    facts = {
        **blank, "urn": urn, "name": name, "status": status, "town": town,
        "la_code": "801", "la_name": "Bristol, City of", "opened_on": None, "closed_on": None,
    }  # fmt: skip
    row = tuple(facts[field] for field in schools.ESTABLISHMENT_FIELDS)
    (pk,) = schools.create_establishments([row], by=by, source=Source.BY_HAND)
    return Establishment.objects.get(pk=pk)


def pupil(
    *,
    first_name: str = "Pat",
    last_name: str = "Pupil",
    date_of_birth: date | None = date(2014, 5, 30),
    year: str = "6",
    class_name: str = "6B",
    upn: str = "",
    by: Actor = SYSTEM,
) -> Pupil:
    """A child on the register with a UPN; on roll nowhere, not in care."""
    row = (first_name, last_name, date_of_birth, year, class_name)
    (pk,) = schools.create_pupils([row], by=by, source=Source.BY_HAND)
    identifier = schools.NewIdentifier(pk, IdentifierKind.UPN, upn or a_upn())
    schools.add_identifiers([identifier], by=by, source=Source.BY_HAND)
    return Pupil.objects.get(pk=pk)


def enrolment(
    pupil: Pupil,
    school: Establishment | None,
    *,
    since: date | None = None,
    until: date | None = None,
    elsewhere: str = "",
    by: Actor = SYSTEM,
) -> Enrolment:
    """The pupil on roll there, for long unless ``since`` says otherwise."""
    since = since or timezone.localdate() - LONG_AGO
    if school is None:
        elsewhere = elsewhere or Elsewhere.UNKNOWN
    row = schools.NewEnrolment(pupil.pk, school.pk if school else None, elsewhere, since, until)
    schools.enrol([row], by=by, source=Source.BY_HAND)
    return Enrolment.objects.filter(pupil=pupil).latest("pk")


def episode(
    pupil: Pupil, *, since: date | None = None, until: date | None = None, by: Actor = SYSTEM
) -> CareEpisode:
    """Days in care, for long unless ``since`` says otherwise."""
    since = since or timezone.localdate() - LONG_AGO
    row = schools.NewEpisode(pupil.pk, since, until)
    schools.start_episodes([row], by=by, source=Source.BY_HAND)
    return CareEpisode.objects.filter(pupil=pupil).latest("pk")


def category(
    school: Establishment, name: str = "Humanities", *, by: Actor = SYSTEM
) -> SubjectCategory:
    """A category of subject areas, with none in it."""
    (pk,) = classes.create(SubjectCategory, [classes.Named(school.pk, name)], by=by)
    return SubjectCategory.objects.get(pk=pk)


def subject(
    school: Establishment,
    name: str = "History",
    *,
    category: SubjectCategory | None = None,
    by: Actor = SYSTEM,
) -> SubjectArea:
    """A subject area of the school, with no classes."""
    (pk,) = classes.create(SubjectArea, [classes.Named(school.pk, name)], by=by)
    if category:
        classes.put_in_category([(pk, category.pk)], by=by)
    return SubjectArea.objects.get(pk=pk)


def school_class(
    school: Establishment,
    name: str = "7B/Hi1",
    *,
    subject: SubjectArea | None = None,
    pupils: Sequence[Pupil] = (),
    by: Actor = SYSTEM,
) -> SchoolClass:
    """A class as a sync makes it, of the subject area, with these pupils in it since today."""
    (pk,) = classes.create(SchoolClass, [classes.Named(school.pk, name)], by=by, source=Source.SYNC)
    if subject:
        classes.set_subjects([(pk, subject.pk)], by=by, source=Source.SYNC)
    members = [classes.Membership(pk, pupil.pk) for pupil in pupils]
    classes.join(members, by=by, source=Source.SYNC)
    return SchoolClass.objects.get(pk=pk)


def post(
    user: User,
    school: Establishment,
    *,
    sync: SyncStatus = SyncStatus.UNSYNCHRONISED,
    by: Actor = SYSTEM,
) -> StaffRecord:
    """The user on the staff of the school, which grants nothing."""
    staff.record([staff.NewPost(user.pk, school.pk, sync)], by=by, source=Source.BY_HAND)
    return StaffRecord.objects.filter(user=user).latest("pk")


def user(
    *,
    first_name: str = "Una",
    last_name: str = "User",
    email: str | None = None,
    username: str = "",
    job_title: str = "",
    workplace: Establishment | None = None,
    by: Actor = SYSTEM,
) -> User:
    """A human with an e-mail address of their own and no role; sign-in not set up yet."""
    if email is None:
        email = f"{first_name}.{last_name}.{next(_numbers)}@example.org".replace(" ", "").lower()
    new = people.NewUser(
        email=email,
        username=username,
        first_name=first_name,
        last_name=last_name,
        job_title=job_title,
        workplace_id=workplace.pk if workplace else None,
    )
    (pk,) = people.create_users([new], by=by, source=Source.BY_HAND)
    return User.objects.get(pk=pk)


def grant(
    user: User,
    role: Role,
    *,
    school: Establishment | None = None,
    pupil: Pupil | None = None,
    subject: SubjectArea | None = None,
    school_class: SchoolClass | None = None,
    since: date | None = None,
    until: date | None = None,
    by: Actor = SYSTEM,
) -> Grant:
    """A role for the user over a school, a subject area, a class, a pupil, or nothing; since long
    ago by default."""
    inside = subject or school_class
    new = access.NewGrant(
        user.pk,
        role.code,
        school.pk if school else inside.establishment_id if inside else None,
        pupil.pk if pupil else None,
        since or timezone.localdate() - LONG_AGO,
        until,
        subject.pk if subject else None,
        school_class.pk if school_class else None,
    )
    access.grant([new], by=by, source=Source.SYNC if role.from_sync else Source.BY_HAND)
    return Grant.objects.filter(user=user).latest("pk")


def own_role(
    name: str = "Independent Reviewing Officer",
    *,
    purpose: str = "Chairs the reviews of the children linked to them.",
    shows: str = "everything",
    by: Actor = SYSTEM,
) -> Role:
    """A role that the organisation has added; held by nobody."""
    pk = role_changes.create_role(name=name, purpose=purpose, shows=shows, by=by)
    return role_of(f"{OWN}{pk}")


def licence_type(
    name: str = "Foster carer", *, blocks: Sequence[Block] = tuple(Block), by: Actor = SYSTEM
) -> str:
    """A licence type that the organisation has added; its code. Held by nobody."""
    pk = licence_changes.create_licence(name=name, purpose="", blocks=blocks, by=by)
    return f"{LICENCE}{pk}"


def restriction(
    user: User,
    pupil: Pupil,
    *,
    reason: str = "Court order",
    since: date | None = None,
    until: date | None = None,
    by: Actor = SYSTEM,
) -> Restriction:
    """A block between the two, from today unless ``since`` says otherwise."""
    new = restrictions.NewRestriction(
        user.pk, pupil.pk, reason, since or timezone.localdate(), until
    )
    restrictions.restrict([new], by=by)
    return Restriction.objects.filter(user=user, pupil=pupil).latest("pk")
