"""What happened at the doors: for the user, and for whoever looks after users."""

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.crypto import salted_hmac

from schoolgate.kit.names import email_key
from schoolgate.sign_in.models import Door, Outcome, Second, SignInEvent


class Origin(NamedTuple):
    """From where somebody comes: a browser and system in words, and the address of a network."""

    device: str = ""
    address: str = ""


NOWHERE = Origin()


def note(
    outcome: Outcome,
    *,
    door: Door,
    user_id: int | None,
    name: str = "",
    second: Second = Second.NONE,
    origin: Origin = NOWHERE,
) -> None:
    """Write down what came of a try. Of ``name`` a hash is kept alone."""
    SignInEvent.objects.create(
        at=timezone.now(),
        user_id=user_id,
        door=door,
        outcome=outcome,
        second=second,
        name_hash=_hash(name),
        device=origin.device,
        address=origin.address,
    )


def recognise(name: str, user_id: int, *, since: datetime) -> None:
    """Note whose name it is under which mail was asked for: the page that took it did not look."""
    asked = SignInEvent.objects.filter(outcome=Outcome.ASKED, at__gte=since)
    asked.filter(user_id__isnull=True, name_hash=_hash(name)).update(user_id=user_id)


def _hash(name: str) -> str:
    key = email_key(name)
    if not key:
        return ""
    return salted_hmac("schoolgate.sign_in.log", key, algorithm="sha256").hexdigest()
