"""What `start` needs of the environment (docs/running.md): what it says of each setting.

A dangerous setting is as good as a missing one: nothing is served with it.
"""

import errno
import ipaddress
import os
import re
import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

import dj_database_url

from schoolgate.jobs.stop import Stop
from schoolgate.outbox.places import Server, letterbox_of, place_of
from schoolgate.people import breached
from schoolgate.sign_in import provider_settings

SHORTEST_SECRET = 50
MOST_DAYS = 90
_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+", re.ASCII)
_MAKE_ONE = "such as `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'` prints"


@dataclass(frozen=True)
class Serving:
    """Where the pages are: the address that people type, and where the server listens."""

    url: str
    bind: str
    port: int


def check(*, demo: bool, port: int) -> Serving:
    """Where to serve. Raises Stop with a sentence for each setting that is missing or dangerous.

    Puts into the environment, for the processes that serve, what follows from other settings.
    """
    if demo:
        os.environ.setdefault("SCHOOLGATE_URL", f"http://localhost:{port}")
        # Its people are invented, and so are their addresses: nothing is sent to anybody.
        os.environ["SCHOOLGATE_MAIL"] = demonstration_mail()
    problems = [
        *_secret(),
        *_address(demo),
        *_hosts(),
        *_proxy(),
        *_mail(),
        *_breached_passwords(),
        *_providers(),
    ]
    if problems:
        raise Stop("\n".join(problems))
    url = _setting("SCHOOLGATE_URL").rstrip("/")
    host = urlsplit(url).hostname or ""
    if not is_local(host):
        os.environ.setdefault("SCHOOLGATE_HOSTS", host)
    return Serving(url, _bind(), port)


def demonstration_mail() -> str:
    """Where the demonstration's mail is written: beside its database, else in ./var."""
    found = dj_database_url.parse(_setting("DATABASE_URL"))
    name, in_a_file = Path(str(found["NAME"])), str(found["ENGINE"]).endswith("sqlite3")
    folder = name.with_name(f"{name.stem}-mail") if in_a_file else Path("var", f"{name.name}-mail")
    return f"file:{quote(str(folder.resolve()))}"


