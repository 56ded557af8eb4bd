"""The register: establishments, pupils, where they are on roll, in care, and in which classes."""

import hashlib
import json

from django.db import models
from django.db.models import Q

from schoolgate.kit.records import Dated, Known, Thing

# The grace that an organisation gives until it decides otherwise (NEW11), in hours.
A_DAY = 24


class Organisation(models.Model):
    """The one organisation that this installation serves.

    ``colour``: of its header, buttons and links, as #rrggbb; ``contact``: whom its users ask for
    help. Both are None until somebody sets them. ``factor_grace_hours``: for how long somebody who
    must have a second factor may come in without, 0 or 24; None is as 24 (NEW11).
    ``parent_access``: whether parents and other licence holders may sign in at all (ITS1), and
    ``names_to_parents``: whether they are told the names of staff who see their child, or the roles
    alone (ITS9); None is as False.
    """

    name = models.CharField(max_length=200)
    colour = models.CharField(max_length=7, null=True)
    contact = models.CharField(max_length=200, null=True)
    factor_grace_hours = models.IntegerField(null=True)
    parent_access = models.BooleanField(null=True)
    names_to_parents = models.BooleanField(null=True)

    @property
    def grace_hours(self) -> int:
        """For how many hours somebody may come in without the second factor they must have."""
        return A_DAY if self.factor_grace_hours is None else self.factor_grace_hours

    def standing(self) -> str:
        """A word for what is set now; another one when anybody has changed it (S57)."""
        told = json.dumps([self.name, self.colour, self.contact, self.factor_grace_hours])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    is_demonstration = models.BooleanField(default=False)


class Establishment(Thing):
    """A school or other setting, known by its URN (GIAS). Closed ones are kept.

    ``parent_access``: whether parents of its pupils may sign in, where the organisation has parent
    access on (ITS1); None is as False.
    """

    urn = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    la_code = models.CharField(max_length=10, blank=True)
    la_name = models.CharField(max_length=100, blank=True)
    number = models.CharField(max_length=10, blank=True)
    type_name = models.CharField(max_length=100, blank=True)
    type_group = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=50)
    phase = models.CharField(max_length=50, blank=True)
    town = models.CharField(max_length=100, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    ukprn = models.CharField(max_length=20, blank=True)
    trust_code = models.CharField(max_length=20, blank=True)
    trust_name = models.CharField(max_length=200, blank=True)
    opened_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    parent_access = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["urn"], condition=Q(gone_at__isnull=True), name="one_live_urn"
            )
        ]
        indexes = [models.Index(fields=["name_key", "id"], name="establishment_name")]

    def __str__(self) -> str:
        return f"{self.name} (URN {self.urn})"

    @property
    def is_closed(self) -> bool:
        """Whether the register calls it closed (a blank status counts as open)."""
        return self.status.casefold() == "closed"


class EstablishmentLink(models.Model):
    """A GIAS link: ``link_urn`` is, say, the successor of ``urn``; either may be unknown here.

    In the published file these have cycles, several successors and blank dates.
    """

    urn = models.CharField(max_length=10)
    link_urn = models.CharField(max_length=10)
    link_name = models.CharField(max_length=200, blank=True)
    link_type = models.CharField(max_length=100)
    established_on = models.DateField(null=True)
    import_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["urn", "link_urn", "link_type"], name="one_link")
        ]
        indexes = [models.Index(fields=["link_urn"], name="link_urn")]


class Pupil(Thing):
    """A child on the register."""

    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    first_key = models.CharField(max_length=150)
    last_key = models.CharField(max_length=150)
    date_of_birth = models.DateField(null=True)
    year = models.CharField(max_length=20, blank=True)
    class_name = models.CharField(max_length=50, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["last_key", "first_key", "id"], name="pupil_name"),
            models.Index(fields=["date_of_birth", "last_key"], name="pupil_birth"),
            models.Index(fields=["id"], name="pupil_severed", condition=Q(gone_how="severed")),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class IdentifierKind(models.TextChoices):
    """The kinds of identifier that a pupil may have."""

    UPN = "upn", "UPN"
    FORMER_UPN = "former_upn", "Former UPN"
    INTERNAL_ID = "internal_id", "Internal person ID"
    SYNC_KEY = "sync_key", "Synchronisation key"
    USERNAME = "username", "Username"


