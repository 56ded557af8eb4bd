"""Reading a delivery status notification (RFC 3464): which mail it is about, and what became of it.

Whoever knows the address that mail comes from can send anything there: whatever is malformed or
too large is no report, and of a report nothing is taken but addresses, numbers and Message-IDs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, Parser

MOST_BYTES = 256 * 1024  # ours are small, and a report need not return more than the headers
_MOST_PARTS = 40
_MOST_RECIPIENTS = 20
_MOST_IDS = 10

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_ID = re.compile(r"<([^<>\s]{1,250})>")
# Where the Message-ID of the mail that came back stands, beside the headers that came with it.
_NAMES_OURS = ("In-Reply-To", "References", "X-Original-Message-ID")
_STATUSES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)


@dataclass(frozen=True)
class Recipient:
    """What became of a mail to one recipient: ``status`` is a code as "5.1.1" (RFC 3463).

    ``addresses``: the one it went to at last, and the one it was sent to at first, in small
    letters. ``failed`` says that it will not arrive; else it is only late.
    """

    addresses: frozenset[str]
    failed: bool
    status: str


@dataclass(frozen=True)
class Report:
    """The Message-IDs, without brackets, that a report gives for its mail, and its recipients."""

    message_ids: tuple[str, ...]
    recipients: tuple[Recipient, ...]


def report_in(raw: bytes) -> Report | None:
    """The report that this message is; None when it is none, or none that can be read."""
    if len(raw) > MOST_BYTES:
        return None
    try:
        return _report(BytesParser().parsebytes(raw))
    except Exception:
        # The parser gives way to some malformed messages in ways of its own (RecursionError, say).
        return None


def _report(message: Message) -> Report | None:
    if message.get_content_type() != "multipart/report":
        return None
    recipients: list[Recipient] = []
    ids = list(_ids_in(message))
    for part in _parts(message):
        kind = part.get_content_type()
        if kind in _STATUSES:
            for block in _blocks(part):
                ids.extend(_ids_in(block))
                if len(recipients) < _MOST_RECIPIENTS and (found := _recipient(block)):
                    recipients.append(found)
        elif kind in _RETURNED:
            ids.extend(_own_id(part))
    if not recipients or not ids:
        return None
    return Report(tuple(dict.fromkeys(reversed(ids)))[:_MOST_IDS], tuple(recipients))


def _parts(message: Message) -> list[Message]:
    """The parts of the report itself; what is inside a part is not looked into."""
    parts = message.get_payload()
    return (
        [part for part in parts if isinstance(part, Message)][:_MOST_PARTS]
        if (isinstance(parts, list))
        else []
    )


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields: one about the mail, then one for each recipient."""
    groups = part.get_payload()
    if not isinstance(groups, list):
        return
    for group in groups[: _MOST_RECIPIENTS + 1]:
        if not isinstance(group, Message):
            continue
        yield group
        # Python reads the kind for other scripts as one message: its other groups are the text.
        rest = group.get_payload()
        if isinstance(rest, str):
            for text in re.split(r"(?:\r?\n){2,}", rest.strip())[:_MOST_RECIPIENTS]:
                yield Parser().parsestr(text, headersonly=True)


def _recipient(block: Message) -> Recipient | None:
    addresses = frozenset(
        address
        for field in ("Final-Recipient", "Original-Recipient")
        if (address := _address(_text(block, field)))
    )
    if not addresses:
        return None
    status = _status(block)
    action = _text(block, "Action").strip().lower()
    if action == "delayed" or (not action and status.startswith("4")):
        return Recipient(addresses, failed=False, status=status)
    if action == "failed" or (not action and status.startswith("5")):
        return Recipient(addresses, failed=True, status=status)
    return None


def _address(field: str) -> str:
    """Of "rfc822; dora@abbey.example" the address."""
    kind, _, address = field.rpartition(";")
    address = address.strip().strip("<>").lower()
    known = kind.strip().lower() in ("", "rfc822", "utf-8")
    return address if known and "@" in address and len(address) <= 320 else ""


def _status(block: Message) -> str:
    """The code; where it says nothing ("5.0.0"), the one that the server there gave."""
    codes = [_STATUS.search(_text(block, field)) for field in ("Status", "Diagnostic-Code")]
    found = [".".join(code.groups()) for code in codes if code]
    telling = [code for code in found if not code.endswith(".0.0")]
    return next(iter([*telling, *found]), "")


def _own_id(part: Message) -> list[str]:
    """The Message-ID of the mail that came back, whole or its headers only."""
    returned = part.get_payload()
    if isinstance(returned, list):
        return [
            id_
            for mail in returned[:1]
            if isinstance(mail, Message)
            for id_ in _ID.findall(_text(mail, "Message-ID"))
        ]
    content = part.get_payload(decode=True)
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return _ID.findall(_text(Parser().parsestr(text.lstrip(), headersonly=True), "Message-ID"))


def _ids_in(message: Message) -> Iterator[str]:
    for name in _NAMES_OURS:
        yield from _ID.findall(_text(message, name)[:4000])


def _text(message: Message, name: str) -> str:
    return str(message.get(name, ""))
