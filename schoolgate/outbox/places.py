"""Where mail goes, and where what comes back is read, each from the one setting that says it.

Knows nothing of Django.
"""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Secrecy = Literal["tls", "starttls", "none"]
_PORTS: dict[Secrecy, int] = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True)
class Server:
    """A mail server that takes mail by SMTP."""

    host: str
    port: int
    secrecy: Secrecy
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Folder:
    """A folder that mail is written into, one file each: for trying things out. Or a Maildir."""

    path: Path


@dataclass(frozen=True)
class Mailbox:
    """A mailbox that is read by IMAP, over TLS."""

    host: str
    port: int
    secrecy: Literal["tls", "starttls"]
    user: str
    password: str = field(repr=False)
    name: str = "INBOX"


def place_of(setting: str) -> Server | Folder | None:
    """What SCHOOLGATE_MAIL says; None when it is not set. Raises ValueError when it is unreadable.

    ``smtp://`` goes over to TLS before anything is said (STARTTLS), and sends nothing where the
    server does not: mail holds links that open somebody's account. A server on this machine, and
    one for which ``?tls=no`` was written on purpose, is spoken to in clear.
    """
    if not setting:
        return None
    parts = urlsplit(setting)
    if parts.scheme == "file":
        return _folder(parts)
    asked = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    rest = asked.keys() - {"tls"} or asked.get("tls", "no") != "no" or parts.path not in ("", "/")
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or rest or parts.fragment:
        raise ValueError("neither a server nor a folder")
    secrecy: Secrecy = "tls" if parts.scheme == "smtps" else "starttls"
    if secrecy == "starttls" and ("tls" in asked or _is_here(parts.hostname)):
        secrecy = "none"
    elif "tls" in asked:
        raise ValueError("smtps without TLS")
    return Server(
        parts.hostname,
        parts.port or _PORTS[secrecy],
        secrecy,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def letterbox_of(setting: str) -> Mailbox | Folder | None:
    """What SCHOOLGATE_BOUNCES says: ``imaps://user:password@host/INBOX`` (``imap`` goes over to TLS
    first, and reads nothing where the server does not), or ``maildir:/path``; None when it is not
    set. Raises ValueError when it is unreadable."""
    if not setting:
        return None
    parts = urlsplit(setting)
    if parts.scheme == "maildir":
        return _folder(parts)
    if parts.scheme not in ("imap", "imaps") or parts.query or parts.fragment:
        raise ValueError("neither a mailbox nor a Maildir")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    name = unquote(parts.path[1:]) or "INBOX"
    plain = all(word.isascii() and word.isprintable() for word in (user, password, name))
    if not (parts.hostname and user and password and plain):
        raise ValueError("a mailbox has a server, a user and a password")
    port = parts.port or (993 if parts.scheme == "imaps" else 143)
    secrecy: Literal["tls", "starttls"] = "tls" if parts.scheme == "imaps" else "starttls"
    return Mailbox(parts.hostname, port, secrecy, user, password, name)


def _folder(parts: SplitResult) -> Folder:
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute() or path == Path("/"):
        raise ValueError("a folder has an absolute path")
    return Folder(path)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
