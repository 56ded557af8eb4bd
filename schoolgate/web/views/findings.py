"""What a check found, grouped by kind, as the pages of an import show it and take it back."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from schoolgate.intake import decisions
from schoolgate.intake.decided import BY_PERSON_ONLY
from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import, ImportFault
from schoolgate.intake.unseen import UNSEEN, found_in, mask

FIRST = 5  # of each group, on the page of the import; the group's own page has them all
MOST_ANSWERS = 50

_TITLES = {
    "barred-namesake": "Adults with the name of somebody who is kept from the child",
    "child-as-parent": "Children listed as parents",
    "child-has-user": "Children who have a user already",
    "child-twice": "The same child in several rows",
    "children-missing": "Children who are not on the register yet",
    "childs-sync-id": "Parents with the SyncID of their child",
    "new-email": "Addresses of people who are here without one",
    "new-username": "User names of people who are here without one",
    "other-email": "Addresses that differ from the one on record",
    "other-phone": "Phone numbers that differ from the one on record",
    "other-relationship": "Relationships that differ from the one on record",
    "other-sync-id": "People who have another SyncID",
    "other-username": "User names that differ from the one on record",
    "parent-relationship": "Parent relationship",
    "passwords-gone": "First passwords",
    "pupil-name-differs": "Names that differ from the child’s on the register",
    "same-address": "Addresses that somebody else has",
    "staff-as-parent": "People who work here",
    "sync-id-twice": "One SyncID with two names or user names",
    "unknown-child": "Children who were not found",
    "username-address": "User names that are addresses",
    "username-twice": "One user name for two people",
    "wrong-match-field": "The matching field",
    "wrong-sync-field": "The synchronisation field",
    "address-twice": "The same e-mail address in several rows",
    "closed-school": "Closed schools",
    "deleted-user": "Users who were deleted",
    "empty-cell": "Empty cells that must be filled",
    "inactive-user": "Users who are inactive",
    "last-super-user": "The last LA Super Users",
    "links-of-others": "Links between establishments that are not on the register",
    "lookalike": "Addresses that look like another’s",
    "missing-column": "Missing columns",
    "name-differs": "Names that differ from the one on record",
    "no-rows": "No rows",
    "not-a-day": "Dates that cannot be read",
    "not-a-urn": "Numbers that are no URN",
    "not-an-address": "E-mail addresses to correct",
    "note": "About the file",
    "odd-upn": "UPNs of an unusual form",
    "person-twice": "The same person in several rows",
    "pupil-elsewhere": "Pupils of another school",
    "ragged-row": "Rows with more cells than headings",
    "reason-code": "Reasons in place of a UPN",
    "removed-before": "Links that somebody removed",
    "repeated-column": "Columns that are there twice",
    "still-at-work": "People who have signed in since yesterday",
    "too-long": "Cells that are too long",
    "two-pupils": "Identifiers that fit two pupils",
    "two-users": "Addresses and user names of two people",
    "unknown-column": "Columns that are not used",
    "unknown-pupil": "Pupils who are not on the register",
    "unknown-school": "Schools that are not on the register",
    "unknown-user": "Addresses and user names that nobody has",
    "unseen-pupil": "Pupils whom you may not see",
    "unreadable": "The file cannot be read",
    "upn-not-needed": "UPNs that are not needed",
    "urn-missing": "Designated teachers without a school",
    "urn-twice": "The same school in several rows",
    "urn-zero": "Schools not known yet",
    "yourself": "Yourself",
    "user-not-childs": "Users of adults, or of other children",
    "user-of-two-children": "The same user for two children",
}

# What a yes means, by the code of the question: for one row, and for all of its kind.
_YES = {
    "name-differs": ("Yes, the same person", "Yes, each is the same person"),
    "birth-differs": ("Yes, the same child", "Yes, each is the same child"),
    "closed-school": ("Yes, the closed school is meant", "Yes, keep these closed schools"),
    "removed-before": ("Yes, restore it", "Yes, restore them all"),
    "namesake": ("Yes, another child", "Yes, each is another child"),
    "back-again": ("Yes, back at that school", "Yes, each is back at that school"),
    "barred-namesake": ("Yes, I know who this is", "Yes, I know who each of them is"),
    "new-email": ("Yes, without the address", "Yes, without these addresses"),
    "other-email": ("Yes, keep what is on record", "Yes, keep what is on record for each"),
    "other-phone": ("Yes, keep what is on record", "Yes, keep what is on record for each"),
    "other-sync-id": ("Yes, the same person", "Yes, each is the same person"),
    "other-username": ("Yes, keep what is on record", "Yes, keep what is on record for each"),
    "pupil-name-differs": ("Yes, the same child", "Yes, each is the same child"),
    "same-address": ("Yes, the same person", "Yes, each is the same person"),
    "staff-as-parent": ("Yes, link them to the child", "Yes, link each to the child"),
    "another-upn": ("Yes, the new UPN is right", "Yes, each new UPN is right"),
}


@dataclass(frozen=True)
class Line:
    """One thing found, as a page shows it.

    ``cell``: the names of its row and column by which a form sends it back, blank where there is
    nothing to mend here; ``value``: of that cell; ``mark``: the question as it is asked, so that
    a form that was open while it changed does not answer another one.
    """

    row: int | None
    column: str
    value: str
    problem: str
    code: str
    kind: Severity
    cell: str = ""
    mark: str = ""
    typed: str = ""
    answered: str = ""

    @property
    def yes(self) -> str:
        """What a yes means; blank where it settles nothing."""
        return _yes(self.kind, self.code)[0]


@dataclass
class Group:
    """The findings of one kind: how many, and some of them."""

    kind: Severity
    code: str
    count: int
    lines: list[Line] = field(default_factory=list)
    pupil_ids: set[int] = field(default_factory=set)

    @property
    def title(self) -> str:
        """What the group is called."""
        return title_of(self.code)

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are shown."""
        return self.count > len(self.lines)

    @property
    def yes_to_all(self) -> str:
        """What a yes to all of them means; blank where a yes settles nothing, or one by one."""
        return "" if self.code in BY_PERSON_ONLY else _yes(self.kind, self.code)[1]


