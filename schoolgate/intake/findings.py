"""What was found in a file: faults, questions and warnings, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """A fault blocks its row, a question does until a person answers, a warning never."""

    FAULT = "fault"
    QUESTION = "question"
    WARNING = "warning"


class Finding(NamedTuple):
    """One thing found. ``row`` as a spreadsheet shows it, None for the whole file; ``column`` as
    the file's heading has it; ``problem`` a sentence that begins with the remedy; ``code`` what
    kind of thing it is, for grouping; ``pupil_id`` the child on the register of whom it tells
    something, who is not told to everybody (S35)."""

    row: int | None
    column: str
    value: str
    problem: str
    kind: Severity
    code: str
    pupil_id: int | None = None


def other_rows(rows: list[int], n: int) -> str:
    """The numbers in ``rows`` but ``n``, in words; of many the first ones."""
    others = [other for other in rows[:6] if other != n][:5]
    more = len(rows) - 1 - len(others)
    words = [*map(str, others), *([f"{more:,} more"] if more else [])]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


@dataclass
class Findings:
    """All findings of one check; none stops the rest.

    ``yes``: a person has answered the questions that a yes settles (PRODUCT.md, ``--yes``);
    ``settled``: those, by row and code.
    """

    yes: bool = False
    faults: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    settled: list[tuple[int, str]] = field(default_factory=list)
    whole_file: bool = False

    def fault(
        self, row: int | None, column: str, value: str, problem: str, code: str,
        *, pupil_id: int | None = None,
    ) -> None:  # fmt: skip
        """Something that blocks the row, or with no row the file."""
        self.add(Finding(row, column, value, problem, Severity.FAULT, code, pupil_id))

    def ask(
        self, row: int, column: str, value: str, problem: str, code: str,
        *, settles: bool = True, pupil_id: int | None = None,
    ) -> None:  # fmt: skip
        """Something that blocks the row until a person answers; ``settles``: a yes answers it."""
        if self.yes and settles:
            self.settled.append((row, code))
        else:
            self.add(Finding(row, column, value, problem, Severity.QUESTION, code, pupil_id))

    def warn(
        self, row: int | None, column: str, value: str, problem: str, code: str,
        *, pupil_id: int | None = None,
    ) -> None:  # fmt: skip
        """Something worth knowing that blocks nothing."""
        self.add(Finding(row, column, value, problem, Severity.WARNING, code, pupil_id))

    def add(self, finding: Finding) -> None:
        """Note a finding, and refuse its row unless it is a warning."""
        if finding.kind is Severity.WARNING:
            self.warnings.append(finding)
        else:
            self.faults.append(finding)
            self._refuse(finding.row)

    def _refuse(self, row: int | None) -> None:
        if row is None:
            self.whole_file = True
        else:
            self.refused.add(row)

    def pupil_ids(self) -> list[int]:
        """The children on the register of whom something is told."""
        found = (*self.faults, *self.warnings)
        return sorted({finding.pupil_id for finding in found if finding.pupil_id is not None})

    def in_order(self) -> Iterator[Finding]:
        """Faults and questions by row; those of the whole file first."""
        yield from sorted(self.faults, key=lambda finding: finding.row or 0)

    def count(self, kind: Severity) -> int:
        """How many there are of a kind."""
        if kind is Severity.WARNING:
            return len(self.warnings)
        return sum(finding.kind is kind for finding in self.faults)
