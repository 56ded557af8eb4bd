"""What was found in a file: faults, questions and warnings, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from schoolgate.intake.decided import Decided
from schoolgate.intake.hidden_cells import Hidden


class Severity(StrEnum):
    """A fault blocks its row, a question does until a person answers, a warning never.

    A question that was answered: with yes, or so that its row is left out.
    """

    FAULT = "fault"
    QUESTION = "question"
    WARNING = "warning"
    ANSWERED = "answered"
    LEFT_OUT = "left out"


class Finding(NamedTuple):
    """One thing found. ``row`` as a spreadsheet shows it, None for the whole file; ``column`` as
    the file's heading has it; ``problem`` a sentence that begins with the remedy; ``code`` what
    kind of thing it is, for grouping; ``pupil_id`` the child on the register of whom it tells
    something, who is not told to everybody (S35); ``place`` of the cell, where the heading alone
    does not tell; ``settles``: of a question, whether a yes answers it."""

    row: int | None
    column: str
    value: str
    problem: str
    kind: Severity
    code: str
    pupil_id: int | None = None
    place: int | None = None
    settles: bool | None = None


def other_rows(rows: list[int], n: int) -> str:
    """The numbers in ``rows`` but ``n``, in words; of many the first ones."""
    others = [other for other in rows[:6] if other != n][:5]
    more = len(rows) - 1 - len(others)
    words = [*map(str, others), *([f"{more:,} more"] if more else [])]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


@dataclass
class Findings:
    """All findings of one check; none stops the rest.

    ``decided``: the answers that people gave; ``settled``: the questions answered with yes;
    ``left_out``: those whose rows a person chose to leave out, and which are refused for it.
    ``hidden``: the cells whose values are told in none; ``uneven``: the rows, where there are such
    cells, that have more or fewer cells than headings.
    """

    decided: Decided = field(default_factory=Decided)
    faults: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    settled: list[Finding] = field(default_factory=list)
    left_out: list[Finding] = field(default_factory=list)
    whole_file: bool = False
    hidden: Hidden = field(default_factory=Hidden)
    uneven: set[int] = field(default_factory=set)

    def fault(
        self, row: int | None, column: str, value: str, problem: str, code: str,
        *, pupil_id: int | None = None, place: int | None = None,
    ) -> None:  # fmt: skip
        """Something that blocks the row, or with no row the file."""
        self.add(Finding(row, column, value, problem, Severity.FAULT, code, pupil_id, place))

    def ask(
        self, row: int, column: str, value: str, problem: str, code: str,
        *, settles: bool = True, pupil_id: int | None = None, place: int | None = None,
    ) -> bool:  # fmt: skip
        """Something that blocks the row until a person answers; ``settles``: a yes answers it.

        Returns whether it was answered with yes.
        """
        return self.tell(
            Finding(row, column, value, problem, Severity.QUESTION, code, pupil_id, place, settles)
        )

    def warn(
        self, row: int | None, column: str, value: str, problem: str, code: str,
        *, pupil_id: int | None = None, place: int | None = None,
    ) -> None:  # fmt: skip
        """Something worth knowing that blocks nothing."""
        self.add(Finding(row, column, value, problem, Severity.WARNING, code, pupil_id, place))

    def tell(self, finding: Finding) -> bool:
        """Note a finding; returns whether it is a question that was answered with yes."""
        finding = self._told(finding)
        answer = None
        if finding.kind is Severity.QUESTION and finding.row is not None:
            answer = self.decided.answer_to(finding.row, finding.code)
        if answer is False:
            self.left_out.append(finding._replace(kind=Severity.LEFT_OUT))
            self._refuse(finding.row)
        elif answer and finding.settles:
            self.settled.append(finding._replace(kind=Severity.ANSWERED))
            return True
        else:
            self.add(finding)
        return False

    def add(self, finding: Finding) -> None:
        """Note a finding, and refuse its row unless it is a warning."""
        finding = self._told(finding)
        if finding.kind is Severity.WARNING:
            self.warnings.append(finding)
        else:
            self.faults.append(finding)
            self._refuse(finding.row)

    def is_hidden(self, finding: Finding) -> bool:
        """Whether a finding is about a cell that nobody is shown (S22)."""
        return bool(self.hidden) and (
            finding.row in self.uneven
            or finding.place in self.hidden.places
            or self.hidden.names(finding.column)
        )

    def _told(self, finding: Finding) -> Finding:
        return finding._replace(value="") if self.is_hidden(finding) else finding

    def _refuse(self, row: int | None) -> None:
        if row is None:
            self.whole_file = True
        else:
            self.refused.add(row)

    def pupil_ids(self) -> list[int]:
        """The children on the register of whom something is told."""
        found = (*self.faults, *self.warnings)
        return sorted({finding.pupil_id for finding in found if finding.pupil_id is not None})

    def answers(self) -> list[tuple[int | None, str, str]]:
        """The questions that were answered, and how, for the fingerprint of a plan."""
        answered = (*self.settled, *self.left_out)
        return sorted((found.row, found.code, found.kind.value) for found in answered)

    def in_order(self) -> Iterator[Finding]:
        """Faults and questions by row; those of the whole file first."""
        yield from sorted(self.faults, key=lambda finding: finding.row or 0)

    def count(self, kind: Severity) -> int:
        """How many there are of a kind."""
        if kind is Severity.WARNING:
            return len(self.warnings)
        return sum(finding.kind is kind for finding in self.faults)
