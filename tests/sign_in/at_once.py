"""Fifty who do one thing at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection

HOW_MANY = 50


def at_once(do: Callable[[], bool], how_many: int = HOW_MANY) -> int:
    """Do it in so many threads, each with a connection of its own; how often it was granted."""
    together = threading.Barrier(how_many)
    won: list[bool] = []

    def one() -> None:
        together.wait()
        try:
            won.append(do())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(how_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == how_many
    return sum(won)
