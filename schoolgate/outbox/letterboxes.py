"""Where reports on mail come in, read one message after the other: a Maildir folder or an IMAP
mailbox. A message is marked as read only when it has been dealt with, so that what was cut off is
read again. Nothing is deleted: whoever runs the mail system decides how long they are kept.
"""

import imaplib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from schoolgate.outbox.places import Folder, Mailbox
from schoolgate.outbox.reports import MOST_BYTES

TIMEOUT = 20.0  # seconds that a server may take for one answer
AT_ONCE = 500  # messages of one look; the rest is for the next

# Deals with a message; whatever it raises leaves that message, and those after it, unread.
Reader = Callable[[bytes], object]


class NotRead(Exception):
    """No mail can be read there now. Its text says what to do; it names no password."""


def read_new(place: Folder | Mailbox, reader: Reader, *, stopping: threading.Event) -> int:
    """Give each message that is new there to ``reader``, oldest first; how many.

    Of one that is too large to be a report it gets the beginning, one byte more than is read.
    Raises NotRead.
    """
    if isinstance(place, Mailbox):
        return _in_mailbox(place, reader, stopping)
    return _in_folder(place, reader, stopping)


def _in_folder(folder: Folder, reader: Reader, stopping: threading.Event) -> int:
    new, seen = folder.path / "new", folder.path / "cur"
    count = 0
    try:
        for path in sorted(p for p in new.iterdir() if not p.name.startswith("."))[:AT_ONCE]:
            if stopping.is_set():
                break
            with suppress(FileNotFoundError):  # another worker was quicker
                raw = _beginning(path)
                reader(raw)
                path.rename(seen / f"{path.name.partition(':')[0]}:2,S")
                count += 1
    except OSError as error:
        raise NotRead(
            "Make SCHOOLGATE_BOUNCES a Maildir in which Schoolgate may read and rename:"
            f" {folder.path} ({error.strerror})."
        ) from None
    return count


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _in_mailbox(mailbox: Mailbox, reader: Reader, stopping: threading.Event) -> int:
    count = 0
    with _opened(mailbox) as imap:
        (found,) = _said(imap.uid("SEARCH", "UNSEEN"))
        for uid in (found or b"").split()[:AT_ONCE]:
            if stopping.is_set():
                break
            number = uid.decode("ascii")
            # PEEK marks nothing; the beginning is enough to know one that is too large.
            answer = _said(imap.uid("FETCH", number, f"(BODY.PEEK[]<0.{MOST_BYTES + 1}>)"))
            raw = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if raw is None:
                continue  # taken away meanwhile
            reader(raw)
            _said(imap.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"))
            count += 1
    return count


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    where = f"{mailbox.host} port {mailbox.port}"
    imap: imaplib.IMAP4 | None = None
    try:
        imap = _connected(mailbox)
        imap.login(_quoted(mailbox.user), mailbox.password)  # quotes the password itself
        _said(imap.select(_quoted(mailbox.name)))
        yield imap
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        raise NotRead(
            f"Check the name and certificate of the mail server {where}: {reason}."
        ) from None
    except imaplib.IMAP4.abort:
        raise NotRead(
            f"Wait, or check the mail server {where}: it hung up, or offers no encryption."
        ) from None
    except imaplib.IMAP4.error:
        # What the server says may repeat the user name.
        raise NotRead(
            "Correct the user name, the password and the name of the mailbox in"
            f" SCHOOLGATE_BOUNCES: the mail server {where} refused one of them."
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotRead(
            f"Check that the mail server {where} is running and can be reached: {reason}."
        ) from None
    finally:
        if imap is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                imap.logout()


def _connected(mailbox: Mailbox) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if mailbox.secrecy == "tls":
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=TIMEOUT)
    imap = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    try:
        imap.starttls(context)
    except BaseException:
        with suppress(OSError):  # a handshake that failed has closed it
            imap.shutdown()
        raise
    return imap


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _said(answer: tuple[str, list[Any]]) -> list[Any]:
    """What the server said, when it did what it was asked."""
    if answer[0] != "OK":
        raise imaplib.IMAP4.error("refused")
    return answer[1]
