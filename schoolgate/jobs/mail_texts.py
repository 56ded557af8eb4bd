"""What mail says, kind by kind. Nothing of any pupil, message or sender is in it (S51, LAC14).

The texts are made when the mail is sent, and what would make it wrong is looked at then: somebody
who is gone or inactive, or has another address by now, gets none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from schoolgate.access import ends
from schoolgate.access.accounts import FACTOR_RESET
from schoolgate.access.actions import shut_out
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.dates import day_of, in_words
from schoolgate.kit.names import email_key
from schoolgate.outbox.messages import Due, Text
from schoolgate.outbox.sending import Texts
from schoolgate.people import invitations
from schoolgate.people.models import User
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import addresses, asked, links, notices
from schoolgate.sign_in.models import AskedKind

_NO_NAME = "The organisation that uses Schoolgate"


def invitation(mails: Sequence[Due]) -> Mapping[int, Text]:
    """The link with which a user sets up their sign-in. Its token exists from here on."""
    wanted = {
        mail.subject_id: email_key(mail.address) for mail in mails if mail.subject_id is not None
    }
    ready = invitations.make_tokens(wanted, at=timezone.now())
    denied = _denied(mails)
    if denied:
        # After the tokens: this ends by locking the log, and whoever invites one of the same lot
        # again holds their invitation and waits for the log.
        invitations.cancel(denied, by=SYSTEM)
    name = _organisation()
    texts = {}
    for mail in mails:
        found = ready.get(mail.subject_id or 0)
        if found and mail.user_id not in denied:
            link = settings.URL + reverse("invitation", args=[found.token])
            until = in_words(day_of(found.expires_at))
            subject = f"Set up your account at {name}"
            texts[mail.id] = _text("invitation", name, subject, link=link, until=until)
    return texts


def password_reset(mails: Sequence[Due]) -> Mapping[int, Text]:
    """The link with which somebody chooses a new password. Its token exists from here on."""
    name, texts = _organisation(), {}
    for mail, secret in _with_secrets(mails, asked.make_secrets):
        link = settings.URL + reverse("reset", args=[secret])
        subject = f"Choose a new password at {name}"
        texts[mail.id] = _text(mail.kind, name, subject, link=link)
    return texts


def sign_in_code(mails: Sequence[Due]) -> Mapping[int, Text]:
    """The code with which somebody signs in. It is in no subject, which locked screens show."""
    name, texts = _organisation(), {}
    for mail, secret in _with_secrets(mails, asked.make_secrets):
        code = f"{secret[:3]} {secret[3:]}"
        texts[mail.id] = _text(mail.kind, name, f"Your code to sign in at {name}", code=code)
    return texts


def address_confirm(mails: Sequence[Due]) -> Mapping[int, Text]:
    """To the address that a user wants to have: the link that confirms it (LAC12)."""
    name, texts = _organisation(), {}
    for mail, token in _with_secrets(mails, addresses.make_confirm_tokens):
        link = settings.URL + reverse("address-confirm", args=[token])
        subject = f"Confirm your e-mail address at {name}"
        texts[mail.id] = _text(mail.kind, name, subject, link=link)
    return texts


def address_asked(mails: Sequence[Due]) -> Mapping[int, Text]:
    """To the address that a user has: that they want another, and the link that stops it."""
    name, texts = _organisation(), {}
    for mail, token in _with_secrets(mails, addresses.make_stop_tokens):
        stop = settings.URL + reverse("address-stop", args=[token])
        subject = f"Somebody asked to change your e-mail address at {name}"
        texts[mail.id] = _text(mail.kind, name, subject, stop=stop)
    return texts


def address_changed_old(mails: Sequence[Due]) -> Mapping[int, Text]:
    """To the address that a user no longer signs in with (LAC12). Where they changed it themselves,
    with the link that puts it back."""
    there = _there(mails)
    texts = {}
    for mail in mails:
        if mail.user_id in there:
            texts[mail.id] = _changed(mail.kind, stop=_stop_link(mail))
    return texts


def _stop_link(mail: Due) -> str:
    change = addresses.confirmed_by_mail(mail.user_id, mail.posted_at)
    if change is None:
        return ""
    wanted = {change.pk: email_key(mail.address)}
    token = addresses.make_stop_tokens(wanted, at=timezone.now()).get(change.pk)
    return settings.URL + reverse("address-stop", args=[token]) if token else ""


def address_changed_new(mails: Sequence[Due]) -> Mapping[int, Text]:
    """To the address that a user signs in with from now on (LAC12)."""
    there = _there(mails)
    return {
        mail.id: _changed(mail.kind)
        for mail in mails
        if there.get(mail.user_id) == email_key(mail.address)
    }


def access_ends(mails: Sequence[Due]) -> Mapping[int, Text]:
    """That something a user holds ends soon; to nobody for whom that has changed since."""
    there = _there(mails)
    right = ends.still_ending({mail.subject_id for mail in mails if mail.subject_id is not None})
    contact, name, texts = _contact(), _organisation(), {}
    for mail in mails:
        day = right.get(mail.subject_id or 0)
        if day and there.get(mail.user_id) == email_key(mail.address):
            subject = f"Some of your access at {name} ends after {in_words(day)}"
            address = settings.URL + reverse("sign-in")
            words = {"day": in_words(day), "contact": contact, "address": address}
            texts[mail.id] = _text(mail.kind, name, subject, **words)
    return texts


def sign_in_changed(mails: Sequence[Due]) -> Mapping[int, Text]:
    """That the way in has been changed, in case it was not them."""
    there = _there(mails)
    name, texts = _organisation(), {}
    for mail in mails:
        if there.get(mail.user_id) == email_key(mail.address):
            subject = f"The way you sign in at {name} has been changed"
            words = {"contact": _contact(), "address": settings.URL + reverse("sign-in")}
            texts[mail.id] = _text(mail.kind, name, subject, **words)
    return texts


def factor_reset(mails: Sequence[Due]) -> Mapping[int, Text]:
    """That an administrator has reset the second factor of a user, who sets up a new one."""
    there = _there(mails)
    name = _organisation()
    subject = f"The second factor of your account at {name} has been reset"
    words = {"contact": _contact(), "address": settings.URL + reverse("sign-in")}
    return {
        mail.id: _text(mail.kind, name, subject, **words)
        for mail in mails
        if there.get(mail.user_id) == email_key(mail.address)
    }


def _with_secrets(
    mails: Sequence[Due], make: Callable[..., Mapping[int, str]]
) -> Iterator[tuple[Due, str]]:
    """The mails that are still wanted, each with what is made for it as it is sent."""
    there = _there(mails)
    wanted = {
        mail.subject_id: email_key(mail.address)
        for mail in mails
        if mail.subject_id is not None and mail.user_id in there
    }
    ready = make(wanted, at=timezone.now())
    for mail in mails:
        if secret := ready.get(mail.subject_id or 0):
            yield mail, secret


TEXTS: Mapping[str, Texts] = {
    invitations.KIND: invitation,
    ends.KIND: access_ends,
    notices.KIND: sign_in_changed,
    "address-changed-old": address_changed_old,
    "address-changed-new": address_changed_new,
    FACTOR_RESET: factor_reset,
    links.MAIL[AskedKind.RESET]: password_reset,
    links.MAIL[AskedKind.CODE]: sign_in_code,
    links.CONFIRM_ADDRESS: address_confirm,
    links.ADDRESS_ASKED: address_asked,
}


def _changed(kind: str, stop: str = "") -> Text:
    name = _organisation()
    subject = f"The e-mail address of your account at {name} has been changed"
    return _text(kind, name, subject, address=settings.URL + reverse("sign-in"), stop=stop)


def _text(kind: str, organisation: str, subject: str, **words: str) -> Text:
    given = {"organisation": organisation, "subject": subject, **words}
    return Text(
        organisation,
        subject,
        render_to_string(f"mail/{kind}.txt", given),
        render_to_string(f"mail/{kind}.html", given),
    )


def _organisation() -> str:
    found = Organisation.objects.order_by("pk").first()
    return (found.name if found else "") or _NO_NAME


def _contact() -> str:
    found = Organisation.objects.order_by("pk").first()
    return (found.contact if found else "") or "whoever looks after users there"


def _denied(mails: Sequence[Due]) -> set[int]:
    return shut_out({mail.user_id for mail in mails})


def _there(mails: Sequence[Due]) -> dict[int, str | None]:
    """The keys of the addresses of those who are neither gone nor inactive, by user id."""
    ids = {mail.user_id for mail in mails} - _denied(mails)
    found = User.objects.filter(pk__in=ids, gone_at__isnull=True)
    return dict(found.values_list("pk", "email_key"))
