"""Handing a mail over: to a mail server, or into a folder.

What goes wrong is one of four, each with a sentence that says what to do. Logs get none of them:
a server's answer may name an address.
"""

import os
import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Protocol

from schoolgate.outbox.messages import sender, travelling
from schoolgate.outbox.places import Folder, Server

TIMEOUT = 20.0  # seconds that a server may take for one answer


class Trouble(Exception):
    """A mail was not handed over. Its text is a sentence for the LA Super User."""


class Refused(Trouble):
    """This mail will never be taken."""


class NotNow(Trouble):
    """This mail was not taken now; later it may be."""


class Lost(NotNow):
    """The connection broke; the mail may or may not have been taken."""


class Down(Trouble):
    """No mail at all can be handed over now."""


class Carrier(Protocol):
    """Takes mails one after the other, over one connection."""

    def __enter__(self) -> "Carrier": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def hand_over(self, number: int, mail: EmailMessage, address: str) -> None:
        """Raises a Trouble when the mail was not, or may not have been, taken."""


def carrier_to(place: Server | Folder) -> Carrier:
    """What carries mail there."""
    return ToServer(place) if isinstance(place, Server) else ToFolder(place)


class ToFolder:
    """Writes each mail into a file of its own, named by the mail's number."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.path

    def __enter__(self) -> "ToFolder":
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Down(self._sentence(error)) from None
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def hand_over(self, number: int, mail: EmailMessage, address: str) -> None:
        """Write the file beside its place first: it is there whole or not at all."""
        target = self._path / f"{number:010d}.eml"
        beside = target.with_suffix(".part")
        try:
            opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(opened, "wb") as file:
                file.write(mail.as_bytes())
            beside.replace(target)
        except OSError as error:
            raise Down(self._sentence(error)) from None

    def _sentence(self, error: OSError) -> str:
        return f"Let Schoolgate write to the folder {self._path}: {error.strerror}."


class ToServer:
    """Speaks SMTP; connects again by itself after a connection that broke."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> "ToServer":
        self._connected()
        return self

    def __exit__(self, *_: object) -> None:
        if self._smtp is not None:
            self._smtp.close()  # no QUIT: a server that has gone slow would be waited for

    def hand_over(self, number: int, mail: EmailMessage, address: str) -> None:
        """Send the mail to the one address."""
        smtp = self._connected()
        try:
            smtp.send_message(mail, sender(), [travelling(address)])
        except smtplib.SMTPSenderRefused as error:
            raise Down(
                "Set SCHOOLGATE_MAIL_FROM to an address that the mail server takes mail from:"
                f" it refused {sender()}{_said(error.smtp_code, error.smtp_error)}."
            ) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(*next(iter(error.recipients.values()))) from None
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError:
            raise Refused(
                "Use an address with plain letters before the @: the mail server takes no others."
            ) from None
        except (smtplib.SMTPException, OSError):
            smtp.close()
            raise Lost(
                "Wait, or check the mail server: the connection to it broke while this mail was"
                " handed over."
            ) from None

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None or self._smtp.sock is None:
            self._smtp = self._connect()
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        where = f"{server.host} port {server.port}"
        try:
            return self._greeted()
        except smtplib.SMTPAuthenticationError as error:
            raise Down(
                "Correct the user name and password in SCHOOLGATE_MAIL: the mail server"
                f" {where} refused them{_said(error.smtp_code, b'')}."
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise Down(
                f"Correct SCHOOLGATE_MAIL: the mail server {where} offers no encryption (STARTTLS),"
                " or no sign-in with a password."
            ) from None
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
            raise Down(
                f"Check the name and certificate of the mail server {where}: {reason}."
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise Down(
                f"Check that the mail server {where} is running and can be reached: {reason}."
            ) from None

    def _greeted(self) -> smtplib.SMTP:
        server = self._server
        smtp: smtplib.SMTP
        if server.secrecy == "tls":
            smtp = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            smtp.ehlo_or_helo_if_needed()
            if server.secrecy == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _refusal(code: int, answer: bytes | str) -> Trouble:
    said = _said(code, answer)
    if 500 <= code < 600:
        return Refused(f"Correct the e-mail address: the mail server refused this mail{said}.")
    return NotNow(f"Wait: the mail server does not take this mail at the moment{said}.")


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
    return f" ({code} {line})".replace(" )", ")").replace(".)", ")")
