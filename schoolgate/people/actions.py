"""Making, changing and removing users. Every function takes many, is atomic and leaves events."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import IntegrityError
from django.utils import timezone

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.names import email_key, lookalike_key, name_key
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.tokens import hash_of, new_token
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.people import sync_ids
from schoolgate.people.invitations import cancel
from schoolgate.people.models import SetUpLink, User

_COLUMNS = [
    "email", "username", "first_name", "last_name", "job_title", "phone", "workplace_id",
    "email_key", "lookalike_key", "username_key", "first_key", "last_key", "password", "source",
]  # fmt: skip
SET_UP_LINK_HOURS = 24
ADDRESS_CHANGED_OLD, ADDRESS_CHANGED_NEW = "address-changed-old", "address-changed-new"


class NewUser(NamedTuple):
    """A user to make; an e-mail address or a username is there, the other may be blank."""

    email: str
    username: str
    first_name: str
    last_name: str
    job_title: str = ""
    phone: str = ""
    workplace_id: int | None = None


def create_users(
    users: Iterable[NewUser], *, by: Actor, source: Source, import_id: int | None = None
) -> list[int]:
    """Make users who have yet to set up their sign-in; their ids in the order given.

    Raises IntegrityError when an address or username is taken: callers check first and tell the
    person in words.
    """
    made: list[int] = []
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, source, import_id)
        rows = (_row(user, source) for user in users)
        for ids, _ in records.insert(User, _COLUMNS, rows, stamp=stamp):
            made += ids
            events.add(("created", "user", id_, "", id_, None, "") for id_ in ids)
    return made


def _row(user: NewUser, source: Source) -> tuple[Any, ...]:
    key = email_key(user.email) or None
    return (
        *user,
        key,
        lookalike_key(key) if key else "",
        email_key(user.username) or None,
        name_key(user.first_name),
        name_key(user.last_name),
        # No password can be guessed against it, and no hash need be made: Django's own mark for
        # "unusable", with the source in place of its random tail.
        UNUSABLE_PASSWORD_PREFIX,
        source,
    )


def change_users(
    changes: Iterable[tuple[int, str, Any]],
    *,
    by: Actor,
    import_id: int | None = None,
    touch: bool = True,
) -> None:
    """Set fields of users. ``changes``: id, field name (first_name, last_name, email, job_title,
    phone or workplace), new value; the keys of names and addresses follow.

    ``touch``: note that they were changed, so that an undo keeps them; an undo itself does not.
    A changed address ends the user's sessions and their invitation (S17); the old and the new one
    are told (LAC12). Raises Refusal when somebody else has the address.
    """
    by_field: dict[str, list[tuple[int, Any]]] = {}
    fields_of: dict[int, list[str]] = {}
    for id_, field, value in changes:
        for name, stored in ((field, value), *_keys(field, value)):
            by_field.setdefault(name, []).append((id_, stored))
        fields_of.setdefault(id_, []).append(field)
    if not fields_of:
        return
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        outbox.post(_told_of_addresses(by_field.get("email", [])), at=events.at)
        for field, values in by_field.items():
            with address_taken_in_words():
                records.set_field(User, field, values)
        cancel((id_ for id_, _ in by_field.get("email", [])), by=by, import_id=import_id)
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        if touch:
            records.touch(User, fields_of, stamp=stamp)
        events.add(
            ("changed", "user", id_, ",".join(fields), id_, None, "")
            for id_, fields in fields_of.items()
        )


def _told_of_addresses(changes: Iterable[tuple[int, str]]) -> Iterator[NewMail]:
    """A mail to each address that a user leaves, and to each they come to; before the change."""
    wanted = dict(changes)
    for users in bulk.chunks((id_,) for id_ in wanted):
        left = User.objects.filter(pk__in=[id_ for (id_,) in users]).values_list("pk", "email")
        for id_, address in left:
            if address:
                yield NewMail(ADDRESS_CHANGED_OLD, id_, address)
            if wanted[id_]:
                yield NewMail(ADDRESS_CHANGED_NEW, id_, wanted[id_])


def _keys(field: str, value: str) -> list[tuple[str, Any]]:
    """The keys that follow from a field, and their values."""
    match field:
        case "first_name":
            return [("first_key", name_key(value))]
        case "last_name":
            return [("last_key", name_key(value))]
        case "email":
            key = email_key(value) or None
            return [("email_key", key), ("lookalike_key", lookalike_key(key) if key else "")]
    return []


@contextlib.contextmanager
def address_taken_in_words() -> Iterator[None]:
    """Say in words what the database refuses when two take one address at the same time."""
    try:
        yield
    except IntegrityError as error:
        raise Refusal(
            "Enter another e-mail address: somebody here has this one since a moment ago."
        ) from error


def remove_users(
    ids: Iterable[int], *, how: Ending, by: Actor, import_id: int | None = None
) -> None:
    """Let users be gone from now on, their passwords for good; past days still know them."""
    wanted = sorted(set(ids))
    with batch(by=by, import_id=import_id) as events:
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        records.remove(User, wanted, how=how, stamp=stamp)
        records.set_field(User, "password", ((id_, UNUSABLE_PASSWORD_PREFIX) for id_ in wanted))
        cancel(wanted, by=by, import_id=import_id)
        sync_ids.end_of_users(wanted, how=how, by=by, import_id=import_id)
        events.add(("removed", "user", id_, "", id_, None, "") for id_ in wanted)


def set_password(*, user: User, password: str, by: Actor) -> None:
    """Set a user's password (the user's own doing, never an administrator's). A letter with which
    it could be chosen anew works no longer: it may be what they do it for (S17)."""
    with batch(by=by) as events:
        User.objects.filter(pk=user.pk).update(
            password=make_password(password), has_first_password=None, first_password_at=None,
            first_password_import_id=None,
        )  # fmt: skip
        cancel([user.pk], by=by)
        events.add([("changed", "user", user.pk, "password", user.pk, None, "")])


def make_set_up_link(*, by: Actor) -> str:
    """A new token for setting up the first LA Super User; earlier ones stop working.

    It is returned once and kept nowhere; the database has its hash, and its expiry.
    """
    token = new_token()
    with batch(by=by) as events:
        now = events.at
        SetUpLink.objects.filter(ended_at__isnull=True).update(ended_at=now)
        link = SetUpLink.objects.create(
            token_hash=hash_of(token),
            made_at=now,
            expires_at=now + timedelta(hours=SET_UP_LINK_HOURS),
        )
        events.add([("made", "set-up link", link.pk, "", None, None, "")])
    return token


def set_up_link_works(token: str) -> bool:
    """Whether the token is one that can still be used. Changes nothing."""
    return SetUpLink.objects.filter(
        token_hash=hash_of(token), ended_at__isnull=True, expires_at__gt=timezone.now()
    ).exists()


def use_set_up_link(token: str) -> None:
    """Use the token up; raises Refusal when it was used, replaced or has expired. In a batch."""
    used = SetUpLink.objects.filter(
        token_hash=hash_of(token), ended_at__isnull=True, expires_at__gt=timezone.now()
    ).update(ended_at=timezone.now())
    if not used:
        raise Refusal("Start Schoolgate again to get a new link: this one has been used or is old.")
