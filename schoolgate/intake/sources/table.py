"""A file as raw rows, each with its place: the one shape that every reader gives."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


class Unreadable(Exception):
    """The file as a whole cannot be read. Its text tells what to do; ``row`` says where."""

    def __init__(self, sentence: str, row: int | None = None, value: str = "") -> None:
        super().__init__(sentence)
        self.row = row
        self.value = value


@dataclass
class Table:
    """Headings, and the rows beneath them.

    ``rows`` yields the row number that a spreadsheet shows (the heading's row is the first one)
    and the cells as they stand, without rows that are blank throughout. It may raise
    :class:`Unreadable` on the way. ``notes`` are things worth telling the user.
    """

    headings: list[str]
    rows: Iterator[tuple[int, list[str]]]
    notes: list[str] = field(default_factory=list)


class Reader(Protocol):
    """Opens a file as a table; ``known`` are the heading keys that it may be expected to have."""

    def __call__(self, path: str, known: frozenset[str]) -> AbstractContextManager[Table]: ...
