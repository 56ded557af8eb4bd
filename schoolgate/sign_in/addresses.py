"""A new e-mail address that a user asks for: both addresses are told, the new one has to be
confirmed, and whoever has the old one can stop it, for a week after too (LAC12).

The tokens of the links are made as their mails are sent; a hash is kept (S15). A mail that goes out
once more has a token of its own, kept in a copy of the row: rows of one user and one moment are one
change, and the one that has not ended is its original.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.kit import locks
from schoolgate.kit.names import email_key
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.tokens import hash_of, new_token
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.people.actions import change_users
from schoolgate.people.models import User
from schoolgate.sign_in import links, sessions
from schoolgate.sign_in.models import AddressChange, SessionEnding

CONFIRM_LASTS = timedelta(days=1)
STOP_LASTS = timedelta(days=7)
USE_ANOTHER = "Ask for the change again: this link has been used, replaced, or is too old."
_CHANGED_SINCE = (
    "Ask whoever looks after users: the address has been changed again since, or somebody else has"
    " it by now, so it cannot be put back from here."
)


def ask(*, user_id: int, new_email: str, by: Actor) -> None:
    """Let both addresses be told; a change that waits to be confirmed is replaced by this one.

    Whether somebody else has the new address is not told: then no mail goes to it.
    """
    with batch(by=by) as events:
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        if email_key(new_email) == user.email_key:
            raise Refusal("Enter another e-mail address: this is the one that you have.")
        earlier = AddressChange.objects.filter(user_id=user_id, ended_at__isnull=True)
        earlier.update(ended_at=events.at, confirm_hash="")
        for kind in (links.CONFIRM_ADDRESS, links.ADDRESS_ASKED):
            outbox.cancel(kind, [user_id], at=events.at, why="Another address was asked for.")
        change = AddressChange.objects.create(
            user=user,
            old_email=user.email,
            new_email=new_email,
            made_at=events.at,
            confirm_until=events.at + CONFIRM_LASTS,
            stop_until=events.at + CONFIRM_LASTS + STOP_LASTS,
        )
        mails = [NewMail(links.CONFIRM_ADDRESS, user_id, new_email, change.pk, urgent=True)]
        if user.email:
            mails.append(NewMail(links.ADDRESS_ASKED, user_id, user.email, change.pk, urgent=True))
        outbox.post(mails, at=events.at)
        events.add([("asked for", "address change", change.pk, "", user_id, None, "")])


def waiting(user_id: int) -> AddressChange | None:
    """The change of a user's address that waits to be confirmed, if there is one."""
    return _to_confirm().filter(user_id=user_id).first()


def make_confirm_tokens(wanted: Mapping[int, str], *, at: datetime) -> dict[int, str]:
    """A new token for each change that waits to be confirmed; for the worker that sends the mail.

    ``wanted`` gives the key of the address that the mail goes to by change. Where somebody has the
    new address there is none: nothing goes to it.
    """
    with transaction.atomic():
        changes = _to_confirm(at).filter(pk__in=wanted).order_by("pk").select_for_update()
        return {
            change.pk: _new_token(change, "confirm_hash")
            for change in changes
            if email_key(change.new_email) == wanted[change.pk] and not _is_taken(change)
        }


def make_stop_tokens(wanted: Mapping[int, str], *, at: datetime) -> dict[int, str]:
    """The same for the links that stop changes, which go to the old address."""
    with transaction.atomic():
        changes = AddressChange.objects.filter(
            Q(ended_at__isnull=True) | Q(confirmed_at__isnull=False),
            pk__in=wanted,
            stop_until__gt=at,
            stopped_at__isnull=True,
        )
        return {
            change.pk: _new_token(change, "stop_hash")
            for change in changes.order_by("pk").select_for_update()
            if email_key(change.old_email) == wanted[change.pk]
        }


def confirmed_by_mail(user_id: int, posted_at: datetime) -> AddressChange | None:
    """The change that was confirmed at that moment, when both addresses were told of it."""
    return AddressChange.objects.filter(user_id=user_id, confirmed_at=posted_at).first()


def _new_token(change: AddressChange, field: Literal["confirm_hash", "stop_hash"]) -> str:
    token = new_token()
    if getattr(change, field):
        AddressChange.objects.create(
            user_id=change.user_id,
            old_email=change.old_email,
            new_email=change.new_email,
            made_at=change.made_at,
            confirm_until=change.confirm_until,
            stop_until=change.stop_until,
            ended_at=timezone.now(),
            **{field: hash_of(token)},
        )
    else:
        AddressChange.objects.filter(pk=change.pk).update(**{field: hash_of(token)})
    return token


