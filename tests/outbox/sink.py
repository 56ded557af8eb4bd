"""A real mail server in a process of its own: `python -m tests.outbox.sink PORT FOLDER [WORDS]`.

Each mail that it takes is a file in the folder, written before it says so. How it behaves follows
from the beginning of the address: refused (550), busy (451), breaks (it hangs up in the middle),
swallows (the first time, it takes the mail and hangs up before it says so), slow (it takes its
time), gone (it takes the mail, and puts a report on it into a Maildir, in the shape that the domain
names: gone@gmail.example). WORDS: `refuse-sender`; `sign-in` (user robin, password word);
`maildir=PATH`.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from tests.outbox.reports import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW_SECONDS = 1.5
_numbers = itertools.count(1)


class Behaviour:
    """What the server does with what it is told."""

    def __init__(self, folder: Path, words: set[str]) -> None:
        self.folder = folder
        self.words = words

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "refuse-sender" in self.words:
            return "553 5.7.1 Not from here"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}> No such user"
        if address.startswith("busy"):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        address = envelope.rcpt_tos[0]
        if address.startswith("breaks"):
            _hang_up(server)
            return "421 Gone"
        if address.startswith("slow"):
            await asyncio.sleep(SLOW_SECONDS)
        name = f"{time.time_ns()}-{next(_numbers)}"
        twice = address.startswith("swallows")
        again = twice and any(
            f"X-To: {address}" in _head(path) for path in self.folder.glob("*.mail")
        )
        content = envelope.content
        assert isinstance(content, bytes)
        (self.folder / f"{name}.part").write_bytes(f"X-To: {address}\r\n".encode() + content)
        (self.folder / f"{name}.part").rename(self.folder / f"{name}.mail")
        if address.startswith("gone"):
            self._report(content, address, name)
        if twice and not again:
            _hang_up(server)
        return "250 OK"

    def _report(self, content: bytes, address: str, name: str) -> None:
        (maildir,) = (Path(word[8:]) for word in self.words if word.startswith("maildir="))
        shape = SHAPES[address.partition("@")[2].partition(".")[0]]
        (maildir / "tmp" / name).write_bytes(shape(content, address))
        (maildir / "tmp" / name).rename(maildir / "new" / name)


def _head(path: Path) -> str:
    with path.open() as file:
        return file.readline()


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def _knows(
    server: SMTP, session: Any, envelope: Envelope, mechanism: str, given: Any
) -> AuthResult:
    knows = (given.login, given.password) == (b"robin", b"word")
    return AuthResult(success=knows, handled=knows)


async def main(port: int, folder: Path, words: set[str]) -> None:
    """Serve until killed."""
    behaviour = Behaviour(folder, words)
    sign_in = "sign-in" in words

    def connected() -> SMTP:
        return SMTP(
            behaviour,
            enable_SMTPUTF8=False,
            authenticator=_knows if sign_in else None,
            auth_required=sign_in,
            auth_require_tls=False,
        )

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", port)
    await server.serve_forever()


@dataclass(frozen=True)
class Sink:
    """A mail server under way. ``url`` is what SCHOOLGATE_MAIL says of it."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def raw(self) -> list[bytes]:
        """The mails that have come, in order, as bytes."""
        return [path.read_bytes() for path in sorted(self.folder.glob("*.mail"))]

    def mails(self) -> list[EmailMessage]:
        """The mails that have come, in order."""
        parse = BytesParser(EmailMessage, policy=policy.default).parsebytes
        return [parse(raw) for raw in self.raw()]

    def to(self) -> list[str]:
        """To whom they were."""
        return [str(mail["X-To"]) for mail in self.mails()]


@contextmanager
def running(folder: Path, *words: str, port: int = 0) -> Iterator[Sink]:
    """A mail server, ended at the end."""
    folder.mkdir(exist_ok=True)
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", __name__, str(port), str(folder), *words])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield Sink(port, folder, process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:])))
