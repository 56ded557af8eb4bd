"""Users together with what they hold: made, changed, invited and deleted, all of it or nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from schoolgate.access.actions import NewGrant, allow, deny, grant, revoke, shut_out
from schoolgate.access.authority import may_manage_accounts, may_run
from schoolgate.access.models import Grant
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks
from schoolgate.kit.records import Ending, Source
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people import invitations, staff
from schoolgate.people.actions import (
    NewUser,
    address_taken_in_words,
    change_users,
    create_users,
    remove_users,
    set_password,
    use_set_up_link,
)
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.people.queries import user_signing_in
from schoolgate.sign_in import factors, links, sessions
from schoolgate.sign_in.models import ProviderLink, SessionEnding, UserSession
from schoolgate.sign_in.provider_settings import configured

FACTOR_RESET = "factor-reset"


class UserToAdd(NamedTuple):
    """A user to make, and what they are given; ``user_id`` of the grants does not count.

    ``staff_of``: the establishment whose staff they are on (PP2); ``active``: False makes them
    inactive there, or without it over the organisation.
    """

    facts: NewUser
    grants: Sequence[NewGrant]
    active: bool = True
    invite: bool = False
    staff_of: int | None = None


class UserToSave(NamedTuple):
    """What is changed of a user: fields as ``people.actions.change_users`` takes them, grants
    given, taken away, and ended because another takes their place. ``active``: None leaves it."""

    user_id: int
    fields: Mapping[str, Any]
    adding: Sequence[NewGrant] = ()
    ending: Sequence[int] = ()
    replaced: Sequence[int] = ()
    active: bool | None = None
    invite: bool = False


def add_users(users: Iterable[UserToAdd], *, by: Actor) -> list[int]:
    """Make users with all they are given, or nothing of it; their ids in the order given.

    Somebody who is no LA Super User makes staff of their own establishments only.
    """
    wanted = list(users)
    with batch(by=by):
        may_run(by, {user.staff_of for user in wanted})
        with address_taken_in_words():
            ids = create_users((user.facts for user in wanted), by=by, source=Source.BY_HAND)
        made = list(zip(ids, wanted, strict=True))
        staff.record(
            (staff.NewPost(id_, user.staff_of) for id_, user in made if user.staff_of),
            by=by,
            source=Source.BY_HAND,
        )
        given = [row._replace(user_id=id_) for id_, user in made for row in user.grants]
        grant(given, by=by, source=Source.BY_HAND)
        for place in {user.staff_of for user in wanted if not user.active}:
            there = [id_ for id_, user in made if not user.active and user.staff_of == place]
            deny(there, by=by, establishment_id=place)
        invitations.invite(_invited(made), by=by)
        return ids


def _invited(users: Iterable[tuple[int, "UserToAdd | UserToSave"]]) -> list[int]:
    """Those to invite; nobody who is inactive."""
    return [id_ for id_, user in users if user.invite and user.active is not False]


def save_users(users: Iterable[UserToSave], *, by: Actor) -> None:
    """Change users and what they hold, all of it or nothing.

    Only somebody who could give all of a user's roles changes their fields, invitation or status
    (S62); nobody their own address, where mail can ask the old one. Whoever takes their own role
    away does so last of all.
    """
    wanted = list(users)
    with batch(by=by):
        account = [u.user_id for u in wanted if u.fields or u.invite or u.active is not None]
        may_manage_accounts(by, account)
        moved = {u.user_id for u in wanted if "email" in u.fields}
        if by.user_id in moved and mail_is_set_up():
            raise Refusal(
                "Go to My account to change your own e-mail address: there you confirm it, and the"
                " old one can stop it."
            )
        fields = [(u.user_id, name, value) for u in wanted for name, value in u.fields.items()]
        change_users(fields, by=by)
        links.void(moved, by=by)
        # Made for the old address, they are refused: and for good, though it be put back (S2).
        others = moved - {by.user_id}
        sessions.end_all(others, how=SessionEnding.BY_ADMIN, by=by)
        grant((row for u in wanted for row in u.adding), by=by, source=Source.BY_HAND)
        if active := [u.user_id for u in wanted if u.active is True]:
            allow(active, by=by)
        if replaced := [id_ for u in wanted for id_ in u.replaced]:
            revoke(replaced, by=by, how=Ending.REPLACED)
        mine = [u for u in wanted if u.user_id == by.user_id]
        for some in ([u for u in wanted if u not in mine], mine):
            if inactive := [u.user_id for u in some if u.active is False]:
                deny(inactive, by=by)
            if ending := [id_ for u in some for id_ in u.ending]:
                revoke(ending, by=by)
            invitations.invite(_invited((u.user_id, u) for u in some), by=by)


def invite_users(user_ids: Collection[int], *, by: Actor) -> list[int]:
    """Invite users, or invite them again. Raises Refusal when one is not the actor's to invite;
    leaves out whom :func:`people.invitations.invite` does, and who is inactive."""
    with batch(by=by):
        may_manage_accounts(by, user_ids)
        return invitations.invite(set(user_ids) - shut_out(user_ids), by=by)


def cancel_invitations(user_ids: Collection[int], *, by: Actor) -> None:
    """Let the invitations of users work no longer. Raises Refusal when one is not the actor's."""
    with batch(by=by):
        may_manage_accounts(by, user_ids)
        invitations.cancel(user_ids, by=by)