def find_confirm(token: str, user_id: int) -> AddressChange | None:
    """The change that the token confirms for this user, who is signed in. Changes nothing (S19)."""
    named = AddressChange.objects.filter(user_id=user_id, confirm_hash=hash_of(token)).first()
    return _to_confirm().filter(user_id=user_id, made_at=named.made_at).first() if named else None


def confirm(token: str, *, user_id: int, session_id: int, by: Actor) -> None:
    """Let the new address be the user's, and end their sessions but this one.

    Raises Refusal when the link does not work, or somebody else has the address by now.
    """
    with batch(by=by) as events:
        user = _hold(user_id)
        change = find_confirm(token, user_id)
        if change is None or change.old_email != user.email:
            raise Refusal(USE_ANOTHER)
        # In this order, as who denies: otherwise the two would wait for each other.
        links.void([user_id], by=by, changes=False, stops=False)
        waits = _to_confirm(events.at).filter(pk=change.pk)
        if not waits.update(confirmed_at=events.at, ended_at=events.at, confirm_hash=""):
            raise Refusal(USE_ANOTHER)
        _same(change).update(stop_until=events.at + STOP_LASTS)
        change_users([(user_id, "email", change.new_email)], by=by)
        sessions.end_all([user_id], how=SessionEnding.CHANGED, by=by, but=session_id)


def find_stop(token: str) -> AddressChange | None:
    """The change that the token stops. Changes nothing (S19)."""
    now = timezone.now()
    return (
        AddressChange.objects.filter(
            stop_hash=hash_of(token), stop_until__gt=now, stopped_at__isnull=True
        )
        .filter(user__gone_at__isnull=True)
        .first()
    )


def stop(token: str) -> bool:
    """Put the old address back where it has been changed already; whether it had been.

    Ends all sessions, and all links that have gone out since: those to the new address too. Raises
    Refusal when the link does not work, or the address cannot be put back.
    """
    found = find_stop(token)
    if found is None:
        raise Refusal(USE_ANOTHER)
    by = user_actor(found.user_id)
    with batch(by=by) as events:
        user = _hold(found.user_id)
        if find_stop(token) is None:
            raise Refusal(USE_ANOTHER)
        since = AddressChange.objects.filter(user=user, made_at__gte=found.made_at)
        moved = user.email_key != email_key(found.old_email)
        if moved:
            _put_back(user, found.old_email, since, by)
        links.void([user.pk], by=by, stops=False)
        since.update(stop_hash="", confirm_hash="")
        _same(found).update(stopped_at=events.at)
        sessions.end_all([user.pk], how=SessionEnding.CHANGED, by=by)
        events.add([("stopped", "address change", found.pk, "", user.pk, None, "")])
    return moved


def _hold(user_id: int) -> User:
    """The user, who stays as they are meanwhile; after an import that is being applied, which
    holds the lock of whoever writes before it comes to any user."""
    locks.while_writing()
    return User.objects.select_for_update(no_key=True).get(pk=user_id)


def _put_back(user: User, address: str, since: QuerySet[AddressChange], by: Actor) -> None:
    """Only where the address is what the user has made of it since: not an administrator."""
    theirs = since.filter(confirmed_at__isnull=False).values_list("new_email", flat=True)
    if user.email_key not in {email_key(email) for email in theirs}:
        raise Refusal(_CHANGED_SINCE)
    try:
        change_users([(user.pk, "email", address)], by=by)
    except Refusal as refusal:
        raise Refusal(_CHANGED_SINCE) from refusal


def _to_confirm(at: datetime | None = None) -> QuerySet[AddressChange]:
    now = at or timezone.now()
    return AddressChange.objects.filter(
        ended_at__isnull=True, confirm_until__gt=now, user__gone_at__isnull=True
    )


def _same(change: AddressChange) -> QuerySet[AddressChange]:
    """The change and its copies."""
    return AddressChange.objects.filter(user_id=change.user_id, made_at=change.made_at)


def _is_taken(change: AddressChange) -> bool:
    key = email_key(change.new_email)
    return User.objects.filter(email_key=key, gone_at__isnull=True).exists()
