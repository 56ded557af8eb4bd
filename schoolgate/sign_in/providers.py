"""Accounts at identity providers with which users sign in (NEW11): linked, found, taken away.

Who somebody is, is said by issuer and subject alone, never by an e-mail address (S27). A link is
made by whoever has shown already that they are the user: from inside an invitation or a session.
"""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.models import User
from schoolgate.sign_in import factors, ways_in
from schoolgate.sign_in.models import ProviderLink
from schoolgate.sign_in.notices import tell_of_change
from schoolgate.sign_in.openid import Identity

KIND = "account link"
TAKEN = "Choose another account there: somebody signs in here with this one already."
LAST = "Set a password or add a passkey first: without this account you could not sign in any more."


def user_of(identity: Identity) -> int | None:
    """The id of the user who signs in with the account, whoever that is and may they come in or
    not; None for an account that is nobody's."""
    links = ProviderLink.objects.filter(issuer=identity.issuer, subject=identity.subject)
    return links.values_list("user_id", flat=True).first()


def links_of(user_id: int) -> Sequence[ProviderLink]:
    """The accounts with which a user signs in, the oldest first."""
    return list(ProviderLink.objects.filter(user_id=user_id).order_by("pk"))


def note_use(identity: Identity) -> None:
    """Note that somebody came with the account just now."""
    links = ProviderLink.objects.filter(issuer=identity.issuer, subject=identity.subject)
    links.update(used_at=timezone.now())


def link(*, user_id: int, identity: Identity, by: Actor, is_told: bool = True) -> ProviderLink:
    """Let the user sign in with the account, and tell them by mail. One that is theirs already
    stays as it is.

    Refusal when it is somebody else's, or the user is gone.
    """
    with factors.changing(user_id=user_id, by=by) as events:
        found = ProviderLink.objects.filter(issuer=identity.issuer, subject=identity.subject)
        if (known := found.first()) is not None:
            if known.user_id != user_id:
                raise Refusal(TAKEN)
            return known
        if not User.objects.filter(pk=user_id, gone_at__isnull=True).exists():
            raise Refusal(invitations.USE_ANOTHER)
        try:
            with transaction.atomic():
                made = ProviderLink.objects.create(
                    user_id=user_id,
                    provider=identity.provider,
                    issuer=identity.issuer,
                    subject=identity.subject,
                    shown=identity.shown,
                    made_at=events.at,
                )
        except IntegrityError:  # somebody was quicker
            raise Refusal(TAKEN) from None
        events.add([("added", KIND, made.pk, "", user_id, None, "")])
        if is_told:
            tell_of_change([user_id], at=events.at)
    return made


def accept(token: str, *, identity: Identity) -> User:
    """Use the invitation up with the account in place of a password (S16).

    Refusal, and nothing is changed, when the invitation does not work or the account is somebody's.
    """
    found = invitations.find(token)
    if found is None:
        raise Refusal(invitations.USE_ANOTHER)
    by = user_actor(found.user_id)
    with batch(by=by):
        user = invitations.redeem(token, password=None, by=by)
        link(user_id=user.pk, identity=identity, by=by, is_told=False)
    return user


def remove(*, user_id: int, link_id: int, by: Actor) -> None:
    """Let the user no longer sign in with an account of theirs; one that is gone already is no
    matter. Refusal when it is the only way in that they have."""
    with factors.changing(user_id=user_id, by=by) as events:
        mine = ProviderLink.objects.filter(user_id=user_id, pk=link_id).first()
        if mine is None:
            return
        if not ways_in.is_left(user_id, without=mine):
            raise Refusal(LAST)
        mine.delete()
        events.add([("removed", KIND, link_id, "", user_id, None, "")])
        tell_of_change([user_id], at=events.at)
