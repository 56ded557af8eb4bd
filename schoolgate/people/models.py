"""Users: the humans who sign in."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from schoolgate.kit.records import Known, Source, Thing
from schoolgate.schools.models import Establishment

# What is in place of a password's hash where the sign-in is set up with a passkey or an identity
# provider alone: no hash at all, so nothing matches it.
NO_PASSWORD = "none"  # noqa: S105 - it is none


class UserManager(BaseUserManager["User"]):
    """Finds the user that a person means when signing in."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(pk=int(username or 0))


class User(Thing, AbstractBaseUser):
    """A human who signs in: one user per human, however many roles.

    Unique among those not gone by ``email_key`` and ``username_key`` (PRODUCT.md LAC5); one of the
    two is set. ``workplace`` grants nothing (LAC6). Somebody who has not set up their sign-in has
    no usable password; one who set it up without a password has :data:`NO_PASSWORD` for one.

    ``factor_asked_at``: when they first came in without the second factor that they must have,
    from which their grace counts (NEW11). ``has_first_password``: their password came with a file,
    and nothing but choosing their own is open to them (S22); ``first_password_at``: since when, and
    with which import. ``merged_into``: one who is gone because a person said that they are this
    other user (ITS10).
    """

    email = models.CharField(max_length=254, blank=True)
    email_key = models.CharField(max_length=254, null=True)
    lookalike_key = models.CharField(max_length=254, blank=True)
    username = models.CharField(max_length=150, blank=True)
    username_key = models.CharField(max_length=150, null=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    first_key = models.CharField(max_length=150)
    last_key = models.CharField(max_length=150)
    job_title = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    workplace = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    source = models.CharField(max_length=8, choices=Source.choices)
    factor_asked_at = models.DateTimeField(null=True)
    has_first_password = models.BooleanField(null=True)
    first_password_at = models.DateTimeField(null=True)
    first_password_import_id = models.BigIntegerField(null=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects: ClassVar[UserManager] = UserManager()

    # The room that denies notes it here when somebody signs in or comes back: a session lasts for
    # as long as this and the address are what they were at sign-in (S2).
    last_denial_id: int | None = None

    USERNAME_FIELD = "id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email_key"], condition=Q(gone_at__isnull=True), name="one_live_email"
            ),
            models.UniqueConstraint(
                fields=["username_key"],
                condition=Q(gone_at__isnull=True),
                name="one_live_username",
            ),
        ]
        indexes = [
            models.Index(fields=["last_key", "first_key", "id"], name="user_name"),
            models.Index(fields=["lookalike_key"], name="user_lookalike"),
            models.Index(
                fields=["import_id"], name="user_import", condition=Q(import_id__isnull=False)
            ),
            models.Index(fields=["last_login", "id"], name="user_signed_in"),
            models.Index(fields=["recorded_at", "id"], name="user_added"),
            models.Index(
                fields=["workplace"], name="user_workplace", condition=Q(workplace__isnull=False)
            ),
            models.Index(
                fields=["merged_into"],
                name="user_merged",
                condition=Q(merged_into__isnull=False),
            ),
            models.Index(
                fields=["first_password_at"],
                name="user_first_password",
                condition=Q(first_password_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def get_username(self) -> str:
        return self.email or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Not the password: whether a new one ends the other sessions is the user's choice (S5).
        known = f"{self.last_denial_id or 0} {self.email_key or ''}"
        salt = "schoolgate.people.models.User.session"
        return salted_hmac(salt, known, secret=secret, algorithm="sha256").hexdigest()

    @property
    def has_password(self) -> bool:
        """Whether they have a password (their sign-in may be set up without one)."""
        return self.has_usable_password() and self.password != NO_PASSWORD

    @property
    def is_set_up(self) -> bool:
        """Whether they set up their sign-in themselves: a first password from a file is not it."""
        return self.has_usable_password() and not self.has_first_password

    @property
    def has_signed_in(self) -> bool:
        """Whether the user has ever signed in; one who has not is marked so wherever listed."""
        return self.last_login is not None


class SetUpLink(models.Model):
    """A one-time link with which the first LA Super User sets up an empty organisation.

    Only the SHA-256 of its token is kept.
    """

    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class InvitationEnding(models.TextChoices):
    """Why an invitation no longer works (an expired one just is past its time).

    One whose links died because what its user holds has changed is as one that has expired: it is
    not ended, and waits to be sent again.
    """

    NOT_ENDED = "", "not ended"
    ACCEPTED = "accepted", "used to set up"
    REPLACED = "replaced", "replaced by a newer one"
    CANCELLED = "cancelled", "cancelled"
    CHANGED = "changed", "what they hold changed"


class Invitation(models.Model):
    """A single-use link with which a user sets up their sign-in (S15 to S19).

    It is bound to the user and to the address it goes to (``email_key``): a changed address kills
    it. It expires by the clock; ``expires_at`` is moved on when its mail is sent.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    email_key = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    made_by_id = models.BigIntegerField(null=True)
    import_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(
        max_length=9, choices=InvitationEnding.choices, blank=True, default=""
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="one_live_invitation"
            ),
        ]


class InvitationToken(models.Model):
    """What is known of a token that was put into an invitation's mail: its SHA-256.

    A mail that may have been handed over is sent again with a token of its own, and whichever of
    the two arrives works: for as long as their invitation does.
    """

    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, related_name="tokens", db_index=False
    )
    token_hash = models.CharField(max_length=64, unique=True)


class SyncStatus(models.TextChoices):
    """Whether a member of staff comes from the school's information system, the MIS (PP1)."""

    SYNCHRONISED = "synchronised", "Synchronised"
    UNSYNCHRONISED = "unsynchronised", "Unsynchronised"
    NOT_SYNCING = "not-syncing", "Not syncing"


class StaffRecord(Known):
    """A user on the staff of an establishment. It grants nothing.

    Added by hand (unsynchronised), or from the MIS: synchronised, or not syncing any more, because
    they have left it or lack an e-mail address there. ``mis_id`` is theirs in the MIS.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="posts", db_index=False)
    establishment = models.ForeignKey(
        Establishment, on_delete=models.PROTECT, related_name="staff", db_index=False
    )
    sync = models.CharField(max_length=14, choices=SyncStatus.choices)
    mis_id = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "establishment"],
                condition=Q(ended_at__isnull=True),
                name="one_live_staff_record",
            )
        ]
        indexes = [
            models.Index(fields=["user"], name="staff_user"),
            models.Index(fields=["establishment"], name="staff_establishment"),
        ]


class ActiveMonth(models.Model):
    """A month (its first day) in which a user signed in, and when they last did in it.

    ``last_on`` is the day of ``last_at`` where the organisation is.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    last_at = models.DateTimeField()
    last_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "user"], name="one_active_month")]


