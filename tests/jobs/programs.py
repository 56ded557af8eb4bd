"""Running the `schoolgate` command as people do: a process of its own, and what it printed."""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(sys.executable).with_name("schoolgate")
SECRET = "kZ3vQ8-tXwL1pR7yJ0mC5nB9dF2hG6sA4uE_iOqWzVxTbNjYrKcPlHg"


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without Schoolgate's own settings, and with these."""
    ours = ("SCHOOLGATE_", "DATABASE_URL", "DJANGO_")
    usual = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**usual, **settings}


def schoolgate(*words: str, url: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    if url:
        settings["DATABASE_URL"] = url
    return subprocess.run(
        [PROGRAM, *words],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_a_sentence(text: str) -> bool:
    """Whether standard error holds sentences for a person, and no traceback."""
    lines = text.strip().splitlines()
    whole = all(line[0].isupper() and line.endswith((".", ").")) for line in lines)
    return bool(lines) and whole and "Traceback" not in text


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(question: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """The first true answer to ``question``; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError("It did not happen in time.")


def children_of(pid: int) -> dict[int, str]:
    """The processes that this one started: process id to command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == pid and status[0] != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    return found


def is_alive(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@dataclass
class Started:
    """A `schoolgate start` under way."""

    process: subprocess.Popen[str]
    port: int
    url: str  # of its database
    lines: list[str] = field(default_factory=list)
    _unread: queue.Queue[str] = field(default_factory=queue.Queue)

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._unread.put(line.rstrip("\n"))

    def wait_for(self, words: str, *, seconds: float = 40.0) -> str:
        """The first line printed that holds these words."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._unread.get(timeout=0.1)
                self.lines.append(line)
                if words in line:
                    return line
                continue
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines

    def printed(self) -> str:
        """All that was printed until now."""
        while not self._unread.empty():
            self.lines.append(self._unread.get())
        return "\n".join(self.lines)

    def child(self, words: str) -> int:
        """The process id of the child whose command line holds these words."""
        children = children_of(self.process.pid)
        return next((pid for pid, line in children.items() if words in line), 0)

    def wait_for_another(self, words: str, *, than: int) -> int:
        """The process id of such a child that is not this one."""
        pid: int = until(lambda: (found := self.child(words)) != than and found)
        return pid

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask for a page: its status and text."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(asking):
            asking.request("GET", path, headers={"Host": "localhost", **headers})
            answer = asking.getresponse()
            return answer.status, answer.read().decode()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; its exit status."""
        self.process.send_signal(how)
        return self.process.wait(40)


@contextlib.contextmanager
def started(*words: str, url: str, **settings: str) -> Iterator[Started]:
    """`schoolgate start` on a free port, stopped at the end whatever happens."""
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "start", "--port", str(port), *words],
        env=environment(
            DATABASE_URL=url,
            SCHOOLGATE_SECRET_KEY=SECRET,
            PYTHONUNBUFFERED="1",
            **settings,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Started(process, port, url)
    reader = threading.Thread(target=running.read, daemon=True)
    reader.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(10)
        assert process.stdout
        process.stdout.close()
