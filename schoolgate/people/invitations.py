"""Inviting users to set up their sign-in (PP6, S15 to S19). Every function takes many.

Whoever was given a letter is invited as well (people/printed_codes.py); the two replace each other.

An invitation and its mail are written in one transaction. The worker that sends the mail asks for
a token (:func:`make_tokens`) as it sends; no table holds one, only its hash.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.audit.chain import EventFacts
from schoolgate.kit import bulk, locks
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.tokens import hash_of, new_token
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.outbox.models import Mail
from schoolgate.outbox.queries import undelivered
from schoolgate.people import printed_codes
from schoolgate.people.models import (
    NO_PASSWORD,
    Invitation,
    InvitationEnding,
    InvitationToken,
    User,
)

KIND = "invitation"
NOT_INVITED, INVITED, ACTIVE = "Not invited", "Invited", "Active"
EXPIRED, BOUNCED = "Invitation expired", "Mail bounced"
USE_ANOTHER = "Ask for a new invitation: this link has been used, replaced, or is too old."

# A first password from a file is none of their own (S22).
_NOT_SET_UP = "(substr(u.password, 1, 1) IN ('', '!') OR u.has_first_password)"
_COLUMNS = [
    "id", "user_id", "email_key", "made_at", "made_by_id", "import_id", "expires_at", "ended_how",
]  # fmt: skip


def lasts() -> timedelta:
    """For how long an invitation works (a setting)."""
    return timedelta(days=settings.INVITATION_DAYS)


def invite(
    user_ids: Iterable[int],
    *,
    by: Actor,
    import_id: int | None = None,
    not_before: datetime | None = None,
) -> list[int]:
    """Invite users, or invite them again: an earlier invitation of theirs stops working (S18).

    Those without e-mail address, gone, or whose sign-in is set up are left out. Returns the ids of
    those invited. ``not_before`` keeps the mail back until then.
    """
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        wanted = _those_to_invite(user_ids)
        if not wanted:
            return []
        ids = [user_id for user_id, _, _ in wanted]
        end(ids, InvitationEnding.REPLACED, at=events.at)
        expires_at = max(not_before or events.at, events.at) + lasts()
        made = bulk.new_ids(Invitation, len(wanted))
        rows = list(zip(made, wanted, strict=True))
        bulk.load(
            Invitation._meta.db_table,
            _COLUMNS,
            (
                (id_, user_id, key, events.at, by.user_id, import_id, expires_at, "")
                for id_, (user_id, _, key) in rows
            ),
        )
        if len(rows) > bulk.CHUNK:
            bulk.analyse(Invitation._meta.db_table)
        outbox.post(
            (NewMail(KIND, user_id, email, id_, not_before) for id_, (user_id, email, _) in rows),
            at=events.at,
            import_id=import_id,
        )
        events.add(("invited", KIND, id_, "", user_id, None, "") for id_, (user_id, _, _) in rows)
        return ids


def cancel(user_ids: Iterable[int], *, by: Actor, import_id: int | None = None) -> None:
    """Let the invitations of users work no longer, on paper or by mail, and their mail that still
    waits not be sent."""
    with batch(by=by, import_id=import_id) as events:
        wanted = set(user_ids)
        codes = printed_codes.end(wanted, how=InvitationEnding.CANCELLED, at=events.at)
        ended = _end(wanted, InvitationEnding.CANCELLED, at=events.at)
        events.add(_told_cancelled(ended, codes))


def void(user_ids: Iterable[int], *, by: Actor, import_id: int | None = None) -> None:
    """Let links and letters that have gone out to these users work no longer: what they hold has
    changed (S17).

    Their invitations are then as those past their time, and wait to be sent again. The link of a
    mail that still waits, or goes out once more, is made as it is sent, and works.
    """
    if not (changed := set(user_ids)):
        return
    with (
        batch(by=by, import_id=import_id) as events,
        bulk.temporary("voiding", "id BIGINT PRIMARY KEY"),
    ):
        events.add(_told_cancelled([], printed_codes.void(changed, at=events.at)))
        bulk.load("voiding", ["id"], ((id_,) for id_ in changed))
        bulk.analyse("voiding")
        live = (
            "SELECT i.id FROM people_invitation i JOIN voiding w ON w.id = i.user_id"
            " WHERE i.ended_at IS NULL"
        )
        # Whoever makes a token at this moment is waited for: it dies too.
        if not bulk.select(f"{live} ORDER BY i.id{_locked('i')}"):
            return
        voided = bulk.select(
            f"UPDATE people_invitation SET expires_at = %s, ended_how = %s WHERE id IN ({live}) AND"
            " id IN (SELECT t.invitation_id FROM people_invitationtoken t) RETURNING id, user_id",
            [events.at, InvitationEnding.CHANGED.value],
        )
        # Deleted, so that a later token of the same invitation revives none of them.
        bulk.execute(f"DELETE FROM people_invitationtoken WHERE invitation_id IN ({live})")
        events.add(_told_cancelled(voided, []))


def _told_cancelled(
    links: Iterable[tuple[int, int]], codes: Iterable[tuple[int, int]]
) -> Iterator[EventFacts]:
    """The events of links and letters that work no longer: pairs of their ids and their users'."""
    for kind, ended in ((KIND, links), (printed_codes.KIND, codes)):
        for id_, user_id in ended:
            yield ("cancelled", kind, id_, "", user_id, None, "")