class PupilIdentifier(Known):
    """A typed identifier of a pupil. ``value`` as given, ``value_key`` for comparing."""

    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="identifiers", db_index=False
    )
    kind = models.CharField(max_length=12, choices=IdentifierKind.choices)
    value = models.CharField(max_length=100)
    value_key = models.CharField(max_length=100)
    well_formed = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["value_key", "kind"],
                condition=Q(ended_at__isnull=True),
                name="one_live_identifier",
            )
        ]
        indexes = [models.Index(fields=["pupil"], name="identifier_pupil")]


class Elsewhere(models.TextChoices):
    """Where a pupil is who is at no establishment of the register (codes of the field)."""

    NOWHERE_ELSE = "", "at an establishment"
    UNKNOWN = "888888", "no school known"
    AT_HOME = "999999", "educated at home"


class Enrolment(Dated):
    """A pupil on roll at an establishment from a day until a last day, or still."""

    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="enrolments", db_index=False
    )
    establishment = models.ForeignKey(
        Establishment,
        on_delete=models.PROTECT,
        related_name="enrolments",
        null=True,
        db_index=False,
    )
    elsewhere = models.CharField(max_length=6, choices=Elsewhere.choices, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["pupil"], name="enrolment_pupil"),
            models.Index(fields=["establishment", "pupil"], name="enrolment_establishment"),
        ]


class CareEpisode(Dated):
    """The days between which a pupil is looked after, both included."""

    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="care_episodes", db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["pupil"], name="care_episode_pupil")]


class SubjectCategory(Thing):
    """Subject areas of an establishment that belong together: Humanities, say (PP7)."""

    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, related_name="subject_categories", db_index=False
    )
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["establishment", "name_key"],
                condition=Q(gone_at__isnull=True),
                name="one_live_category",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SubjectArea(Thing):
    """What an establishment teaches. Its category is for convenience and decides nothing."""

    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, related_name="subject_areas", db_index=False
    )
    category = models.ForeignKey(
        SubjectCategory, on_delete=models.PROTECT, null=True, related_name="subject_areas"
    )
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["establishment", "name_key"],
                condition=Q(gone_at__isnull=True),
                name="one_live_subject",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SchoolClass(Thing):
    """A class of an establishment, by its name there. Its establishment never changes."""

    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, related_name="classes", db_index=False
    )
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["establishment", "name_key"],
                condition=Q(gone_at__isnull=True),
                name="one_live_class",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ClassSubject(Dated):
    """The subject area that a class belongs to: one at a time, of the same establishment."""

    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.PROTECT, related_name="subjects", db_index=False
    )
    subject_area = models.ForeignKey(
        SubjectArea, on_delete=models.PROTECT, related_name="classes", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school_class"],
                condition=Q(ended_at__isnull=True),
                name="one_live_class_subject",
            )
        ]
        indexes = [
            models.Index(fields=["school_class"], name="class_subject_class"),
            models.Index(fields=["subject_area"], name="class_subject_subject"),
        ]


class ClassMembership(Dated):
    """A pupil in a class. It counts while the pupil is on roll at the class's establishment.

    ``from_register``: made by the Class of the pupil file, and kept in step with it
    (schools/classes.py); another comes from a sync.
    """

    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    from_register = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school_class", "pupil"],
                condition=Q(ended_at__isnull=True),
                name="one_live_membership",
            )
        ]
        indexes = [
            models.Index(fields=["school_class", "pupil"], name="membership_class"),
            models.Index(fields=["pupil"], name="membership_pupil"),
        ]
