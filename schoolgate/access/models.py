"""Grants, restrictions and denials: the records from which scope is decided."""

import hashlib
import json

from django.db import models
from django.db.models import Q

from schoolgate.access.roles import OWN, OWN_SHOWS
from schoolgate.kit.records import Dated, Known, Thing
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil, SchoolClass, SubjectArea


class Grant(Dated):
    """One role, held by one user, over one place.

    The place is an establishment, a subject area, a class, a pupil, or (none of them) what the role
    itself says: the organisation, or, for a role that needs an establishment, none yet ("not known
    yet", LAC6). With a subject area or class stands its establishment: the place they are in.
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


class Restriction(Dated):
    """A dated, reasoned block between one user and one pupil. It beats every grant (NEW5)."""

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="restrictions", db_index=False
    )
    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="restrictions", db_index=False
    )
    reason = models.CharField(max_length=500)

    class Meta:
        indexes = [
            models.Index(fields=["user", "pupil"], name="restriction_user"),
            models.Index(fields=["pupil"], name="restriction_pupil"),
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
