"""A real IMAP server in a process of its own, with one mailbox, spoken to over TLS."""

from __future__ import annotations

import imaplib
import os
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = 'wo"rd \\ two'


@dataclass(frozen=True)
class Imap:
    """A server under way. ``certificate`` is the file by which it is known."""

    port: int
    certificate: Path

    def url(self, password: str = "wo%22rd%20%5C%20two", name: str = "") -> str:
        """What SCHOOLGATE_BOUNCES says of it."""
        return f"imap://robin:{password}@localhost:{self.port}/{name}"

    def put(self, *messages: bytes) -> None:
        """Let these messages have come in."""
        with self._opened() as imap:
            for message in messages:
                crlf = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                assert imap.append("INBOX", "", "", crlf)[0] == "OK"

    def flags(self) -> list[bool]:
        """Of each message that is there, whether it has been read."""
        with self._opened() as imap:
            imap.select("INBOX")
            found = imap.uid("FETCH", "1:*", "(FLAGS)")[1]
            return [b"\\Seen" in line for line in found if line]

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("localhost", self.port, timeout=20) as imap:
            imap.starttls(ssl.create_default_context(cafile=str(self.certificate)))
            imap.login("robin", PASSWORD)
            yield imap


@contextmanager
def running(folder: Path) -> Iterator[Imap]:
    """An IMAP server with an empty mailbox of user robin, ended at the end."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("pymap"), "--host", "127.0.0.1", "--port", str(port),
         "--cert", certificate, "--key", key,
         "dict", "--demo-user", "robin", "--demo-password", PASSWORD],
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield Imap(port, certificate)
    finally:
        process.kill()
        process.wait()


def trusted(server: Imap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process take the server's certificate for one that somebody vouches for."""
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(server.certificate))
