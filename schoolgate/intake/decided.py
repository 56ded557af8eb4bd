"""What people decided about a file: answers to questions, mended cells, matched columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL_ROWS = 0  # in place of a row's number: an answer to all questions of a code
# What only a person answers who has looked at it, and no --yes: somebody with the name of an adult
# who is kept from a child comes for that child.
BY_PERSON_ONLY = frozenset({"barred-namesake"})


@dataclass(frozen=True)
class Decided:
    """What goes into a check besides the file, and so into what is shown and applied (S42).

    ``yes``: the command line's answer to every question that a yes settles (PRODUCT.md).
    ``answers``: by row (or ALL_ROWS) and code; False leaves the row out. ``mends``: value by row
    and place from 0. ``headings``: heading of the file -> ours, or "" for a column to be ignored;
    ``matched``: who matched them, "a person" or "remembered" from an earlier file.

    Of a file of parents (ITS3) ``sync_field``: the heading whose cells name the child, and
    ``match_by``: by which kind of identifier; blank while nobody has chosen.
    """

    yes: bool = False
    answers: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    mends: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    matched: str = ""
    sync_field: str = ""
    match_by: str = ""

    @property
    def remembered(self) -> bool:
        """Whether the columns are matched as they were for an earlier file."""
        return self.matched == "remembered"

    def answer_to(self, row: int, code: str) -> bool | None:
        """The answer to a question; None while nobody has answered it."""
        found = self.answers.get((row, code))
        if found is None:
            found = self.answers.get((ALL_ROWS, code))
        if found is None and self.yes and code not in BY_PERSON_ONLY:
            return True
        return found

    def fingerprint(self) -> list[object]:
        """The same for the same decisions."""
        mended = sorted((row, sorted(cells.items())) for row, cells in self.mends.items())
        return [
            self.yes, sorted(self.answers.items()), mended, sorted(self.headings.items()),
            self.sync_field, self.match_by,
        ]  # fmt: skip
