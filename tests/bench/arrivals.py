"""Open arrivals: work that comes when it comes, whether or not what came before is done.

Each piece is timed from the moment at which it was to begin, so that waiting counts: the server's,
and this program's own.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 96


@dataclass
class Stream:
    """Work of one kind, so many times a second at moments of chance.

    ``work`` returns what went wrong, or "". ``seconds``: how long each piece took.
    """

    name: str
    a_second: float
    work: Callable[[], str]
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, lasting: float, chance: random.Random) -> list[float]:
        """When pieces begin, in seconds from the start."""
        found, at = [], chance.expovariate(self.a_second)
        while at < lasting:
            found.append(at)
            at += chance.expovariate(self.a_second)
        return found

    def do(self, begin: float, counts: bool) -> None:
        """Do one piece that was to begin at ``begin``."""
        try:
            problem = self.work()
        except Exception as error:  # the run goes on, and tells
            problem = repr(error)
        took = time.perf_counter() - begin
        with self._lock:
            if problem:
                self.failed.append(problem)
            elif counts:
                self.seconds.append(took)


def run(streams: list[Stream], *, seconds: float, warm_up: float, seed: int = 5) -> None:
    """Let the work of all streams come for so long, after a time that does not count."""
    chance = random.Random(seed)
    plan = sorted(
        ((at, stream) for stream in streams for at in stream.due(warm_up + seconds, chance)),
        key=lambda one: one[0],
    )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        start = time.perf_counter()
        for at, stream in plan:
            begin = start + at
            if (early := begin - time.perf_counter()) > 0:
                time.sleep(early)
            pool.submit(stream.do, begin, at >= warm_up)
