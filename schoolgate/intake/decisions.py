"""What a person decides about an import before it is applied: answers, mended cells, columns.

Each decision is kept with the import and has it checked again, so that what is applied is what was
shown with it (S42). Decisions may come while a check is under way; it then begins anew.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from schoolgate.access.authority import may_manage
from schoolgate.audit.actions import Actor, batch
from schoolgate.intake import steps, unseen
from schoolgate.intake.child_matches import MATCH_BY
from schoolgate.intake.columns import PARENTS, kind_of
from schoolgate.intake.decided import ALL_ROWS, BY_PERSON_ONLY, Decided
from schoolgate.intake.hidden_cells import hidden_in, means_password
from schoolgate.intake.models import (
    ColumnMatching,
    FileHead,
    Import,
    ImportAnswer,
    ImportFault,
    ImportMend,
    ImportRow,
    State,
)
from schoolgate.kit.names import heading_key
from schoolgate.kit.refusal import Refusal

_OPEN = [State.CHECKING, State.READY, State.NEEDS_PERSON, State.FAILED]
LONGEST_CELL = 1_000
MOST_CELLS = 2_000
MOST_MENDS = 20_000


def decided_of(run: Import) -> Decided:
    """Everything that people decided about a run."""
    mends: dict[int, dict[int, str]] = {}
    for row, place, value in ImportMend.objects.filter(run=run).values_list(
        "row", "place", "value"
    ):
        mends.setdefault(row, {})[place] = value
    answers = ImportAnswer.objects.filter(run=run).values_list("row", "code", "accept")
    return Decided(
        yes=bool(run.options.get("yes")),
        answers={(row, code): accept for row, code, accept in answers},
        mends=mends,
        headings=run.options.get("headings") or {},
        matched=run.options.get("matched", ""),
        sync_field=run.options.get("sync_field", ""),
        match_by=run.options.get("match_by", ""),
    )


# Answers


@dataclass(frozen=True)
class Answered:
    """An answer that was given; ``row`` None: to all questions of the code. ``count``: how many
    questions it settles, or how many rows it leaves out, as of the last check."""

    code: str
    row: int | None
    accept: bool
    count: int


def answer(
    run_id: int, *, by: Actor, code: str, row: int | None = None, accept: bool | None
) -> None:
    """Answer the questions of a code, in one row or (``row`` None) in all, and check again.

    ``accept`` True: yes; False: leave the row out; None: take the answer back (for all rows: every
    answer to that code). Raises Refusal where there is no such question, or a yes is no answer.
    """
    may_manage(by)
    found = ImportFault.objects.filter(
        run_id=run_id, code=code, kind__in=["question", "answered", "left out"]
    )
    if row is not None:
        found = found.filter(row=row)
    given = ImportAnswer.objects.filter(run_id=run_id, code=code)
    if row is not None:
        given = given.filter(row=row)
    if accept is None:
        if not given.exists():
            raise Refusal("Look at the questions again: this one has no answer to take back.")
    elif not found.exists():
        raise Refusal("Look at the questions again: there is none like this any more.")
    elif accept and found.filter(settles=False).exists():
        raise Refusal(
            "Do what the question says, or leave the row out: a yes does not settle this one."
        )
    if accept and row is None and code in BY_PERSON_ONLY:
        raise Refusal(
            "Look at these rows one by one and answer each by itself: who may come to which child"
            " is not said for all at once."
        )
    with batch(by=by) as events:
        if accept is None:
            given.delete()
        else:
            ImportAnswer.objects.update_or_create(
                run_id=run_id,
                code=code,
                row=row or ALL_ROWS,
                defaults={
                    "accept": accept,
                    "answered_at": events.at,
                    "actor": by.name,
                    "actor_id": by.user_id,
                },
            )
        events.add([("answered", "import", run_id, code, None, None, "")])
        _check_again(run_id, by=by)


def answers_of(run_id: int) -> list[Answered]:
    """The answers that were given, by code and row."""
    counts = dict[tuple[str, int | None, str], int]()
    found = ImportFault.objects.filter(run_id=run_id, kind__in=["answered", "left out"])
    for code, row, kind, count in found.values_list("code", "row", "kind").annotate(Count("pk")):
        counts[code, row, kind] = count
    given = list(ImportAnswer.objects.filter(run_id=run_id).order_by("code", "row"))
    single = {(one.code, one.row) for one in given if one.row}
    result = []
    for one in given:
        kind = "answered" if one.accept else "left out"
        count = sum(
            n
            for (code, row, told), n in counts.items()
            if code == one.code
            and told == kind
            and (row == one.row or (not one.row and (code, row) not in single))
        )
        result.append(Answered(one.code, one.row or None, one.accept, count))
    return result


# Mended cells


def mend(run_id: int, *, by: Actor, cells: Mapping[tuple[int, int], str]) -> None:
    """Mend cells, each by its row and its place from 0, and check again.

    A value that is what the file has takes the mend back. Raises Refusal for a cell that there is
    not, or that ``by`` may not read.
    """
    may_manage(by)
    run = steps.run_of(run_id)
    rows = {row for row, _ in cells}
    if not cells:
        raise Refusal("Change a cell first: nothing was mended.")
    _are_there(run, cells)
    had = steps.cells_of(run, decided_of(run), rows)
    _are_shown(run, cells, had)
    if by.user_id is not None and rows & unseen.hidden_rows(run, reader=by.user_id):
        raise Refusal(unseen.SENTENCE)
    given = ImportMend.objects.filter(run=run)
    if given.count() + len(cells) > MOST_MENDS:
        raise Refusal("Mend the file itself and upload it again: so many cells cannot be kept.")
    with batch(by=by) as events:
        known = given.filter(row__in=rows).values_list("pk", "row", "place")
        given.filter(pk__in=[pk for pk, row, place in known if (row, place) in cells]).delete()
        ImportMend.objects.bulk_create(
            ImportMend(
                run=run, row=row, place=place, value=value, mended_at=events.at, actor=by.name,
                actor_id=by.user_id,
            )
            for (row, place), value in sorted(cells.items())
            if value.strip() != _cell(had[row], place).strip()
        )  # fmt: skip
        _ask_again(run_id, rows)
        events.add([("mended", "import", run_id, "", None, None, "")])
        _check_again(run_id, by=by)


def _ask_again(run_id: int, rows: Collection[int] | None = None) -> None:
    """Forget what only a person says of rows, who name another child or adult from now on."""
    given = ImportAnswer.objects.filter(run_id=run_id, code__in=BY_PERSON_ONLY, accept=True)
    (given if rows is None else given.filter(row__in=rows)).delete()


def _are_there(run: Import, cells: Mapping[tuple[int, int], str]) -> None:
    if len(cells) > MOST_CELLS:
        raise Refusal(f"Mend at most {MOST_CELLS:,} cells at once.")
    head = FileHead.objects.filter(run=run).first()
    rows = {row for row, _ in cells}
    if head is None or ImportRow.objects.filter(run=run, row__in=rows).count() != len(rows):
        raise Refusal("Choose a row that the file has: there is none with this number.")
    for (row, place), value in cells.items():
        if not 0 <= place < len(head.headings):
            raise Refusal(f"Choose a cell beneath a heading: row {row} has no such cell.")
        if len(value) > LONGEST_CELL or "\x00" in value:
            raise Refusal(
                f"Shorten the cell “{head.headings[place]}” of row {row}: a cell has at most"
                f" {LONGEST_CELL:,} characters, and none that cannot be printed."
            )


def _are_shown(
    run: Import, cells: Mapping[tuple[int, int], str], had: Mapping[int, list[str]]
) -> None:
    """Raises Refusal where a cell is hidden: what is typed for it would be kept readable (S22)."""
    hidden = hidden_in(run.head.headings, run.options.get("headings") or {})
    for row, place in cells:
        if hidden and place in hidden.of_row(len(had[row])):
            raise Refusal(
                f"Mend row {row} in the file itself and upload that: passwords, and what may be"
                " one, are not shown or changed here."
            )


def _cell(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


# Matched columns


def match_columns(run_id: int, *, by: Actor, headings: Mapping[str, str]) -> None:
    """Say which columns of the file are which of ours, and check again.

    ``headings``: heading of the file -> ours, or "" for one to be ignored; those that are left out
    match by themselves. The next file with the same headings is matched the same way. Raises
    Refusal.
    """
    may_manage(by)
    run = steps.run_of(run_id)
    kind = kind_of(run.kind, run.role)
    head = FileHead.objects.filter(run=run).first()
    if head is None:
        raise Refusal("Wait until the file has been read: its columns are not known yet.")
    there = {heading_key(heading) for heading in head.headings}
    ours = {heading_key(column.heading): column for column in kind.columns}
    told: dict[str, str] = {}
    first: dict[str, str] = {}
    for theirs, our in headings.items():
        key, column = heading_key(theirs), ours.get(heading_key(our))
        if not key or key not in there:
            raise Refusal(f"Choose a column that the file has: “{theirs}” is none of them.")
        if our and column is None:
            raise Refusal(f"Choose one of our columns, not “{our}”.")
        told[theirs] = column.heading if column else ""
        if column and means_password(theirs) and not means_password(column.heading):
            raise Refusal(
                f"Choose another column for “{column.heading}”: “{theirs}” holds passwords, to"
                " judge by its heading, and nothing else is made of them."
            )
        if column and not column.repeated and first.setdefault(column.field, key) != key:
            raise Refusal(
                f"Choose one column for “{column.heading}”: “{theirs}” and another one are both"
                " matched to it."
            )
    with batch(by=by) as events:
        differ = any(heading_key(theirs) != heading_key(our) for theirs, our in told.items())
        _remember(run, head.headings, by, events.at, matching=told if differ else {})
        _hide(head, told)
        _ask_again(run_id)
        events.add([("matched", "import", run_id, "", None, None, "")])
        _check_again(run_id, by=by, headings=told, matched="a person")


def _hide(head: FileHead, told: Mapping[str, str]) -> None:
    """Forget what is kept of columns that are passwords, now that somebody says so (S22)."""
    hidden = hidden_in(head.headings, told)
    if not hidden:
        return
    head.samples = [[n, hidden.blank(cells)] for n, cells in head.samples]
    head.save(update_fields=["samples"])
    ImportMend.objects.filter(run=head.run_id, place__in=hidden.places).delete()
    told_of = [head.headings[place] for place in hidden.places]
    ImportFault.objects.filter(run=head.run_id, column__in=told_of).update(value="")


def _remember(run: Import, headings: list[str], by: Actor, at: datetime, **said: object) -> None:
    """Keep what somebody said of a file for the next one with the same headings."""
    known, _ = ColumnMatching.objects.update_or_create(
        kind=run.kind,
        headings_key=_headings_key(headings),
        defaults={**said, "matched_at": at, "actor": by.name, "actor_id": by.user_id},
    )
    if not known.matching and not known.sync_field:
        known.delete()


def relate(run_id: int, *, by: Actor, sync_field: str, match_by: str) -> None:
    """Say which column of a file of parents names the child, and by which kind of identifier
    (ITS3), and check again. The next file with the same headings is taken so. Raises Refusal."""
    may_manage(by)
    run = steps.run_of(run_id)
    head = FileHead.objects.filter(run=run).first()
    if run.kind != PARENTS.code:
        raise Refusal("Choose a file of parents: only those are linked to children by a column.")
    if head is None:
        raise Refusal("Wait until the file has been read: its columns are not known yet.")
    there = {heading_key(heading): heading for heading in head.headings if heading.strip()}
    heading = there.get(heading_key(sync_field))
    if heading is None:
        raise Refusal(
            "Choose the synchronisation field among the columns that the file has:"
            f" “{sync_field}” is none of them."
        )
    if hidden_in(head.headings, run.options.get("headings") or {}).names(heading):
        raise Refusal(
            f"Choose another synchronisation field: “{heading}” holds passwords, to judge by its"
            " heading or by what was said of it."
        )
    if match_by not in list(MATCH_BY):
        names = ", ".join(kind.label for kind in MATCH_BY)
        raise Refusal(f"Choose the matching synchronisation field for the child: {names}.")
    with batch(by=by) as events:
        said = {"sync_field": heading, "match_by": match_by}
        _remember(run, head.headings, by, events.at, **said)
        _ask_again(run_id)
        events.add([("matched", "import", run_id, "relationship", None, None, "")])
        _check_again(run_id, by=by, **said)


def recalled(kind: str, role: str, headings: list[str]) -> Mapping[str, str]:
    """How the columns of an earlier file with the same set of headings were matched, if any."""
    known = ColumnMatching.objects.filter(kind=kind, headings_key=_headings_key(headings)).first()
    if known is None:
        return {}
    keys = {"", *kind_of(kind, role).keys}
    return known.matching if all(heading_key(h) in keys for h in known.matching.values()) else {}


def relation_recalled(headings: list[str]) -> tuple[str, str]:
    """What somebody said of the parent relationship in an earlier file of parents with the same
    set of headings: its column, and the kind of identifier; blank where nobody did."""
    known = ColumnMatching.objects.filter(
        kind=PARENTS.code, headings_key=_headings_key(headings)
    ).first()
    return (known.sync_field or "", known.match_by or "") if known else ("", "")


def with_matching(options: dict[str, object], decided: Decided) -> dict[str, object]:
    """The options of a run with what its check recalled of an earlier file."""
    related = {"sync_field": decided.sync_field, "match_by": decided.match_by}
    options = {**options, **(related if decided.sync_field else {})}
    if not decided.remembered:
        return options
    return {**options, "headings": dict(decided.headings), "matched": decided.matched}


def _headings_key(headings: list[str]) -> str:
    keys = sorted({heading_key(heading) for heading in headings} - {""})
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def _check_again(run_id: int, *, by: Actor, **options: object) -> None:
    known = steps.run_of(run_id).options
    steps.step(run_id, _OPEN, State.CHECKING, by=by, options={**known, **options})
