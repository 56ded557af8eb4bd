"""Grants, restrictions and denials: the records from which scope is decided."""

import hashlib
import json

from django.db import models
from django.db.models import Q

from schoolgate.access.roles import LICENCE, OWN, OWN_SHOWS
from schoolgate.kit.records import Dated, Known, Thing
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil, SchoolClass, SubjectArea


class Grant(Dated):
    """One role, held by one user, over one place.

    The place is an establishment, a subject area, a class, a pupil, or (none of them) what the role
    itself says: the organisation, or, for a role that needs an establishment, none yet ("not known
    yet", LAC6). With a subject area or class stands its establishment: the place they are in.
    ``relationship``: of a licence over a pupil, what the user is to them ("Mother"); it decides
    nothing.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants", db_index=False)
    role = models.CharField(max_length=20)
    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, null=True, related_name="grants", db_index=False
    )
    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, null=True, related_name="grants", db_index=False
    )

    subject_area = models.ForeignKey(
        SubjectArea, on_delete=models.PROTECT, null=True, related_name="grants", db_index=False
    )
    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.PROTECT, null=True, related_name="grants", db_index=False
    )
    relationship = models.CharField(max_length=100, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(establishment__isnull=True) | Q(pupil__isnull=True), name="one_place"
            ),
            models.CheckConstraint(
                condition=Q(subject_area__isnull=True, school_class__isnull=True)
                | Q(establishment__isnull=False, subject_area__isnull=True)
                | Q(establishment__isnull=False, school_class__isnull=True),
                name="one_place_inside",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "pupil", "starts_on"],
                condition=Q(ended_at__isnull=True, pupil__isnull=False),
                name="one_live_link",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "establishment", "starts_on"],
                condition=Q(
                    ended_at__isnull=True,
                    establishment__isnull=False,
                    subject_area__isnull=True,
                    school_class__isnull=True,
                ),
                name="one_live_post",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "subject_area", "starts_on"],
                condition=Q(ended_at__isnull=True, subject_area__isnull=False),
                name="one_live_leadership",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "school_class", "starts_on"],
                condition=Q(ended_at__isnull=True, school_class__isnull=False),
                name="one_live_teaching",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "starts_on"],
                condition=Q(ended_at__isnull=True, establishment__isnull=True, pupil__isnull=True),
                name="one_live_wide_grant",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="grant_user"),
            models.Index(fields=["pupil"], name="grant_pupil", condition=Q(pupil__isnull=False)),
            models.Index(
                fields=["establishment"],
                name="grant_establishment",
                condition=Q(establishment__isnull=False),
            ),
            models.Index(
                fields=["subject_area"],
                name="grant_subject",
                condition=Q(subject_area__isnull=False),
            ),
            models.Index(
                fields=["school_class"],
                name="grant_class",
                condition=Q(school_class__isnull=False),
            ),
            models.Index(
                fields=["ends_on"],
                name="grant_ends",
                condition=Q(ended_at__isnull=True, ends_on__isnull=False),
            ),
            models.Index(
                fields=["role"],
                name="grant_wide",
                condition=Q(establishment__isnull=True, pupil__isnull=True),
            ),
        ]


class OwnRole(Thing):
    """A professional role that the organisation has added, over pupils (LAC15).

    Its code in a grant is :attr:`code`. ``shows``: how much of a child's record, as
    ``roles.Detail`` has it.
    """

    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)
    purpose = models.CharField(max_length=200, blank=True)
    shows = models.CharField(max_length=40, choices=[(one.value, one.value) for one in OWN_SHOWS])

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"], condition=Q(gone_at__isnull=True), name="one_live_own_role"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """What grants of this role have for their role."""
        return f"{OWN}{self.pk}"

    def standing(self) -> str:
        """A word for what can be changed of it; another one when anybody has (S57)."""
        told = json.dumps([self.pk, self.name, self.purpose])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class LicenceType(Thing):
    """What the organisation decided about a licence type, or one that it has added (PT11).

    ``builtin``: "parent" or "pupil" for the two that are always there, of which there is a row once
    something was decided; blank for an added one. ``blocks``: what its holders are shown of a child
    (values of ``licences.Block``).
    """

    builtin = models.CharField(max_length=10, blank=True)
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)
    purpose = models.CharField(max_length=200, blank=True)
    blocks = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"], condition=Q(gone_at__isnull=True), name="one_live_licence_type"
            ),
            models.UniqueConstraint(
                fields=["builtin"],
                condition=Q(gone_at__isnull=True) & ~Q(builtin=""),
                name="one_builtin_licence_type",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """What grants of this type have for their role."""
        return f"{LICENCE}{self.builtin or self.pk}"

    def standing(self) -> str:
        """A word for what can be changed of it; another one when anybody has (S57)."""
        told = json.dumps([self.code, self.name, self.purpose, sorted(self.blocks)])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class Fact(models.TextChoices):
    """What can be on record between an adult and a child beside their link. Unknown means no."""

    RESPONSIBILITY = "responsibility", "Parental responsibility"
    LIVES_WITH = "lives-with", "Lives with"
    CONTACT = "contact", "Contact allowed"


class FamilyFact(Dated):
    """A fact between a user and a pupil, from a day, until a day or open. It opens nothing by
    itself; no record is "unknown", and where something depends on it that means no."""

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="family_facts", db_index=False
    )
    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="family_facts", db_index=False
    )
    fact = models.CharField(max_length=14, choices=Fact.choices)
    holds = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "pupil", "fact", "starts_on"],
                condition=Q(ended_at__isnull=True),
                name="one_live_family_fact",
            )
        ]
        indexes = [
            models.Index(fields=["user", "pupil"], name="family_fact_user"),
            models.Index(fields=["pupil"], name="family_fact_pupil"),
        ]


class TwoPeople(models.Model):
    """A person has said that two users who look like one are two (ITS10): not asked again.

    ``first`` is the one with the lower id.
    """

    first = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField()
    said_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="said_once_of_two_people")
        ]


class Severance(models.Model):
    """A pupil to be severed for good (adoption, NEW14): asked for by one person, done by another.

    Nothing happens to the pupil before ``confirmed_at``; after it nothing brings them back.
    """

    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="severances", db_index=False
    )
    reason = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    asked_by_id = models.BigIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by_id = models.BigIntegerField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pupil"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_live_severance",
            )
        ]


class Restriction(Dated):
    """A dated, reasoned block between one user and one pupil. It beats every grant (NEW5).

    ``evidence``: where what it rests on is to be found ("Order of 3 March 2026, file 12/88", say);
    ``review_on``: the day on which somebody is to look at it again.
    """

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="restrictions", db_index=False
    )
    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="restrictions", db_index=False
    )
    reason = models.CharField(max_length=500)
    evidence = models.CharField(max_length=500, null=True)
    review_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "pupil"], name="restriction_user"),
            models.Index(fields=["pupil"], name="restriction_pupil"),
            models.Index(
                fields=["review_on", "id"],
                name="restriction_review",
                condition=Q(ended_at__isnull=True, review_on__isnull=False),
            ),
        ]


class HeldLink(models.Model):
    """A licence over a pupil that waits for a second LA Super User's word: somebody of the same
    name was kept from that child (access/held_links.py).

    It opens nothing. ``is_granted``: what was decided; None while it waits.
    """

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="held_links", db_index=False
    )
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="held_links")
    role = models.CharField(max_length=20)
    relationship = models.CharField(max_length=100, null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    asked_at = models.DateTimeField()
    asked_by_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)
    is_granted = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "pupil", "role"],
                condition=Q(decided_at__isnull=True),
                name="one_waiting_link",
            )
        ]


class Denial(Known):
    """A deny over a place, while it is on record.

    Over the organisation (no establishment): the user is inactive. Over an establishment: the
    user's grants there sleep, those over its subject areas and classes too; whose grants all sleep
    cannot sign in either.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="denials", db_index=False)
    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, null=True, related_name="denials", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["user"], name="denial_user"),
            models.Index(
                fields=["establishment"],
                name="denial_establishment",
                condition=Q(establishment__isnull=False),
            ),
        ]


class EndNotice(models.Model):
    """A user has been told that something they hold ends on a day, so many days before it.

    Kept so that each is told once, whatever is started anew or runs twice.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    ends_on = models.DateField()
    days_before = models.IntegerField()
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "ends_on", "days_before"], name="told_once_of_an_end"
            )
        ]