class SyncId(Known):
    """What a user is called in the system that a file of parents comes from (ITS5, ITS6).

    One adult may have several, once a person has said that two are the same; one SyncID is one
    user's. ``value`` as given, ``value_key`` for comparing.
    """

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="sync_ids", db_index=False
    )
    value = models.CharField(max_length=100)
    value_key = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["value_key"], condition=Q(ended_at__isnull=True), name="one_live_sync_id"
            )
        ]
        indexes = [models.Index(fields=["user"], name="sync_id_user")]


class FirstPassword(models.Model):
    """A first password from a file that waits to be hashed (ITS8, S22).

    Sealed (kit/sealed.py), so that the database alone tells nothing; the row goes as soon as it is
    hashed, or after a day. Until then its user cannot sign in with it.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    sealed = models.TextField()
    import_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()


class PrintedCode(models.Model):
    """A code printed on a letter, with which a user sets up their sign-in once (ITS8, S20).

    ``code_hash``: a keyed hash (its key is not in the database), for a printed code is short. It is
    bound to the user and what they hold as an invitation is; printing again replaces it.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(
        max_length=9, choices=InvitationEnding.choices, blank=True, default=""
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="one_live_printed_code"
            )
        ]


class LetterRun(models.Model):
    """Letters that are being made: how many of how many are ready. The letters themselves are
    handed to the browser that asked for them, and kept nowhere (S20)."""

    made_at = models.DateTimeField()
    made_by_id = models.BigIntegerField(null=True)
    total = models.IntegerField()
    done = models.IntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