def _yes(kind: Severity, code: str) -> tuple[str, str]:
    if kind is not Severity.QUESTION or code == UNSEEN:
        return "", ""
    return _YES.get(code, ("", ""))


_SHOWN = (Severity.FAULT, Severity.QUESTION, Severity.WARNING)


def open_in(run: Import, *, reader: int) -> QuerySet[ImportFault]:
    """What a person has still to look at: everything found but the questions that are answered."""
    return found_in(run.pk, reader=reader).filter(kind__in=_SHOWN)


def of_code(found: QuerySet[ImportFault], code: str) -> QuerySet[ImportFault]:
    """Those (of ``found_in``) that are told to the reader under this code."""
    return found.filter(told_as=code)  # type: ignore[misc]


def counted(run: Import, *, reader: int) -> list[Group]:
    """The run's findings by kind, without their lines: faults first, then questions, warnings."""
    found = open_in(run, reader=reader)
    counts = found.values_list("kind", "told_as").annotate(Count("pk"))  # type: ignore[misc]
    groups = [Group(Severity(kind), code, count) for kind, code, count in counts]
    return sorted(groups, key=lambda g: (_SHOWN.index(g.kind), -g.count, g.title))


def grouped(run: Import, *, reader: int, typed: Mapping[str, str]) -> list[Group]:
    """The same with the first lines of each. Two queries, and those of the reader's scope.

    ``typed``: what somebody sent for some cells and answers, which is not lost.
    """
    groups = {(group.kind, group.code): group for group in counted(run, reader=reader)}
    place = Window(RowNumber(), partition_by=[F("kind"), F("told_as")], order_by=["row", "pk"])
    found = open_in(run, reader=reader).annotate(nth=place).filter(nth__lte=FIRST)
    for fault in found.order_by("nth"):
        shown = mask(fault)
        add_line(groups[Severity(shown.kind), shown.code], shown, typed)
    return list(groups.values())


def add_line(group: Group, fault: ImportFault, typed: Mapping[str, str]) -> None:
    """Put a finding (masked) into its group."""
    group.lines.append(line_of(fault, typed))
    if fault.pupil_id is not None:
        group.pupil_ids.add(fault.pupil_id)


def line_of(fault: ImportFault, typed: Mapping[str, str]) -> Line:
    """A finding (masked) as a page shows it."""
    can_mend = (
        fault.row is not None
        and fault.place is not None
        and fault.kind != Severity.WARNING
        and fault.code not in ("too-long", UNSEEN)  # there the value is not the whole cell
    )
    cell = f"{fault.row}-{fault.place}" if can_mend else ""
    return Line(
        fault.row,
        fault.column,
        fault.value,
        fault.problem,
        fault.code,
        Severity(fault.kind),
        cell=cell,
        mark=mark_of(fault),
        typed=typed.get(f"cell-{cell}", fault.value) if cell else "",
        answered=typed.get(f"answer-{fault.row}-{fault.code}", ""),
    )


@dataclass(frozen=True)
class Given:
    """An answer that somebody gave: to one row, or (row 0) to all questions of a kind."""

    code: str
    row: int
    accept: bool
    count: int

    @property
    def words(self) -> str:
        """What was answered."""
        yes = _YES.get(self.code, ("Yes", "Yes"))
        if self.row:
            return yes[0] if self.accept else "No, leave this row out"
        return yes[1] if self.accept else "No, leave these rows out"

    @property
    def title(self) -> str:
        """What was asked."""
        return title_of(self.code)


def answered(run: Import) -> list[Given]:
    """The answers given so far; of many the first ones."""
    given = decisions.answers_of(run.pk)[:MOST_ANSWERS]
    return [Given(one.code, one.row or 0, one.accept, one.count) for one in given]


def mark_of(fault: ImportFault) -> str:
    """A question as it is asked, in twelve letters."""
    asked = f"{fault.row}\0{fault.code}\0{fault.value}\0{fault.problem}"
    return hashlib.sha256(asked.encode()).hexdigest()[:12]


def pupils_in(groups: Iterable[Group]) -> set[int]:
    """The children on the register of whom the page tells something."""
    return {pupil_id for group in groups for pupil_id in group.pupil_ids}


def of_kind(groups: Iterable[Group], kind: Severity) -> list[Group]:
    """Those of one kind."""
    return [group for group in groups if group.kind is kind]


def title_of(code: str) -> str:
    """A heading for the findings of a code."""
    return _TITLES.get(code, code.replace("-", " ").capitalize())
