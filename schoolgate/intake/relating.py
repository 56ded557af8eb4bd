"""How many rows of a file of parents would find a child, by which column and identifier (ITS3).

Counted for every column at once, so that a person sees while choosing, and is told which would be
better. The counts are over the whole file, and are told to whoever may bring one; which row found
which child is told to nobody here, and so nothing of a child whom the reader may not see (S35).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from schoolgate.intake import child_matches, decisions, mapping, steps
from schoolgate.intake.columns import Kind, kind_of
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import Findings
from schoolgate.intake.hidden_cells import Hidden, hidden_in
from schoolgate.intake.models import FileHead, Import
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.kit import bulk
from schoolgate.kit.names import LONGEST_IDENTIFIER, identifier_key
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.models import IdentifierKind

_AT_ONCE = 20_000  # rows of the file between two counts: what is in memory at a time
_MOST_COLUMNS = 100
_NEVER = ("first_name", "last_name", "phone", "title", "relationship")


@dataclass(frozen=True)
class Pair:
    """A column of the file and the kind of identifier that it may hold; ``rows``: that match."""

    place: int
    heading: str
    match_by: IdentifierKind
    rows: int


@dataclass(frozen=True)
class Relation:
    """What may be chosen of a file. ``rows``: how many it has; ``pairs``: every column with every
    kind of identifier, in the order of the file; ``chosen`` and ``best``: of these."""

    rows: int
    pairs: tuple[Pair, ...]
    chosen: Pair | None
    best: Pair | None

    def pair(self, place: int, match_by: str) -> Pair | None:
        """The pair of a column and a kind, by its code."""
        return next((p for p in self.pairs if (p.place, p.match_by) == (place, match_by)), None)

    @property
    def columns(self) -> list[Pair]:
        """Each column once."""
        return [pair for pair in self.pairs if pair.match_by is child_matches.MATCH_BY[0]]


def relation_of(run: Import) -> Relation:
    """The columns of a checked file and how many rows find a child by each."""
    head = FileHead.objects.filter(run=run).first()
    decided = decisions.decided_of(run)
    headings: list[str] = head.headings if head else []
    hidden = hidden_in(headings, decided.headings)
    rows, counts = _counted(run.pk, run.made_at, run.asked_at)
    pairs = tuple(
        Pair(place, heading, kind, counts.get((place, kind), 0))
        for place, heading in enumerate(headings)
        if heading.strip() and place not in hidden.places and heading not in headings[:place]
        for kind in child_matches.MATCH_BY
    )
    ours = mapping.match(kind_of(run.kind, run.role), headings, decided.headings, Findings()).places
    adults = {place for places in ours.values() for place in places}
    # Of two that match as many, the one that says nothing of the adult: a parent may have been
    # given the SyncID of a child by mistake.
    best = max(pairs, key=lambda pair: (pair.rows, pair.place not in adults), default=None)
    if best is None or not best.rows:
        best = None
    chosen = [
        pair
        for pair in pairs
        if (pair.heading, pair.match_by) == (decided.sync_field, decided.match_by)
    ]
    return Relation(rows, pairs, chosen[0] if chosen else None, best)


# A file never changes but by what people mend in it, and each time it is checked again: of a check
# the counts are as of the first look at them.
@lru_cache(maxsize=32)
def _counted(
    run_id: int, made_at: datetime, asked_at: datetime | None
) -> tuple[int, Mapping[tuple[int, IdentifierKind], int]]:
    run = steps.run_of(run_id)
    decided = decisions.decided_of(run)
    known = mapping.known_headings(kind_of(run.kind, run.role), decided)
    total: Counter[tuple[int, IdentifierKind]] = Counter()
    rows = 0
    try:
        with steps.file_of(run) as path, open_table(path, known) as table:
            hidden = hidden_in(table.headings, decided.headings)
            cells = _cells(table.rows, decided, hidden)
            places = _counted_places(kind_of(run.kind, run.role), table.headings, decided)
            for block in bulk.chunks(((row,) for row in cells), _AT_ONCE):
                rows += len(block)
                total.update(_matches([row for (row,) in block], places))
    except (Unreadable, Refusal):
        return 0, {}  # the page of the import says what is wrong with the file
    return rows, dict(total)


def _cells(
    rows: Iterator[tuple[int, list[str]]], decided: Decided, hidden: Hidden
) -> Iterator[list[str]]:
    for n, cells in rows:
        if n in decided.mends:
            mapping.mend(cells, decided.mends[n])
        yield hidden.blank(cells)[:_MOST_COLUMNS]


def _counted_places(kind: Kind, headings: list[str], decided: Decided) -> list[int]:
    """The columns that may name a child: not those that are matched to a name or a phone, say,
    which identify nobody."""
    ours = mapping.match(kind, headings, decided.headings, Findings()).places
    never = {place for field in _NEVER for place in ours.get(field, [])}
    return [place for place in range(len(headings)) if place not in never]


def _matches(rows: list[list[str]], places: list[int]) -> dict[tuple[int, IdentifierKind], int]:
    """How many of these rows match, by column and kind."""
    times = Counter(
        (place, key)
        for cells in rows
        for place in places
        if place < len(cells)
        and cells[place]
        and (key := identifier_key(cells[place]))
        and len(key) <= LONGEST_IDENTIFIER
    )
    with bulk.temporary("relating", "place INTEGER, child_key TEXT, times INTEGER"):
        bulk.load(
            "relating",
            ["place", "child_key", "times"],
            ((place, key, count) for (place, key), count in times.items()),
        )
        bulk.analyse("relating")
        return child_matches.counts_by_column("relating")
