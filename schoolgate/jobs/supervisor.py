"""Keeping processes alive until told to stop.

One process, no threads. A child that ends is started again, at once the first time and then after
longer and longer pauses; at the end all are asked to stop, and made to after a while. Should this
process be killed, its children end too (jobs/parent.py).
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from schoolgate.jobs import parent

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STOP_SECONDS = 25.0
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0


@dataclass
class Child:
    """A process to keep alive. ``failures`` counts its ends since it last ran for a minute."""

    name: str
    command: Sequence[str]
    pass_fds: Sequence[int] = ()
    failures: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            self.command,
            pass_fds=self.pass_fds,
            stdin=subprocess.DEVNULL,
            env={**os.environ, parent.VARIABLE: str(os.getpid())},
            # Its own group: a Ctrl-C at the terminal is passed on by us, in good order.
            process_group=0,
        )

    def tend(self) -> None:
        """Start the process again if it has ended and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            if self.process.poll() is None:
                return
            if now - self.started_at > STEADY_SECONDS:
                self.failures = 0
            pause = min(LONGEST_PAUSE, 2.0 ** (self.failures - 1)) if self.failures else 0.0
            self.failures += 1
            self.start_again_at = now + pause
            print(
                f"The {self.name} ended (status {self.process.returncode}); starting it again.",
                file=sys.stderr,
                flush=True,
            )
            self.process = None
        if now >= self.start_again_at:
            self.start()


def keep(children: Sequence[Child], *, meanwhile: Callable[[], float]) -> None:
    """Keep ``children`` alive until this process is told to stop, then stop them.

    ``meanwhile`` is called after each look at them, and returns for how many seconds to rest.
    What it raises ends the children too.
    """
    with _signals() as (stopped, rest):
        for child in children:
            child.start()
        try:
            while not stopped():
                for child in children:
                    child.tend()
                rest(meanwhile())
        finally:
            _stop(children)


def _stop(children: Sequence[Child]) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in alive:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _signals() -> Iterator[tuple[Callable[[], bool], Callable[[float], None]]]:
    """Whether a signal to stop has come, and a rest that any signal cuts short."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            received.append(number)

    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def rest(seconds: float) -> None:
        if select.select([reading], [], [], seconds)[0]:
            os.read(reading, 1000)

    noted = [*STOPPING, signal.SIGCHLD]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        noted.remove(signal.SIGHUP)  # started with nohup: to outlive its terminal
    before = {number: signal.signal(number, note) for number in noted}
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield lambda: bool(received), rest
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