def delete_users(user_ids: Collection[int], *, by: Actor) -> None:
    """Delete users: what they hold is taken away, and they cannot come back (PP11).

    Their sign-in is destroyed and their address is free again. What they could see on past days
    stays on record, with their names. Raises Refusal when one is not the actor's to delete, or is
    the actor.
    """
    wanted = set(user_ids)
    with batch(by=by):
        locks.while_removing_administrators()
        may_manage_accounts(by, wanted)
        if by.user_id in wanted:
            raise Refusal("Ask somebody else: nobody deletes their own account here.")
        held = Grant.objects.filter(user_id__in=wanted, ended_at__isnull=True)
        revoke(held.values_list("pk", flat=True), by=by)
        staff.end_of_users(wanted, by=by)
        let_go(wanted, how=Ending.REMOVED, by=by)


def let_go(
    user_ids: Collection[int], *, how: Ending, by: Actor, import_id: int | None = None
) -> None:
    """Let users be gone, with all by which they could come in (S1): their sessions are over, their
    second factors and accounts elsewhere forgotten."""
    with batch(by=by, import_id=import_id):
        remove_users(user_ids, how=how, by=by, import_id=import_id)
        sessions.end_all(user_ids, how=SessionEnding.SHUT_OUT, by=by)
        factors.forget(user_ids, by=by)
        links.void(user_ids, by=by)


def end_sessions(user_id: int, session_ids: Collection[int] | None, *, by: Actor) -> int:
    """End sessions of a user (None: all there are); how many were not over yet (S5).

    Raises Refusal when the user's account is not the actor's (S62).
    """
    with batch(by=by):
        may_manage_accounts(by, [user_id])
        how = SessionEnding.BY_SELF if by.user_id == user_id else SessionEnding.BY_ADMIN
        if session_ids is None:
            return sessions.end_all([user_id], how=how, by=by)
        theirs = UserSession.objects.filter(user_id=user_id, pk__in=session_ids)
        return sessions.end(theirs.values_list("pk", flat=True), how=how, by=by)


def reset_second_factors(user_ids: Collection[int], *, by: Actor) -> None:
    """Take the second factors of users away who have lost them: they set up new ones when they
    next come in. Their sessions are over, and they are told by mail (NEW11).

    No secret is shown, nor set. Raises Refusal when an account is not the actor's (S62), is the
    actor's own, has no second factor, or nothing to sign in with but that.
    """
    wanted = set(user_ids)
    with batch(by=by) as events:
        may_manage_accounts(by, wanted)
        if by.user_id in wanted:
            raise Refusal("Go to your account to change your own second factors: there you can.")
        if not all(factors.has_factor(id_) for id_ in wanted):
            raise Refusal("Look at the page again: there is no second factor to reset any more.")
        if not wanted <= _with_a_first_factor(wanted):
            raise Refusal(
                "Give them an e-mail address first: they have no password, and without their"
                " passkey they could not sign in any more."
            )
        factors.reset(wanted, by=by)
        sessions.end_all(wanted, how=SessionEnding.BY_ADMIN, by=by)
        told = User.objects.filter(pk__in=wanted, email_key__isnull=False)
        outbox.post(
            (NewMail(FACTOR_RESET, user.pk, user.email) for user in told.order_by("pk")),
            at=events.at,
        )


def _with_a_first_factor(user_ids: Collection[int]) -> set[int]:
    """Those of the users who can begin to sign in without any passkey."""
    offered = [provider.name for provider in configured()]
    linked = Exists(ProviderLink.objects.filter(user_id=OuterRef("pk"), provider__in=offered))
    can = ~Q(password=NO_PASSWORD) | Q(email_key__isnull=False) | linked
    return set(User.objects.filter(can, pk__in=user_ids).values_list("pk", flat=True))


def set_up_first_administrator(*, token: str, new: NewUser, password: str, by: Actor) -> User:
    """Make the first LA Super User of an empty organisation from a set-up link.

    Raises Refusal when the link does not work any more, or somebody with that address is there.
    """
    with batch(by=by):
        use_set_up_link(token)
        if user_signing_in(new.email or new.username):
            raise Refusal("Choose another email address: somebody here has that one.")
        (user_id,) = create_users([new], by=by, source=Source.SET_UP)
        grant(
            [NewGrant(user_id, LA_SUPER_USER.code, None, None, timezone.localdate())],
            by=by,
            source=Source.SET_UP,
        )
        user = User.objects.get(pk=user_id)
        set_password(user=user, password=password, by=by)
        return user
