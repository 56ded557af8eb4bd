"""Finding users."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from schoolgate.kit.names import email_key
from schoolgate.people.models import User


def user_signing_in(name: str) -> User | None:
    """The user who signs in with this e-mail address or username, if there is one."""
    key = email_key(name)
    if not key:
        return None
    return (
        User.objects.filter(Q(email_key=key) | Q(username_key=key), gone_at__isnull=True)
        .order_by("pk")
        .first()
    )


def users_called(name: str, as_at: datetime | None = None) -> list[User]:
    """The users with this e-mail address or username: none, one, or (a mistake) several.

    With ``as_at``, those who were there at that moment; where nobody was, those who are now.
    """
    key = email_key(name)
    named = User.objects.filter(Q(email_key=key) | Q(username_key=key)).order_by("pk")
    if as_at is not None:
        then = named.filter(recorded_at__lte=as_at).filter(
            Q(gone_at__isnull=True) | Q(gone_at__gt=as_at)
        )
        if found := list(then):
            return found
    return list(named.filter(gone_at__isnull=True))


def hold(user_ids: Iterable[int]) -> list[User]:
    """These users as they are now, by id, and nobody else changes them until the transaction ends.

    Records that name them can still be made: somebody is denied without waiting for this. SQLite
    needs no lock: its transactions have one writer at a time.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids)
    return list(held.order_by("pk"))
