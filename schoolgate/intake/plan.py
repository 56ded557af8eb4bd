"""From a file to proposed changes. Writes nothing but temporary tables of this connection.

A plan is made in two steps: ``stage`` reads the file into temporary tables, looking at each row by
itself; ``work_out`` then finds, in a handful of set-based statements, who each row is, what is
wrong with it, and what it would change. Applying works it out again inside the transaction that
writes, so that what is applied is what would be shown at that moment (S42).
"""

import hashlib
import sys
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection
from django.utils import timezone

from schoolgate.access.preview import AccessChange, Preview
from schoolgate.audit.actions import Actor
from schoolgate.intake import mapping, progress
from schoolgate.intake.columns import Column, Kind
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import Findings, Severity
from schoolgate.intake.hidden_cells import hidden_in
from schoolgate.intake.sources.open_file import ZIP, open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.kit import bulk, records
from schoolgate.kit.names import tidy

T = TypeVar("T")
FLUSH = 5_000
_NOWHERE = sys.maxsize  # the place of a column that the file does not have


@dataclass
class Summary:
    """The counts of a check, or of what was applied. rows = the four outcomes, always (NEW2).

    ``answered`` and ``left_out`` count questions; ``invitations``: the new users who can be sent
    one. ``columns_missing``: headings of ours that must be there; ``columns_unsure``: headings of
    the file that may be meant for one of ours, which a person is to say. ``brakes``: which brakes
    hold it until a person gives the word (NEW8), in words.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    linked: int = 0
    unlinked: int = 0
    gained: int = 0
    lost: int = 0
    faults: int = 0
    questions: int = 0
    warnings: int = 0
    answered: int = 0
    left_out: int = 0
    invitations: int = 0
    columns_missing: list[str] = field(default_factory=list)
    columns_unsure: list[str] = field(default_factory=list)
    brakes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Plan(ABC):
    """What a file of one kind would do. Use it in a ``with``: its tables go at the end."""

    kind: Kind
    tables: Mapping[str, tuple[str, tuple[str, ...]]]  # name: (columns, indexes)
    derived: tuple[str, ...]  # the tables that `work_out` fills

    # Told how far it has come: a step, how much of it is done, of how much (0: not known).
    progress: Callable[[str, int, int], None] | None = None
    # Looks up how the columns of an earlier file with these headings were matched.
    recall: Callable[[list[str]], Mapping[str, str]] | None = None

    def __init__(self, *, by: Actor, decided: Decided | None = None) -> None:
        self.by = by
        self.today: date = timezone.localdate()
        self.decided = decided or Decided()
        self.staged = Findings(self.decided)
        self.findings = self.staged
        self.mapping = mapping.Mapping([], {})
        self.rows = 0
        self._rows_about = 0
        self.samples: list[tuple[int, list[str]]] = []
        self.access_marks: tuple[int, ...] = ()
        self.made_users: list[int] = []
        self._buffers: dict[str, list[tuple[Any, ...]]] = {}
        self._first: dict[str, int] = {}

    def __enter__(self) -> "Plan":
        for name, (columns, indexes) in self.tables.items():
            bulk.make_temporary(name, columns, indexes=indexes)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.tables:
            bulk.drop_temporary(name)

    # Staging

    def stage(self, path: str) -> None:
        """Read the file. Whatever is wrong with it as a whole becomes a finding."""
        self._rows_about = 0 if self.progress is None else rows_about(path)
        try:
            with open_table(path, self.known_headings()) as table:
                for note in table.notes:
                    self.staged.warn(None, "", "", note, "note")
                self._recall(table.headings)
                self.mapping = self.matched(table.headings)
                self._stage_rows(table.rows)
        except Unreadable as problem:
            self.staged.fault(problem.row, "", problem.value, str(problem), "unreadable")
            self.staged.whole_file = True
        if not self.rows and not self.staged.whole_file:
            self.staged.fault(
                None, "", "", "Add rows beneath the headings: the file has none.", "no-rows"
            )
        for name, rows in self._buffers.items():
            self._flush(name, rows)
        bulk.analyse(*(name for name in self.tables if name not in self.derived))

    def matched(self, headings: list[str]) -> mapping.Mapping:
        """Which column of the file is which of ours."""
        return mapping.match(self.kind, headings, self.decided.headings, self.staged)

    def _recall(self, headings: list[str]) -> None:
        """Match the columns as those of an earlier file were, unless a person has done so."""
        if self.recall is not None and not self.decided.matched and not self.decided.headings:
            known = self.recall(headings)
            if known:
                self.decided = replace(self.decided, headings=known, matched="remembered")
        if self.decided.remembered:
            self.staged.warn(
                None, "", "",
                "Nothing to do if it is right: the columns are matched as somebody matched them"
                " for an earlier file with the same headings.", "columns-remembered",
            )  # fmt: skip

    def known_headings(self) -> frozenset[str]:
        """The keys of the headings that the file is expected to have; they tell its delimiter."""
        return mapping.known_headings(self.kind, self.decided)

    def _stage_rows(self, rows: Iterator[tuple[int, list[str]]]) -> None:
        width = len(self.mapping.headings)
        self.staged.hidden = hidden_in(self.mapping.headings, self.decided.headings)
        longest = [
            (place, column.max_length, column)
            for column in self.kind.columns
            for place in self.mapping.places.get(column.field, [])
        ]
        longest.sort(key=lambda limit: limit[0])
        self._first = {name: places[0] for name, places in self.mapping.places.items()}
        broken = self.staged.whole_file
        sampled = mapping.Samples(width)
        self.samples = sampled.rows
        mends = self.decided.mends
        about = self._rows_about
        for n, cells in rows:
            self.rows += 1
            if not n & 511:
                self.tell(progress.READING, n, about)
            if sampled.wants_more:
                sampled.look_at(n, cells)
            if broken:
                continue
            if n in mends:
                mapping.mend(cells, mends[n])
            limits = longest
            if self.staged.hidden and len(cells) != width:
                self.staged.uneven.add(n)
            if len(cells) > width:
                self._too_long(n, cells, width)
            elif len(cells) < width:
                limits = longest[: bisect_left(longest, len(cells), key=lambda limit: limit[0])]
            for place, limit, column in limits:
                if len(cells[place]) > limit:
                    self._too_much(n, place, cells, column)
            self.stage_row(n, cells)

    def secret_places(self) -> frozenset[int]:
        """Where cells stand that nobody is told (S22)."""
        return self.staged.hidden.places

    def _too_long(self, n: int, cells: list[str], width: int) -> None:
        extra = [cell for cell in cells[width:] if cell.strip()]
        if secret := self.secret_places():
            # A cell too many may be the rest of a secret one, and so may any behind it.
            cells[min(secret) :] = [""] * (width - min(secret))
            extra = extra and [""]
        if extra:
            self.staged.fault(
                n, "", extra[0],
                f"Put every cell beneath a heading: this row has {len(cells)} cells and the"
                f" headings are {width}. Is a comma missing its quotation marks?", "ragged-row",
            )  # fmt: skip

    def _too_much(self, n: int, place: int, cells: list[str], column: Column) -> None:
        self.staged.fault(
            n, self.mapping.headings[place], "" if column.secret else cells[place][:100] + "…",
            f"Shorten this to {column.max_length} characters: it has {len(cells[place]):,}.",
            "too-long", place=place,
        )  # fmt: skip
        cells[place] = cells[place][: column.max_length]

    def keep(self, table: str, row: tuple[Any, ...]) -> None:
        """Put a row into a temporary table (in blocks)."""
        buffer = self._buffers.setdefault(table, [])
        buffer.append(row)
        if len(buffer) >= FLUSH:
            self._flush(table, buffer)

    def _flush(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        columns = [part.split()[0] for part in self.tables[table][0].split(", ")]
        bulk.load(table, columns, rows)
        rows.clear()

    def flush(self) -> None:
        """Put what was kept into the temporary tables now."""
        for name, rows in self._buffers.items():
            self._flush(name, rows)

    def tell(self, step: str, done: int = 0, total: int = 0) -> None:
        """Tell whoever waits how far this has come."""
        if self.progress is not None:
            self.progress(step, done, total)

    def counted(self, step: str, rows: Iterable[T]) -> Iterator[T]:
        """The same rows, told of as they go by."""
        for done, row in enumerate(rows):
            if not done & 511:
                self.tell(step, done, self.rows)
            yield row

    def cell(self, cells: list[str], name: str) -> str:
        """The tidy text of a field in a row; blank when the file or the row does not reach it."""
        place = self._first.get(name, _NOWHERE)
        return tidy(cells[place]) if place < len(cells) else ""

    def places(self, cells: list[str], name: str) -> list[int]:
        """Where a repeated field stands in a row."""
        places = self.mapping.places.get(name, [])
        if places and places[-1] >= len(cells):
            return places[: bisect_left(places, len(cells))]
        return places

    def title(self, name: str) -> str:
        """The file's heading of a field."""
        return self.mapping.heading(name, self.kind)

    def need(self, n: int, name: str, value: str) -> None:
        """A fault when a mandatory cell is empty."""
        if not value:
            self.staged.fault(
                n, self.title(name), "", f"Enter the {self.title(name)}: it must not be empty.",
                "empty-cell",
            )  # fmt: skip

    @abstractmethod
    def stage_row(self, n: int, cells: list[str]) -> None:
        """Look at one row by itself, and keep what the set-based part needs."""

    # Working out

    def work_out(self) -> None:
        """Find who each row is and what it would change. May be called again."""
        self.tell(progress.FINDING)
        for name in self.derived:
            bulk.execute(f"DELETE FROM {name}")
        self.findings = Findings(
            self.decided,
            faults=list(self.staged.faults),
            warnings=list(self.staged.warnings),
            refused=set(self.staged.refused),
            whole_file=self.staged.whole_file,
            hidden=self.staged.hidden,
            uneven=self.staged.uneven,
        )
        if not self.findings.whole_file:
            with bulk.for_many_rows(False):
                self.find()

    @abstractmethod
    def find(self) -> None:
        """The set-based part."""

    @abstractmethod
    def outcomes(self) -> tuple[int, int]:
        """How many rows create, and how many update."""

    def linked(self) -> int:
        """How many user-to-pupil grants would be made."""
        return 0

    def invitations(self, summary: Summary) -> int:
        """How many users would be made who can be sent an invitation."""
        return 0

    def brakes(self) -> list[str]:
        """The brakes that hold what it would take away, in words (NEW8)."""
        return []

    def preview(self) -> Preview | None:
        """The two states of scope, None when nothing of it can change."""
        return None

    def summary(self) -> Summary:
        """The counts, access gained and lost included."""
        found = self.findings
        summary = Summary(
            rows=self.rows,
            faults=found.count(Severity.FAULT),
            questions=found.count(Severity.QUESTION),
            warnings=found.count(Severity.WARNING),
            answered=len(found.settled),
            left_out=len(found.left_out),
            columns_missing=self.mapping.missing,
            columns_unsure=[] if self.decided.matched else self.mapping.unsure,
        )
        if found.whole_file:
            summary.refused = self.rows
            return summary
        summary.refused = len(found.refused)
        summary.created, summary.updated = self.outcomes()
        summary.unchanged = self.rows - summary.refused - summary.created - summary.updated
        summary.linked = self.linked()
        summary.invitations = self.invitations(summary)
        summary.brakes = self.brakes()
        preview = self.preview()
        self.tell(progress.ACCESS)
        with bulk.for_many_rows(self.rows > records.MANY):
            change = preview.count() if preview else AccessChange(0, 0)
        summary.gained, summary.lost = change.gained, change.lost
        self.access_marks = change.marks
        return summary

    def digest(self, summary: Summary) -> str:
        """The fingerprint of what would be done and of the access it gives (S42)."""
        known = [
            sorted(summary.as_dict().items()), self.access_marks, self.findings.answers(),
            self.decided.fingerprint(),
        ]  # fmt: skip
        total = hashlib.sha256(repr(known).encode())
        for query in self.proposals():
            for chunk in pages(query):
                total.update(repr(chunk).encode())
        return total.hexdigest()

    @abstractmethod
    def told_rows(self) -> str:
        """A query of every row: its number, outcome, name, label, and whom it is about."""

    def told_access(self) -> list[str]:
        """Queries of what scope would be given: what, row, user_id, establishment_id,
        subject_area_id, pupil_id, record_id."""
        return []

    @abstractmethod
    def proposals(self) -> list[str]:
        """Queries over the temporary tables, first column a row number, that tell all there is."""

    @abstractmethod
    def write(self, *, import_id: int) -> None:
        """Do it, by calling the actions. Inside the caller's transaction, just after `work_out`."""


def rows_about(path: str) -> int:
    """About how many rows a file has, where that is quickly told (a CSV); else 0."""
    with Path(path).open("rb") as file:
        if file.read(4) == ZIP:
            return 0
        lines = 0
        while block := file.read(1024 * 1024):
            lines += block.count(b"\n")
    return lines


def pages(query: str, size: int = bulk.CHUNK) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of ``query`` in lists, in the order of its first columns.

    Between two lists the same connection may be used for other things.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}) q ORDER BY 1, 2, 3")
        while rows := cursor.fetchmany(size):
            yield rows
