"""Noting what became of mail after it was handed over, from the reports that come back.

A report is believed when it names the Message-ID of a mail and the address that mail went to:
the two belong together by a secret (messages.py), so that only who had the mail can report on it,
and all that it can do is to mark that one mail. Noting twice changes nothing more.
"""

import re
from datetime import datetime
from enum import Enum

from django.utils import timezone

from schoolgate.audit.actions import SYSTEM, batch
from schoolgate.kit.dates import day_of, in_words
from schoolgate.outbox.messages import is_known_by
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.reports import Recipient, Report, report_in

_OURS = re.compile(r"(\d{1,18})\.[0-9a-f]{32}@")

_NO_MAILBOX = "Correct the e-mail address: there is no such mailbox"
_NO_DOMAIN = "Correct the e-mail address after the @: no mail server takes mail for it"
_UNREACHED = (
    "Try again later, or correct the e-mail address: its mail server could not be reached for days"
)
_FULL = "Ask them to make room, then send it again: the mailbox is full"
_RULES = "Ask whoever runs the mail system there to let this mail through: its rules refused it"
_LOOP = "Ask whoever runs the mail system there to look at it: the mail went round in circles"
_OTHER = "Check the e-mail address, or ask whoever runs the mail system there: it refused the mail"
_LATE = "Wait: on {} the mail server there had not taken this mail yet, and was still being asked"

# By the code of RFC 3463 without its first number; "class.subject.detail" where that decides.
_REASONS = {
    "1.0": _NO_MAILBOX,
    "1.1": _NO_MAILBOX,
    "1.2": _NO_DOMAIN,
    "1.3": "Correct the e-mail address: its mail server does not take it for one",
    "1.6": "Ask them for their new e-mail address: the mailbox has moved",
    "1.10": _NO_MAILBOX,  # Exchange, where nobody has the address
    "2.1": "Ask them, or their school, to have the mailbox opened: it takes no mail at the moment",
    "2.2": _FULL,
    "5.4.1": _NO_MAILBOX,  # Exchange, at its edge
    "4.1": _UNREACHED,
    "4.2": _UNREACHED,
    "4.4": _NO_DOMAIN,
    "4.6": _LOOP,
    "4.7": _UNREACHED,
    "4.14": _LOOP,
    "4.310": _NO_DOMAIN,  # Exchange, where the name is not in the DNS
    "4.316": _UNREACHED,
}


class Noted(Enum):
    """What a message that came in was."""

    BOUNCED = "says that a mail did not arrive"
    LATE = "says that a mail is late"
    KNOWN = "says what was known already"
    NOT_OURS = "reports on no mail of ours"
    NO_REPORT = "is no report"


def take_note(raw: bytes) -> Noted:
    """Mark the mails that the message reports on; what it was. Nothing else of it is kept.

    Raises only what the database raises: then the message is to be read again.
    """
    report = report_in(raw)
    if report is None:
        return Noted.NO_REPORT
    for mail in _named(report):
        for recipient in report.recipients:
            if any(is_known_by(mail, a, report.message_ids) for a in recipient.addresses):
                return _mark(mail, recipient)
    return Noted.NOT_OURS


def _named(report: Report) -> list[Mail]:
    numbers = [int(found[1]) for id_ in report.message_ids if (found := _OURS.match(id_))]
    return list(Mail.objects.filter(pk__in=numbers).order_by("pk"))


def _mark(mail: Mail, recipient: Recipient) -> Noted:
    now = timezone.now()
    if not recipient.failed:
        late = Mail.objects.filter(pk=mail.pk, state=State.SENT)
        noted = late.update(problem=_sentence(_LATE.format(in_words(day_of(now))), recipient))
        return Noted.LATE if noted else Noted.KNOWN
    with batch(by=SYSTEM) as events:
        # Also one that seemed lost as it was handed over, and is to go out again.
        handed_over = Mail.objects.filter(pk=mail.pk, state__in=[State.SENT, State.WAITING])
        if not handed_over.update(**_bounced(recipient, now)):
            return Noted.KNOWN
        events.add([("bounced", "mail", mail.pk, "", mail.user_id, None, "")])
    return Noted.BOUNCED


def _bounced(recipient: Recipient, at: datetime) -> dict[str, object]:
    problem = _sentence(reason(recipient.status), recipient)
    return {"state": State.BOUNCED, "ended_at": at, "address": "", "problem": problem}


def reason(status: str) -> str:
    """Why a mail with this code ("5.1.1") did not arrive, in words, without the full stop."""
    _, _, rest = status.partition(".")
    known = _REASONS.get(status) or _REASONS.get(rest)
    if known:
        return known
    return _RULES if rest.startswith("7.") else _OTHER


def _sentence(words: str, recipient: Recipient) -> str:
    return f"{words} ({recipient.status})." if recipient.status else f"{words}."