def _those_to_invite(user_ids: Iterable[int]) -> list[tuple[int, str, str]]:
    """Id, address and key of those who can be invited, locked until the transaction ends."""
    with bulk.temporary("inviting", "id BIGINT PRIMARY KEY"):
        bulk.load("inviting", ["id"], ((id_,) for id_ in set(user_ids)))
        bulk.analyse("inviting")
        found = bulk.select(
            "SELECT u.id, u.email, u.email_key FROM inviting i JOIN people_user u ON u.id = i.id"
            f" WHERE u.gone_at IS NULL AND u.email_key IS NOT NULL AND {_NOT_SET_UP}"
            f" ORDER BY u.id{_locked('u')}"
        )
    return [(id_, email, key) for id_, email, key in found]


def _locked(table: str) -> str:
    """Locks rows in the order of their ids: of two who want the same ones, one waits.

    SQLite needs none: it has one writer at a time.
    """
    return f" FOR NO KEY UPDATE OF {table}" if bulk.on_postgresql() else ""


def end(user_ids: Iterable[int], how: InvitationEnding, *, at: datetime) -> list[tuple[int, int]]:
    """End by what users could set up their sign-in: live invitations, whose ids and users are given
    back, and printed codes."""
    wanted = set(user_ids)
    printed_codes.end(wanted, how=how, at=at)
    return _end(wanted, how, at=at)


def _end(user_ids: Iterable[int], how: InvitationEnding, *, at: datetime) -> list[tuple[int, int]]:
    """End the live invitations of users and call back their mail; invitation and user ids.

    Locks no user: whoever is made inactive is so at once, whatever an import does to them
    meanwhile. Two who end the same invitation find by the result which of them did.
    """
    wanted = set(user_ids)
    with bulk.temporary("uninviting", "id BIGINT PRIMARY KEY"):
        bulk.load("uninviting", ["id"], ((id_,) for id_ in wanted))
        bulk.analyse("uninviting")
        live = (
            "SELECT i.id FROM people_invitation i JOIN uninviting w ON w.id = i.user_id"
            f" WHERE i.ended_at IS NULL ORDER BY i.id{_locked('i')}"
        )
        ended = bulk.select(
            "UPDATE people_invitation SET ended_at = %s, ended_how = %s WHERE ended_at IS NULL"
            f" AND id IN ({live}) RETURNING id, user_id",
            [at, how.value],
        )
    if ended:
        outbox.cancel(KIND, wanted, at=at, why=f"The invitation was {how.value}.")
    return sorted((id_, user_id) for id_, user_id in ended)


class Ready(NamedTuple):
    """An invitation whose mail can go out: the token for its link, and when that expires."""

    token: str
    expires_at: datetime


@transaction.atomic
def make_tokens(wanted: Mapping[int, str], *, at: datetime) -> dict[int, Ready]:
    """A new token for each invitation that still works; for the worker that sends the mail.

    ``wanted`` gives the key of the address that the mail goes to by invitation id. One that has
    ended, or whose user is gone, has set up, or has another address by now, gets none. The
    time that an invitation lasts counts from here.
    """
    # Locked in the order of their ids, as everywhere; one that ends meanwhile drops out.
    working = _working().filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    live = working.values_list("pk", "email_key")
    ready = {id_: Ready(new_token(), at + lasts()) for id_, key in live if key == wanted[id_]}
    Invitation.objects.filter(pk__in=ready).update(
        expires_at=at + lasts(), ended_how=InvitationEnding.NOT_ENDED
    )
    InvitationToken.objects.bulk_create(
        InvitationToken(invitation_id=id_, token_hash=hash_of(token))
        for id_, (token, _) in ready.items()
    )
    return ready


def _working() -> QuerySet[Invitation]:
    """Invitations of users who are there, not set up, and have the address they were sent to."""
    user = User.objects.filter(pk=OuterRef("user_id"), email_key=OuterRef("email_key"))
    return Invitation.objects.filter(Exists(user.filter(_not_set_up())), ended_at__isnull=True)


