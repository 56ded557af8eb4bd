"""Reports are read from a real Maildir and a real IMAP server, each once, whatever happens."""

from __future__ import annotations

import mailbox
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from schoolgate.outbox import letterboxes
from schoolgate.outbox.letterboxes import NotRead, read_new
from schoolgate.outbox.places import letterbox_of
from schoolgate.outbox.reports import MOST_BYTES
from tests.outbox import imap
from tests.outbox.imap import trusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.outbox.imap import Imap

ONE, TWO, THREE = (b"Subject: %d\n\nHello\n" % n for n in (1, 2, 3))


class Box:
    """A Maildir and an IMAP mailbox alike."""

    def __init__(self, url: str, put: Callable[..., None], read: Callable[[], list[bool]]) -> None:
        self.url, self.put, self.are_read = url, put, read

    def read(
        self, reader: Callable[[bytes], object], stopping: threading.Event | None = None
    ) -> int:
        place = letterbox_of(self.url)
        assert place
        return read_new(place, reader, stopping=stopping or threading.Event())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imap]:
    with imap.running(tmp_path_factory.mktemp("imap")) as server:
        yield server


def a_maildir(path: Path) -> Box:
    box = mailbox.Maildir(path)

    def put(*messages: bytes) -> None:
        for message in messages:
            box.add(message)

    def are_read() -> list[bool]:
        return [("S" in str(message.get_flags())) for message in mailbox.Maildir(path)]  # type: ignore[attr-defined]

    return Box(f"maildir:{path}", put, are_read)


@pytest.fixture(params=["maildir", "imap"])
def box(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Box]:
    if request.param == "maildir":
        yield a_maildir(tmp_path / "box")
    else:
        with imap.running(tmp_path) as server:
            trusted(server, monkeypatch)
            yield Box(server.url(), server.put, server.flags)


def subjects(seen: list[bytes]) -> list[bytes]:
    return sorted(raw.replace(b"\r", b"").partition(b"\n")[0] for raw in seen)


def test_each_message_is_read_once_and_stays(box: Box) -> None:
    seen: list[bytes] = []
    assert box.read(seen.append) == 0
    box.put(ONE, TWO)
    assert box.read(seen.append) == 2
    assert box.read(seen.append) == 0
    box.put(THREE)
    assert box.read(seen.append) == 1
    assert subjects(seen) == [b"Subject: 1", b"Subject: 2", b"Subject: 3"]
    assert box.are_read() == [True, True, True]


def test_what_was_cut_off_is_read_again(box: Box) -> None:
    box.put(ONE, TWO, THREE)
    seen: list[bytes] = []

    def die_at_the_second(raw: bytes) -> None:
        seen.append(raw)
        if len(seen) == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        box.read(die_at_the_second)
    assert sorted(box.are_read()) == [False, False, True]
    assert box.read(seen.append) == 2
    assert len(subjects(seen)) == 4
    assert len(set(subjects(seen))) == 3


def test_told_to_stop_it_leaves_the_rest_unread(box: Box) -> None:
    box.put(ONE, TWO)
    stopping = threading.Event()
    assert box.read(lambda raw: stopping.set(), stopping) == 1
    assert sorted(box.are_read()) == [False, True]


def test_of_a_very_large_message_only_the_beginning_is_read(box: Box) -> None:
    box.put(ONE + b"x" * (2 * MOST_BYTES) + b"\n", TWO)
    sizes: list[int] = []
    assert box.read(lambda raw: sizes.append(len(raw))) == 2
    assert sorted(sizes)[1] == MOST_BYTES + 1


def test_one_look_reads_so_many_and_the_next_the_rest(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letterboxes, "AT_ONCE", 2)
    box.put(ONE, TWO, THREE)
    assert [box.read(lambda raw: None) for _ in range(3)] == [2, 1, 0]


# A Maildir


def test_files_that_are_still_being_written_are_left_alone(tmp_path: Path) -> None:
    box = a_maildir(tmp_path / "box")
    (tmp_path / "box" / "tmp" / "1").write_bytes(ONE)
    (tmp_path / "box" / "new" / ".1").write_bytes(ONE)
    assert box.read(lambda raw: pytest.fail("read")) == 0


def test_two_who_read_at_once_lose_nothing(tmp_path: Path) -> None:
    box = a_maildir(tmp_path / "box")
    box.put(ONE, TWO)
    seen: list[bytes] = []

    def read_by_another(raw: bytes) -> None:
        if not seen:
            seen.append(raw)
            box.read(seen.append)  # the other worker takes both

    box.read(read_by_another)
    assert set(subjects(seen)) == {b"Subject: 1", b"Subject: 2"}
    assert box.are_read() == [True, True]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = letterbox_of(f"maildir:{tmp_path}/none")
    assert place
    with pytest.raises(NotRead, match="Make SCHOOLGATE_BOUNCES a Maildir"):
        read_new(place, lambda raw: None, stopping=threading.Event())


# An IMAP server


@pytest.mark.parametrize(
    ("what", "remedy"),
    [
        ("password", "Correct the user name, the password and the name of the mailbox"),
        ("mailbox", "Correct the user name, the password and the name of the mailbox"),
        ("certificate", "Check the name and certificate of the mail server localhost"),
        ("nobody", "Check that the mail server localhost port 1 is running"),
    ],
)
def test_what_is_wrong_with_a_server_is_said_without_the_password(
    server: Imap, monkeypatch: pytest.MonkeyPatch, what: str, remedy: str
) -> None:
    if what != "certificate":
        trusted(server, monkeypatch)
    url = {
        "password": server.url("secret-guess"),
        "mailbox": server.url(name="None"),
        "nobody": "imaps://robin:secret-word@localhost:1/",
    }.get(what, server.url())
    place = letterbox_of(url)
    assert place
    with pytest.raises(NotRead, match=remedy) as raised:
        read_new(place, lambda raw: None, stopping=threading.Event())
    for word in ("secret", "wo%22rd", imap.PASSWORD, "robin"):
        assert word not in str(raised.value)


def test_a_server_without_encryption_is_told_no_password() -> None:
    heard: list[bytes] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"* OK hello\r\n")
                while line := connection.recv(1000):
                    heard.append(line)
                    tag = line.split()[0]
                    listed = b"* CAPABILITY IMAP4rev1\r\n" if b"CAPABILITY" in line else b""
                    connection.sendall(listed + tag + b" OK done\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        place = letterbox_of(f"imap://robin:word@127.0.0.1:{listening.getsockname()[1]}/")
        assert place
        with pytest.raises(NotRead, match="offers no encryption"):
            read_new(place, lambda raw: None, stopping=threading.Event())
        thread.join(5)
    assert b"robin" not in b"".join(heard)
