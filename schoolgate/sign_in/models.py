"""How people prove who they are: sessions, second factors, links and codes by mail, guesses.

No secret is kept in clear: a hash of what is only compared, and sealed (kit/sealed.py) what must be
read again.
"""

from django.db import models
from django.db.models import Q

from schoolgate.people.models import User


class Door(models.TextChoices):
    """By what somebody came in."""

    PASSWORD = "password", "password"
    CODE = "code", "code by e-mail"
    PASSKEY = "passkey", "passkey"
    PROVIDER = "provider", "another account"
    SET_UP = "set-up", "setting up the account"
    LETTER = "letter", "code of a letter"


class Second(models.TextChoices):
    """By what second factor somebody came in. A passkey is both factors at once."""

    NONE = "", "none"
    TOTP = "totp", "authenticator app"
    PASSKEY = "passkey", "passkey"
    RECOVERY_CODE = "recovery", "recovery code"
    PROVIDER = "provider", "second factor of the other account"


class SessionEnding(models.TextChoices):
    """Why a session is over (one past its time just is)."""

    NOT_ENDED = "", "not ended"
    SIGNED_OUT = "signed-out", "signed out"
    BY_SELF = "by-self", "ended by the user from another device"
    BY_ADMIN = "by-admin", "ended by an administrator"
    CHANGED = "changed", "ended with a change of password or second factor"
    SHUT_OUT = "shut-out", "ended because the user was made inactive or removed"


class UserSession(models.Model):
    """A user signed in on a device. The browser's session names it; ended, it is worth nothing.

    ``seen_at``: when it was used last, to the minute; ``confirmed_at``: when the user last proved
    who they are in it (S50); ``device``: a browser and system, as words; ``address``: of the
    network it began from.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    door = models.CharField(max_length=8, choices=Door.choices)
    second = models.CharField(max_length=8, choices=Second.choices, blank=True, default="")
    device = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=45, blank=True)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(
        max_length=10, choices=SessionEnding.choices, blank=True, default=""
    )
    ended_by_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "seen_at"], name="session_live", condition=Q(ended_at__isnull=True)
            ),
        ]


class Passkey(models.Model):
    """A passkey (WebAuthn credential): a public key, which is no secret.

    ``credential_id`` is base64url without padding; ``public_key`` the COSE key, CBOR;
    ``sign_count`` the authenticator's own count of uses, 0 where it keeps none.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    credential_id = models.CharField(max_length=1400, unique=True)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Totp(models.Model):
    """The authenticator app of a user. ``last_step`` is the 30-second step of the last code that
    was taken, so that none works twice (S26)."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="+")
    sealed_secret = models.CharField(max_length=300)
    last_step = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class RecoveryCode(models.Model):
    """One of a user's recovery codes, each of which works once (S26)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ProviderLink(models.Model):
    """An account at an identity provider with which a user signs in: by issuer and subject alone,
    never by e-mail address (S27). ``provider`` is the name it has in the settings."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=50)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    shown = models.CharField(max_length=254, blank=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_user_by_subject"),
        ]


class AskedKind(models.TextChoices):
    """What somebody at the sign-in page asked to be mailed."""

    RESET = "reset", "link to choose a new password"
    CODE = "code", "code to sign in"


class AskedByMail(models.Model):
    """Something asked for at the sign-in page under a name, whoever that is, if anybody (S11).

    The page writes the same row for every name; the worker finds later whether there is somebody
    to write to, and blanks ``name_key``. ``browser_hash``: of a word that is only in the session
    of the browser that asked: a code works there alone. ``secret_hash``: of the link's token or the
    code, made as the mail is sent.
    """

    kind = models.CharField(max_length=5, choices=AskedKind.choices)
    name_key = models.CharField(max_length=254, blank=True)
    browser_hash = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    email_key = models.CharField(max_length=254, blank=True)
    secret_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="asked_waiting", condition=Q(looked_at__isnull=True)),
            models.Index(fields=["browser_hash"], name="asked_browser"),
            models.Index(fields=["secret_hash"], name="asked_secret"),
            models.Index(fields=["asked_at"], name="asked_when"),
        ]


class AddressChange(models.Model):
    """A new e-mail address that a user asked for: it counts once its owner opens the link sent
    there, and whoever has the old one can stop it, for a week after too (LAC12).

    ``old_email`` is blank for somebody who had none. Of both links only the hash is kept.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    old_email = models.CharField(max_length=254, blank=True)
    new_email = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    confirm_hash = models.CharField(max_length=64, blank=True)
    confirm_until = models.DateTimeField()
    stop_hash = models.CharField(max_length=64, blank=True)
    stop_until = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="one_live_address_change"
            ),
        ]
        indexes = [
            models.Index(fields=["confirm_hash"], name="address_confirm"),
            models.Index(fields=["stop_hash"], name="address_stop"),
        ]


class Guesses(models.Model):
    """How often something was tried lately under a key (a hash of whom or where from), whoever
    tried and in whatever process (S24)."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="guesses_last")]


class Outcome(models.TextChoices):
    """What came of it when somebody was at a door."""

    SIGNED_IN = "signed-in", "Signed in"
    HALF = "half", "First factor right"
    FAILED = "failed", "Not signed in"
    SECOND_FAILED = "second-failed", "Second factor wrong"
    TOO_MANY = "too-many", "Refused: too many tries"
    ASKED = "asked", "Asked for mail"


class SignInEvent(models.Model):
    """Somebody at a door: who (None for a name that nobody has), by which, and what came of it.

    A name that nobody has is not kept: people type passwords there. ``name_hash`` tells whether two
    were the same.
    """

    at = models.DateTimeField()
    user_id = models.BigIntegerField(null=True)
    door = models.CharField(max_length=8, choices=Door.choices)
    outcome = models.CharField(max_length=13, choices=Outcome.choices)
    second = models.CharField(max_length=8, choices=Second.choices, blank=True, default="")
    name_hash = models.CharField(max_length=64, blank=True)
    device = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=45, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user_id", "-id"], name="sign_in_user"),
            models.Index(fields=["outcome", "-id"], name="sign_in_outcome"),
            models.Index(fields=["at"], name="sign_in_at"),
        ]