def _not_set_up() -> Q:
    unusable = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return (unusable | Q(has_first_password=True)) & Q(gone_at__isnull=True)


def find(token: str) -> Invitation | None:
    """The invitation that the token opens now, with its user; None for any other. Changes nothing
    (S19)."""
    return (
        _working()
        .filter(tokens__token_hash=hash_of(token), expires_at__gt=timezone.now())
        .select_related("user")
        .first()
    )


def redeem(token: str, *, password: str | None, by: Actor | None = None) -> User:
    """Set the password of the user whom the token invites, and use the invitation up (S16).

    ``password`` None: they sign in without one; the caller makes what they sign in with, in the
    same transaction. Raises Refusal when it does not work, or somebody else was quicker.
    """
    # Before anybody waits for a lock.
    hashed = NO_PASSWORD if password is None else make_password(password)
    found = find(token)
    if found is None:
        raise Refusal(USE_ANOTHER)
    with batch(by=by or user_actor(found.user_id)) as events:
        user = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
        if find(token) is None or not end([user.pk], InvitationEnding.ACCEPTED, at=events.at):
            raise Refusal(USE_ANOTHER)
        user.password, user.has_first_password, user.first_password_at = hashed, None, None
        user.save(update_fields=["password", "has_first_password", "first_password_at"])
        events.add([("accepted", KIND, found.pk, "", user.pk, None, "")])
    return user


def with_state(users: QuerySet[User]) -> QuerySet[User]:
    """The users, each with ``invitation_state``: one of the five words above.

    Whether somebody is inactive is for the room above to say; that comes first.
    """
    now = timezone.now()
    # Scalars for each row that is shown: EXISTS would have PostgreSQL hash the whole table.
    until = Subquery(_live().values("expires_at")[:1])
    bounced = Subquery(_bounced().values("pk")[:1])
    printed = Subquery(printed_codes.live().values("expires_at")[:1])
    known = users.alias(invited_until=until, printed_until=printed, bounced_mail=bounced)
    return known.annotate(
        invitation_state=Case(
            When(~_not_set_up(), then=Value(ACTIVE)),
            When(invited_until=None, printed_until=None, then=Value(NOT_INVITED)),
            When(bounced_mail__isnull=False, then=Value(BOUNCED)),
            When(Q(invited_until__gt=now) | Q(printed_until__gt=now), then=Value(INVITED)),
            default=Value(EXPIRED),
            output_field=CharField(),
        )
    )


def in_state(users: QuerySet[User], state: str) -> QuerySet[User]:
    """Those of the users who are in one of the five states."""
    if state == ACTIVE:
        return users.exclude(_not_set_up())
    waiting = users.filter(_not_set_up())
    if state == NOT_INVITED:
        return waiting.exclude(Exists(_live())).exclude(Exists(printed_codes.live()))
    if state == BOUNCED:
        return waiting.filter(Exists(_bounced()))
    late = state == EXPIRED
    known = Q(Exists(_live(expired=late))) | Q(Exists(printed_codes.live(expired=late)))
    return waiting.filter(known, ~Exists(_bounced()))


def expired() -> QuerySet[Invitation, int]:
    """The ids of the users whose live invitation is past its time."""
    late = Invitation.objects.filter(ended_at__isnull=True, expires_at__lte=timezone.now())
    return late.values_list("user_id", flat=True)


def bounced() -> QuerySet[Mail, int]:
    """The ids of the users one of whose invitations never arrived; also of those sent another."""
    return undelivered(KIND).values_list("user_id", flat=True)


def invitation_states(user_ids: Sequence[int]) -> dict[int, str]:
    """The state of each of these users, in one query."""
    found: QuerySet[Any] = with_state(User.objects.filter(pk__in=user_ids))
    return dict(found.values_list("pk", "invitation_state"))


def _live(expired: bool | None = None) -> QuerySet[Invitation]:
    """The live invitation of the user of an outer query."""
    live = Invitation.objects.filter(
        user_id=OuterRef("pk"), email_key=OuterRef("email_key"), ended_at__isnull=True
    )
    if expired is None:
        return live
    now = timezone.now()
    return live.filter(expires_at__lte=now) if expired else live.filter(expires_at__gt=now)


def _bounced() -> QuerySet[Mail]:
    """The mail of the live invitation of the user of an outer query, where it never arrived."""
    live = Invitation.objects.filter(
        user_id=OuterRef("user_id"),
        pk=OuterRef("subject_id"),
        email_key=OuterRef(OuterRef("email_key")),
        ended_at__isnull=True,
    )
    return undelivered(KIND).filter(Exists(live), user_id=OuterRef("pk"))
