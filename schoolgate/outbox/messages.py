"""A mail as it travels: headers, plain text and HTML."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hmac import compare_digest
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from schoolgate.outbox.models import Mail

_TRAVELS = policy.SMTP.clone(cte_type="7bit", raise_on_defect=False)
NO_ONE = "schoolgate"


@dataclass(frozen=True)
class Text:
    """What a mail says, and in whose name. It says nothing of any pupil (S51)."""

    sender_name: str
    subject: str
    plain: str
    html: str


@dataclass(frozen=True)
class Due:
    """A mail that a worker has taken up."""

    id: int
    kind: str
    user_id: int
    address: str
    subject_id: int | None
    posted_at: datetime
    attempts: int


def message(mail: Due, text: Text) -> EmailMessage:
    """The mail with its headers. Raises ValueError when the address cannot be written in one.

    The Message-ID is the same whenever this mail is made again, so that a receiver knows a repeat
    (S52). Nothing in it is fetched from anywhere, so that nothing tells who read it.
    """
    made = EmailMessage(policy=_TRAVELS)
    made["From"] = Address(_one_line(text.sender_name), addr_spec=sender())
    made["To"] = travelling(mail.address)
    if settings.MAIL_REPLY_TO:
        made["Reply-To"] = settings.MAIL_REPLY_TO
    made["Subject"] = _one_line(text.subject)
    made["Date"] = format_datetime(timezone.localtime())
    made["Message-ID"] = message_id(mail)
    # No holiday notes and no other machine's answer, please (RFC 3834, and Exchange's own).
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(text.plain, charset="utf-8", cte="quoted-printable")
    made.add_alternative(text.html, subtype="html", charset="utf-8", cte="quoted-printable")
    # The boundary too is the same each time, and never part of the text.
    made.set_boundary(f"part-{_known_by(mail.id, mail.posted_at, mail.address)}")
    return made


def sender() -> str:
    """The address that mail comes from, and that what cannot be delivered goes back to."""
    return settings.MAIL_FROM or f"{NO_ONE}@{_host()}"


def message_id(mail: Due) -> str:
    """What this mail is known by, always: made from its number, the moment it was posted, the
    address and a secret, so that nobody who has not had the mail can name it."""
    return f"<{_known_by(mail.id, mail.posted_at, mail.address)}@{_host()}>"


def is_known_by(mail: Mail, address: str, message_ids: Iterable[str]) -> bool:
    """Whether the mail was sent to the address under one of these Message-IDs (no brackets)."""
    try:
        known = _known_by(mail.pk, mail.posted_at, address)
    except (ValueError, UnicodeError):
        return False
    return any(compare_digest(known.encode(), i.partition("@")[0].encode()) for i in message_ids)


def travelling(address: str) -> str:
    """The address with its domain in the form that every mail server takes (IDNA)."""
    local, _, domain = address.rpartition("@")
    odd = any(c.isspace() or not c.isprintable() for c in address) or "=?" in address
    if not local or not domain or odd:
        raise ValueError("no address")
    if domain.isascii():
        return address
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _known_by(id_: int, posted_at: datetime, address: str) -> str:
    facts = f"{id_} {posted_at.timestamp():.6f} {travelling(address).lower()}"
    secret = salted_hmac("schoolgate.outbox.message-id", facts, algorithm="sha256")
    return f"{id_}.{secret.hexdigest()[:32]}"


def _host() -> str:
    host = urlsplit(settings.URL).hostname or "localhost"
    return f"[{host}]" if ":" in host else host


def _one_line(text: str) -> str:
    """``text`` without line breaks, those too that an encoded word ("=?...?=") would bring along:
    Python decodes what looks like one, and writes what was in it as it is."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.replace("=?", "= ?")
