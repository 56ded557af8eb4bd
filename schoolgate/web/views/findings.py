"""What a check found, grouped by kind for the page of an import."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import, ImportFault
from schoolgate.intake.unseen import found_in, mask

FIRST = 100

_TITLES = {
    "address-twice": "The same e-mail address in several rows",
    "closed-school": "Closed schools",
    "deleted-user": "Users who were deleted",
    "empty-cell": "Empty cells that must be filled",
    "inactive-user": "Users who are inactive",
    "links-of-others": "Links between establishments that are not on the register",
    "lookalike": "Addresses that look like another’s",
    "missing-column": "Missing columns",
    "name-differs": "Names that differ from the one on record",
    "no-rows": "No rows",
    "not-a-day": "Dates that cannot be read",
    "not-a-urn": "Numbers that are no URN",
    "not-an-address": "E-mail addresses that are none",
    "note": "About the file",
    "odd-upn": "UPNs of an unusual form",
    "pupil-elsewhere": "Pupils of another school",
    "ragged-row": "Rows with more cells than headings",
    "reason-code": "Reasons in place of a UPN",
    "removed-before": "Links that somebody removed",
    "repeated-column": "Columns that are there twice",
    "too-long": "Cells that are too long",
    "two-pupils": "Identifiers that fit two pupils",
    "unknown-column": "Columns that are not used",
    "unknown-pupil": "Pupils who are not on the register",
    "unknown-school": "Schools that are not on the register",
    "unseen-pupil": "Pupils whom you may not see",
    "unreadable": "The file cannot be read",
    "upn-not-needed": "UPNs that are not needed",
    "urn-missing": "Designated teachers without a school",
    "urn-twice": "The same school in several rows",
    "urn-zero": "Schools not known yet",
}

# What a yes to all questions means (PRODUCT.md, `--yes`).
YES = (
    "Where a name differs, it is the same person, and the name on record stays.",
    "Where a school is closed, it is kept.",
    "Where somebody removed a link, it is restored.",
    "Where a new pupil has the name and date of birth of another, it is a new pupil.",
    "Where a pupil left a school, they are back there.",
    "Where a pupil has another UPN, it is right, and the old one is a former UPN.",
    "Users who are inactive or deleted stay refused.",
)


@dataclass
class Group:
    """The findings of one kind: how many, and the first of them."""

    kind: Severity
    title: str
    count: int
    first: list[ImportFault] = field(default_factory=list)

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are shown."""
        return self.count > len(self.first)


def grouped(run: Import, *, reader: int) -> list[Group]:
    """The run's findings, as far as a user may read them: faults first, then questions, then
    warnings. Two queries, and those of the user's scope."""
    found = found_in(run.pk, reader=reader)
    counted = found.values_list("kind", "told_as").annotate(Count("pk"))  # type: ignore[misc]
    groups = {
        (kind, code): Group(Severity(kind), title_of(code), count) for kind, code, count in counted
    }
    place = Window(RowNumber(), partition_by=[F("kind"), F("told_as")], order_by=["row", "pk"])
    for fault in found.annotate(place=place).filter(place__lte=FIRST).order_by("place"):
        shown = mask(fault)
        groups[(shown.kind, shown.code)].first.append(shown)
    order = [Severity.FAULT, Severity.QUESTION, Severity.WARNING]
    return sorted(groups.values(), key=lambda g: (order.index(g.kind), -g.count, g.title))


def pupils_in(groups: Iterable[Group]) -> set[int]:
    """The children on the register of whom the page tells something."""
    shown = (fault.pupil_id for group in groups for fault in group.first)
    return {pupil_id for pupil_id in shown if pupil_id is not None}


def of_kind(groups: Iterable[Group], kind: Severity) -> list[Group]:
    """Those of one kind."""
    return [group for group in groups if group.kind is kind]


def title_of(code: str) -> str:
    """A heading for the findings of a code."""
    return _TITLES.get(code, code.replace("-", " ").capitalize())
