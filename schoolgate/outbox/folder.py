"""Reading back the mail that was written into a folder: the demonstration shows it."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from django.conf import settings

from schoolgate.outbox.places import Folder, place_of


@dataclass(frozen=True)
class Read:
    """A mail in the folder."""

    number: int
    to: str
    sender: str
    subject: str
    sent_at: datetime | None
    plain: str


def numbers() -> list[int]:
    """The numbers of the mails in the folder, newest first; none where mail goes elsewhere."""
    path = _path()
    names = [file.stem for file in path.glob("*.eml")] if path else []
    return sorted((int(name) for name in names if name.isascii() and name.isdigit()), reverse=True)


def read(number: int) -> Read | None:
    """The mail of that number, if it is in the folder."""
    path = _path()
    if path is None:
        return None
    try:
        with (path / f"{number:010d}.eml").open("rb") as file:
            mail = BytesParser(EmailMessage, policy=policy.default).parse(file)
    except OSError:
        return None
    body = mail.get_body(("plain",))
    return Read(
        number,
        str(mail["To"]),
        str(mail["From"]),
        str(mail["Subject"]),
        getattr(mail["Date"], "datetime", None),
        str(body.get_content()) if body else "",
    )


def _path() -> Path | None:
    place = place_of(settings.MAIL)
    return place.path if isinstance(place, Folder) else None
