"""Which column of the file is which of ours (headings match ignoring case and blanks)."""

import difflib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field

from schoolgate.intake import column_names
from schoolgate.intake.columns import REASON_HEADING, Column, Kind
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import Findings
from schoolgate.intake.hidden_cells import means_password
from schoolgate.kit.names import heading_key


class UnknownHeading(Exception):
    """A mapping names a heading that there is not; the text says which to use."""


@dataclass(frozen=True)
class Mapping:
    """Where each of our fields stands in a row: positions from 0, several where repeated."""

    headings: list[str]
    places: dict[str, list[int]]
    ignored: list[int] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # headings of ours that must be there
    unsure: list[str] = field(default_factory=list)  # of the file's that may be meant for ours

    def place(self, name: str) -> int | None:
        """The position of a field that stands once, None when the file does not have it."""
        found = self.places.get(name)
        return found[0] if found else None

    def heading(self, name: str, kind: Kind) -> str:
        """The file's heading for a field; ours where the file does not have it."""
        place = self.place(name)
        return kind.column(name).heading if place is None else self.headings[place]


def known_headings(kind: Kind, decided: Decided) -> frozenset[str]:
    """The keys of the headings that a file is expected to have; they tell its delimiter."""
    if decided.remembered:
        return kind.keys  # the file is read as it was when the matching was found
    return kind.keys | {heading_key(heading) for heading in decided.headings}


def match(
    kind: Kind,
    headings: list[str],
    wanted: Dictionary[str, str],
    findings: Findings,
    *,
    beside: str = "",
) -> Mapping:
    """Match the file's headings to the columns of ``kind``.

    ``wanted`` maps headings of the file to ours, or to "" where one is to be ignored. Missing and
    repeated ones are faults of the whole file, unknown ones warnings; ``beside``: a heading that is
    known though it is none of ours. Raises UnknownHeading for a mapping that fits nothing.
    """
    ours = {heading_key(column.heading): column for column in kind.columns}
    told = _told(kind, headings, wanted, ours)
    # Where a mapping says which column it is, the file's own heading of that name gives way.
    spoken_for = {column.field for column in told.values() if column is not None}
    places: dict[str, list[int]] = {}
    ignored = []
    for place, heading in enumerate(headings):
        key = heading_key(heading)
        column = told[key] if key in told else ours.get(key)
        if column is not None and (
            column.repeated or column.field not in spoken_for or key in told
        ):
            places.setdefault(column.field, []).append(place)
        else:
            ignored.append(place)
    known = {*told, heading_key(beside)}
    missing = _report(kind, headings, places, ignored, known, findings)
    open_places = [place for place in ignored if heading_key(headings[place]) not in known]
    unsure = [] if kind.extracts else column_names.likely(kind, headings, places, open_places)
    return Mapping(headings, places, ignored, missing, unsure)


def _told(
    kind: Kind, headings: list[str], wanted: Dictionary[str, str], ours: dict[str, Column]
) -> dict[str, Column | None]:
    in_file = {heading_key(heading) for heading in headings}
    told: dict[str, Column | None] = {}
    for theirs, our in wanted.items():
        column = ours.get(heading_key(our))
        if column is None and our:
            names = ", ".join(column.heading for column in kind.columns)
            raise UnknownHeading(f"Map to one of these headings, not to “{our}”: {names}.")
        if heading_key(theirs) not in in_file:
            raise UnknownHeading(
                f"Map from a heading of the file, not from “{theirs}”: it has"
                f" {', '.join(heading for heading in headings if heading)}."
            )
        told[heading_key(theirs)] = column
        if kind.takes_passwords and column and not column.secret and means_password(theirs):
            raise UnknownHeading(
                f"Map another column to “{column.heading}”: “{theirs}” holds passwords, to judge"
                " by its heading, and nothing else is made of them."
            )
    return told


def _report(
    kind: Kind,
    headings: list[str],
    places: dict[str, list[int]],
    ignored: list[int],
    told: set[str],
    findings: Findings,
) -> list[str]:
    missing = []
    for column in kind.columns:
        found = places.get(column.field, [])
        if column.required and not found:
            missing.append(column.heading)
            findings.fault(
                None,
                column.heading,
                "",
                f"Add a column “{column.heading}”, or say which column of the file it is: the"
                f" first row has {_seen(headings)}.{_close(column.heading, headings)}",
                "missing-column",
            )
        if len(found) > 1 and not column.repeated:
            findings.fault(
                None,
                headings[found[1]],
                "",
                f"Keep one column “{headings[found[0]]}”: the file has {len(found)} of them"
                f" (columns {' and '.join(str(place + 1) for place in found)}).",
                "repeated-column",
            )
    if kind.one_of and not any(name in places for name in kind.one_of):
        names = ", ".join(kind.column(name).heading for name in kind.one_of)
        missing.append(names)
        findings.fault(
            None, names, "",
            f"Add at least one column that identifies {kind.whom}: {names}.", "missing-column",
        )  # fmt: skip
    if kind.extracts:
        return missing
    for place in ignored:
        heading = headings[place].strip()
        if heading_key(heading) in (heading_key(REASON_HEADING), *told):
            continue
        if heading:
            problem = (
                f"Nothing to do if “{heading}” is not needed: it is none of the columns of this"
                f" kind of file and is ignored.{_close(heading, [c.heading for c in kind.columns])}"
            )
            findings.warn(None, headings[place], "", problem, "unknown-column")
    return missing


class Samples:
    """A few rows of a file, so that each column has some cells to be known by."""

    each = 3
    most_rows = 12
    looked_at_most = 200
    longest = 100  # characters of a cell

    def __init__(self, width: int) -> None:
        self.rows: list[tuple[int, list[str]]] = []
        self._found = [0] * width
        self._looked = 0

    @property
    def wants_more(self) -> bool:
        """Whether some column has too few cells yet, and there is hope for more."""
        return self._looked < self.looked_at_most and len(self.rows) < self.most_rows

    def look_at(self, n: int, cells: list[str]) -> None:
        """Keep a row if it has a cell for a column that has too few."""
        self._looked += 1
        new = [
            place
            for place, cell in enumerate(cells[: len(self._found)])
            if self._found[place] < self.each and cell.strip()
        ]
        if new:
            self.rows.append((n, [cell[: self.longest] for cell in cells]))
            for place in new:
                self._found[place] += 1


def mend(cells: list[str], mended: Dictionary[int, str]) -> None:
    """Put mended values into a row, which may not reach so far."""
    for place, value in mended.items():
        cells.extend([""] * (place + 1 - len(cells)))
        cells[place] = value


def _seen(headings: list[str]) -> str:
    shown = [f"“{heading.strip()[:40]}”" for heading in headings[:12] if heading.strip()]
    more = len(headings) - 12
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _close(heading: str, others: list[str]) -> str:
    close = difflib.get_close_matches(heading.strip(), [o.strip() for o in others if o], n=1)
    return f" Is it “{close[0]}”?" if close else ""
