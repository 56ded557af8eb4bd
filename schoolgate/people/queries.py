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


def merged_from(names: Iterable[str]) -> dict[str, User]:
    """By key, whom somebody with this e-mail address or user name was made one with (ITS10), where
    nobody who is there has it: a file with it is a question, and makes nobody. For a few names."""
    keys = {key for name in names if (key := email_key(name))}
    by_key = Q(email_key__in=keys) | Q(username_key__in=keys)
    there = User.objects.filter(by_key, gone_at__isnull=True)
    keys -= {key for pair in there.values_list("email_key", "username_key") for key in pair}
    gone = User.objects.filter(by_key, merged_into__isnull=False).order_by("gone_at", "pk")
    last = {key: user.pk for user in gone for key in (user.email_key, user.username_key) if key}
    now = kept_of(last.values())
    kept = User.objects.in_bulk(set(now.values()))
    return {key: kept[now[pk]] for key, pk in last.items() if key in keys}


def kept_of(user_ids: Iterable[int]) -> dict[int, int]:
    """For each of these users the one that they are now: themselves, or whom they were made one
    with."""
    found = {id_: id_ for id_ in user_ids}
    while ids := set(found.values()):
        onwards = dict(
            User.objects.filter(pk__in=ids, merged_into__isnull=False).values_list(
                "pk", "merged_into"
            )
        )
        if not onwards:
            break
        found = {id_: onwards.get(now) or now for id_, now in found.items()}
    return found


def hold(user_ids: Iterable[int]) -> list[User]:
    """These users as they are now, by id, and nobody else changes them until the transaction ends.

    Records that name them can still be made: somebody is denied without waiting for this. SQLite
    needs no lock: its transactions have one writer at a time.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids)
    return list(held.order_by("pk"))
