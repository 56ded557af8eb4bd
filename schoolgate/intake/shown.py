"""What the pages of an import show of it: columns, rows, cells, findings. Nothing is read anew but
the row that is to be mended."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schoolgate.intake import column_names, decisions, mapping, steps, unseen
from schoolgate.intake.columns import Kind, kind_of
from schoolgate.intake.findings import Findings
from schoolgate.intake.hidden_cells import hidden_in
from schoolgate.intake.models import FileHead, ImportFault, ImportRow, Outcome
from schoolgate.kit.names import email_key, heading_key
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User

# Columns


@dataclass(frozen=True)
class FileColumn:
    """A column of the file: its place from 0, a few of its cells, and which of ours it is.

    ``field_heading``: ours that it is matched to now, or ""; ``suggestion``: ours that it may be.
    ``remembered``: matched as in an earlier file; ``ignored``: a person said that it is not needed;
    ``is_hidden``: it holds passwords, of which nothing is shown (S22).
    """

    place: int
    heading: str
    samples: list[str]
    field_heading: str
    suggestion: str
    remembered: bool = False
    ignored: bool = False
    is_hidden: bool = False


def columns_of(run_id: int, *, reader: int) -> list[FileColumn]:
    """The columns of a checked file in order; samples of rows that the reader may read."""
    run = steps.run_of(run_id)
    head = FileHead.objects.filter(run=run).first()
    if head is None:
        return []
    kind, decided = kind_of(run.kind, run.role), decisions.decided_of(run)
    headings = list(head.headings)
    matched = _matched(kind, headings, decided.headings)
    ours = {place: kind.column(name) for name, places in matched.items() for place in places}
    open_fields = [c.field for c in kind.columns if c.repeated or c.field not in matched]
    suggested = column_names.suggestions(kind, headings, open_fields)
    told = {heading_key(theirs): our for theirs, our in decided.headings.items()}
    rows: dict[int, list[str]] = dict(head.samples)
    hidden = unseen.hidden_rows(run, reader=reader)
    secret = hidden_in(headings, decided.headings)
    return [
        FileColumn(
            place,
            heading,
            _samples([cells for n, cells in rows.items() if n not in hidden], place),
            ours[place].heading if place in ours else "",
            suggested[place].heading if place in suggested and place not in ours else "",
            remembered=decided.remembered and heading_key(heading) in told,
            ignored=told.get(heading_key(heading)) == "",
            is_hidden=secret.names(heading),
        )
        for place, heading in enumerate(headings)
    ]


def _matched(kind: Kind, headings: list[str], wanted: Mapping[str, str]) -> dict[str, list[int]]:
    return mapping.match(kind, headings, wanted, Findings()).places


def _samples(rows: list[list[str]], place: int) -> list[str]:
    cells = (cells[place].strip() for cells in rows if place < len(cells))
    return list(dict.fromkeys(cell for cell in cells if cell))[: mapping.Samples.each]


# Rows


@dataclass(frozen=True)
class RowLine:
    """A row of the file in a list. ``address``: the e-mail address or identifier that it has;
    ``subject_id``: the user, pupil or establishment on record, None for one who is not."""

    row: int
    label: str
    address: str
    subject_id: int | None
    outcome: str

    @property
    def user_id(self) -> int | None:
        """The same (of a file of users)."""
        return self.subject_id


def rows_with_outcome(
    run_id: int, outcome: str, *, reader: int, after: int = 0, limit: int = 100
) -> list[RowLine]:
    """Rows that are created, updated, unchanged or refused, from the one behind row ``after``."""
    run = steps.run_of(run_id)
    found = list(
        ImportRow.objects.filter(run=run, outcome=outcome, row__gt=after).order_by("row")[:limit]
    )
    hidden = unseen.hidden_rows(run, reader=reader)
    made: dict[str | None, int] = {}
    if run.kind == "pupils":
        gone = unseen.hidden_pupils({r.subject_id for r in found if r.subject_id}, reader=reader)
        hidden |= {row.row for row in found if row.subject_id in gone}
    elif run.kind == "users" and outcome == Outcome.CREATED:
        keys = {email_key(row.label) for row in found}
        users = User.objects.filter(import_id=run.pk, email_key__in=keys, gone_at__isnull=True)
        made = dict(users.values_list("email_key", "pk"))
    elif run.kind == "parents":
        keys = {email_key(row.label) for row in found}
        users = User.objects.filter(import_id=run.pk, gone_at__isnull=True)
        for name in ("email_key", "username_key"):
            made |= dict(users.filter(**{f"{name}__in": keys}).values_list(name, "pk"))
    return [
        RowLine(row.row, unseen.NOBODY, "", None, row.outcome)
        if row.row in hidden
        else RowLine(
            row.row, row.name, row.label, row.subject_id or made.get(email_key(row.label)),
            row.outcome,
        )
        for row in found
    ]  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell of a row: ``value`` as it stands or was mended, ``was`` as the file has it; both are
    blank where it is hidden (S22). ``names_child``: of a file of parents."""

    place: int
    heading: str
    our_heading: str
    value: str
    was: str
    max_length: int
    findings: list[ImportFault] = field(default_factory=list)
    is_hidden: bool = False
    names_child: bool = False

    @property
    def is_mended(self) -> bool:
        """Whether a person mended it."""
        return self.value != self.was


@dataclass(frozen=True)
class RowCells:
    """All cells of a row under their headings, and what was found in it. ``findings``: of no one
    cell; ``before`` and ``behind``: the rows that are refused next to it, if any."""

    row: int
    outcome: str
    cells: list[Cell]
    findings: list[ImportFault]
    before: int | None
    behind: int | None


def row_of(run_id: int, row: int, *, reader: int) -> RowCells:
    """A row of a checked file. Raises Refusal where there is none that the reader may read."""
    run = steps.run_of(run_id)
    line = ImportRow.objects.filter(run=run, row=row).first()
    head = FileHead.objects.filter(run=run).first()
    if line is None or head is None:
        raise Refusal("Choose a row that the file has: there is none with this number.")
    kind, decided = kind_of(run.kind, run.role), decisions.decided_of(run)
    had = steps.cells_of(run, decided, {row})
    if row in unseen.hidden_rows(run, reader=reader):
        raise Refusal(unseen.SENTENCE)
    found = [
        unseen.mask(fault)
        for fault in unseen.found_in(run_id, reader=reader).filter(row=row).order_by("pk")
    ]
    matched = _matched(kind, head.headings, decided.headings)
    ours = {place: kind.column(name) for name, places in matched.items() for place in places}
    mended = decided.mends.get(row, {})
    hidden = hidden_in(head.headings, decided.headings).of_row(len(had[row]))
    cells = []
    for place, heading in enumerate(head.headings):
        was = had[row][place] if place < len(had[row]) else ""
        column = ours.get(place)
        cells.append(
            Cell(
                place, heading, column.heading if column else "", mended.get(place, was), was,
                column.max_length if column else decisions.LONGEST_CELL,
                [fault for fault in found if fault.place == place],
                is_hidden=place in hidden,
                names_child=bool(heading.strip()) and heading == decided.sync_field,
            )
        )  # fmt: skip
    refused = ImportRow.objects.filter(run=run, outcome=Outcome.REFUSED).values_list(
        "row", flat=True
    )
    return RowCells(
        row,
        line.outcome,
        cells,
        [fault for fault in found if fault.place is None],
        refused.filter(row__lt=row).order_by("-row").first(),
        refused.filter(row__gt=row).order_by("row").first(),
    )
