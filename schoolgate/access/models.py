"""Grants, restrictions and denials: the records from which scope is decided."""

from django.db import models
from django.db.models import Q

from schoolgate.access.roles import ROLE_CHOICES
from schoolgate.kit.records import Dated, Known
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil


class Grant(Dated):
    """One role, held by one user, over one place.

    The place is an establishment, a pupil, or (neither) what the role itself says: the
    organisation, or, for a role that needs an establishment, none yet ("not known yet", LAC6).
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants", db_index=False)
    role = models.CharField(max_length=20, choices=ROLE_CHOICES)
    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, null=True, related_name="grants", db_index=False
    )
    pupil = models.ForeignKey(
        Pupil, on_delete=models.PROTECT, null=True, related_name="grants", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(establishment__isnull=True) | Q(pupil__isnull=True), name="one_place"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "pupil", "starts_on"],
                condition=Q(ended_at__isnull=True, pupil__isnull=False),
                name="one_live_link",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "establishment", "starts_on"],
                condition=Q(ended_at__isnull=True, establishment__isnull=False),
                name="one_live_posting",
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
                fields=["role"],
                name="grant_wide",
                condition=Q(establishment__isnull=True, pupil__isnull=True),
            ),
        ]


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
    """A deny over the organisation: while it is on record the user is inactive."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="denials", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["user"], name="denial_user")]
