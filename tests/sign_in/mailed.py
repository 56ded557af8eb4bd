"""What people have in their mail: links and codes, made as the worker makes them."""

from __future__ import annotations

from django.utils import timezone

from schoolgate.audit.actions import user_actor
from schoolgate.jobs import asked_worker
from schoolgate.people.models import User
from schoolgate.sign_in import addresses, asked
from schoolgate.sign_in.models import AddressChange, AskedByMail, AskedKind


def asked_for(kind: AskedKind, name: str, word: str = "") -> AskedByMail:
    """Somebody asks under the name, and the worker has looked whose it is."""
    asked.ask(kind, name=name, browser_word=word)
    while asked_worker.look():
        pass
    return AskedByMail.objects.latest("pk")


def secret_of(row: AskedByMail) -> str:
    """The secret that the mail of the row would hold."""
    return asked.make_secrets({row.pk: row.email_key}, at=timezone.now())[row.pk]


def newest_secret() -> str:
    """What the worker puts into the mail that was asked for last."""
    while asked_worker.look():
        pass
    return secret_of(AskedByMail.objects.latest("pk"))


def reset_link(user: User) -> str:
    """The token of a link to choose a new password; of somebody who has a passkey, say."""
    if not user.has_usable_password():
        User.objects.filter(pk=user.pk).update(password="none")
    return secret_of(asked_for(AskedKind.RESET, user.email))


def code(user: User, word: str) -> str:
    """The code that came to the user, asked for from the browser with this word."""
    return secret_of(asked_for(AskedKind.CODE, user.email, word))


def address_links(user: User, new_email: str) -> tuple[str, str]:
    """The tokens of the links that confirm and stop a change of address, which the user asked for
    just now."""
    addresses.ask(user_id=user.pk, new_email=new_email, by=user_actor(user.pk))
    change = AddressChange.objects.filter(user=user).latest("pk")
    return confirm_link(change), stop_link(change)


def confirm_link(change: AddressChange) -> str:
    wanted = {change.pk: change.new_email.lower()}
    return addresses.make_confirm_tokens(wanted, at=timezone.now())[change.pk]


def stop_link(change: AddressChange) -> str:
    wanted = {change.pk: change.old_email.lower()}
    return addresses.make_stop_tokens(wanted, at=timezone.now())[change.pk]