def is_local(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(serving: Serving) -> socket.socket:
    """The socket on which the pages are served. Raises Stop when it cannot be had."""
    family = socket.AF_INET6 if ":" in serving.bind else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((serving.bind, serving.port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Stop(
                f"Choose another port with --port, or stop what is using port {serving.port}:"
                " it is taken."
            ) from None
        raise Stop(
            f"Choose another port with --port, or another address with SCHOOLGATE_BIND:"
            f" {serving.bind} port {serving.port} cannot be used ({error.strerror})."
        ) from None
    return listening


def _setting(name: str) -> str:
    return os.environ.get(name, "").strip()


def _secret() -> Iterator[str]:
    secret = _setting("SCHOOLGATE_SECRET_KEY")
    if not secret:
        yield f"Set SCHOOLGATE_SECRET_KEY to a long random text, {_MAKE_ONE}: it is not set."
    elif len(secret) < SHORTEST_SECRET:
        yield (
            f"Set SCHOOLGATE_SECRET_KEY to at least {SHORTEST_SECRET} random characters,"
            f" {_MAKE_ONE}: it has {len(secret)}."
        )
    elif _is_weak(secret):
        yield (
            f"Set SCHOOLGATE_SECRET_KEY to a random text, {_MAKE_ONE}:"
            " the one that is set can be guessed."
        )


def _is_weak(secret: str) -> bool:
    few = len(set(secret)) < 10
    repeats = len(zlib.compress(secret.encode(), 9)) < 36
    words = ("insecure", "changeme", "change-me", "change_me", "secret", "password", "example")
    return few or repeats or any(word in secret.casefold() for word in words)


def _address(demo: bool) -> Iterator[str]:
    url = _setting("SCHOOLGATE_URL")
    if not url:
        yield (
            "Set SCHOOLGATE_URL to the address that people will type, such as"
            " https://schoolgate.example.org: it is not set."
        )
        return
    parts = _split(url)
    if parts is None:
        yield (
            "Set SCHOOLGATE_URL to an address like https://schoolgate.example.org, with nothing"
            f" after the name: {url!r} is none."
        )
        return
    local = is_local(parts.hostname or "")
    if demo and not local:
        yield (
            "Leave out --demo, or SCHOOLGATE_URL: the demonstration's passwords are published, so"
            " it is for this machine only."
        )
    elif parts.scheme == "http" and not local:
        yield (
            f"Set SCHOOLGATE_URL to https://{parts.netloc} and put a proxy in front that speaks"
            " https: over http anybody on the way could read children's records."
        )
    elif parts.scheme == "https" and _setting("SCHOOLGATE_BEHIND_PROXY") != "yes":
        yield (
            "Set SCHOOLGATE_BEHIND_PROXY to yes once a proxy in front speaks https"
            " (docs/running.md): SCHOOLGATE_URL says https, and Schoolgate itself speaks http."
        )
    elif parts.scheme == "http" and not is_local(_bind()):
        yield (
            "Leave out SCHOOLGATE_BIND, or set SCHOOLGATE_URL to an https address: over http"
            " Schoolgate serves this machine only."
        )


def _split(url: str) -> SplitResult | None:
    """The parts of a web address that has a name, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    good = parts.scheme in ("http", "https") and parts.hostname and bare
    return parts if good else None


def _hosts() -> Iterator[str]:
    hosts = [host.strip() for host in _setting("SCHOOLGATE_HOSTS").split(",") if host.strip()]
    host = (parts.hostname or "") if (parts := _split(_setting("SCHOOLGATE_URL"))) else ""
    if any("*" in name for name in hosts):
        yield (
            "List the names by which people reach Schoolgate in SCHOOLGATE_HOSTS, separated by"
            " commas: * would let anybody make up a name."
        )
    elif hosts and host and not any(_covers(name, host) for name in hosts):
        yield f"Add {host} to SCHOOLGATE_HOSTS, or leave that out: SCHOOLGATE_URL names it."


def _covers(name: str, host: str) -> bool:
    name, host = name.casefold().strip("[]"), host.casefold()
    return name == host or (name.startswith(".") and f".{host}".endswith(name))


def _proxy() -> Iterator[str]:
    value = _setting("SCHOOLGATE_BEHIND_PROXY")
    if value not in ("", "yes", "no"):
        yield f"Set SCHOOLGATE_BEHIND_PROXY to yes or no: it is {value!r}."


def _mail() -> Iterator[str]:
    try:
        place = place_of(_setting("SCHOOLGATE_MAIL"))
    except ValueError:
        # It may hold a password, so it is not repeated.
        yield (
            "Set SCHOOLGATE_MAIL to something like smtp://user:password@mail.example.org:587 or"
            " file:/srv/schoolgate/mail: it cannot be understood."
        )
        return
    if isinstance(place, Server) and not _setting("SCHOOLGATE_MAIL_FROM"):
        yield (
            "Set SCHOOLGATE_MAIL_FROM to the address that mail is to come from, such as"
            " no-reply@example.org: it is not set, and SCHOOLGATE_MAIL is."
        )
    for name in ("SCHOOLGATE_MAIL_FROM", "SCHOOLGATE_MAIL_REPLY_TO"):
        address = _setting(name)
        if address and not _ADDRESS.fullmatch(address):
            yield f"Set {name} to one e-mail address such as no-reply@example.org, not {address!r}."
    try:
        letterbox_of(_setting("SCHOOLGATE_BOUNCES"))
    except ValueError:
        yield (
            "Set SCHOOLGATE_BOUNCES to something like imaps://user:password@mail.example.org/INBOX"
            " or maildir:/srv/bounces: it cannot be understood."
        )
    for name in ("SCHOOLGATE_INVITATION_DAYS", "SCHOOLGATE_LETTER_DAYS"):
        days = _setting(name)
        if days and not (days.isascii() and days.isdigit() and 1 <= int(days[:9]) <= MOST_DAYS):
            yield f"Set {name} to a number of days from 1 to {MOST_DAYS}: it is {days!r}."


def _breached_passwords() -> Iterator[str]:
    if not breached.OURS.exists():
        yield "Run ./dev setup: the list of breached passwords has not been made."
    file = _setting("SCHOOLGATE_BREACHED_PASSWORDS")
    if file and (fault := breached.fault_of(Path(file))):
        yield (
            "Set SCHOOLGATE_BREACHED_PASSWORDS to a file of SHA-1 hashes in order, as the"
            f" downloader of Have I Been Pwned makes it, or leave it out: with {file}, {fault}."
        )


def _providers() -> list[str]:
    names = [name.strip() for name in _setting("SCHOOLGATE_PROVIDERS").split(",") if name.strip()]
    _, problems = provider_settings.read(names, os.environ)
    return problems


def _bind() -> str:
    bind = _setting("SCHOOLGATE_BIND") or "127.0.0.1"
    return "127.0.0.1" if bind == "localhost" else bind.strip("[]")
