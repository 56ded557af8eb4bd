"""Severing a pupil (NEW14) together with what is kept of files that name them.

What files brought is on record elsewhere; here is only what pages show of them. The rows about the
child lose their words, and a file that has one of the child's numbers in a cell is deleted, as each
is after a while.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator

from django.db.models import Q

from schoolgate.access import severing
from schoolgate.access.roles import PUPIL
from schoolgate.audit.actions import Actor, batch
from schoolgate.intake import decisions, steps
from schoolgate.intake.columns import kind_of
from schoolgate.intake.mapping import known_headings
from schoolgate.intake.models import (
    Change,
    FileHead,
    Import,
    ImportFault,
    ImportFile,
    ImportMend,
    ImportRow,
    Kept,
    Proposal,
)
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.kit import bulk
from schoolgate.kit.names import identifier_key
from schoolgate.kit.refusal import Refusal

CLEARED = "Nothing to do: what was found here is not kept any more."
_NUMBER = "lower(replace({0}, ' ', ''))"


def sever(pupil_id: int, *, name: str, by: Actor) -> None:
    """Sever the pupil as ``access.severing.confirm`` does, and clear what is kept of files."""
    with batch(by=by) as events:
        keys = severing.confirm(pupil_id, name=name, by=by)
        rows = _rows_about(pupil_id, keys)
        files = _files_with(frozenset(keys))
        for run_id, numbers in files.items():
            rows[run_id] |= numbers
        Proposal.objects.filter(pupil_id=pupil_id).delete()
        Change.objects.filter(kind="pupil", object_id=pupil_id).delete()
        Kept.objects.filter(kind="pupil", object_id=pupil_id).delete()
        for run_id in sorted(rows):
            _clear(run_id, rows[run_id], frozenset(keys))
        ImportFile.objects.filter(run_id__in=files).delete()
        events.add(("cleared", "import", run_id, "rows", None, None, "") for run_id in sorted(rows))


def _rows_about(pupil_id: int, keys: Collection[str]) -> dict[int, set[int]]:
    """The rows of each run that are about the child, or have one of their numbers."""
    marks = ", ".join(["%s"] * len(keys)) or "NULL"
    value, label = _NUMBER.format("t.value"), _NUMBER.format("t.label")
    found = bulk.select(
        "SELECT t.run_id, t.row FROM intake_importfault t WHERE t.row IS NOT NULL"
        f" AND (t.pupil_id = %s OR {value} IN ({marks}))"
        f" UNION SELECT t.run_id, t.row FROM intake_importmend t WHERE {value} IN ({marks})"
        " UNION SELECT t.run_id, t.row FROM intake_importrow t"
        " JOIN intake_import i ON i.id = t.run_id AND i.kind = 'pupils'"
        f" WHERE t.subject_id = %s OR {label} IN ({marks})",
        [pupil_id, *keys, *keys, pupil_id, *keys],
    )
    rows: dict[int, set[int]] = defaultdict(set)
    for run_id, row in found:
        rows[run_id].add(row)
    return rows


def _files_with(keys: frozenset[str]) -> dict[int, set[int]]:
    """The files that are still there and have one of these numbers: their rows by run. One that
    cannot be read any more counts too."""
    found = {}
    for run in Import.objects.filter(file__isnull=False).exclude(
        kind__in=("establishments", "links")
    ):
        try:
            rows = {
                n for n, cells in _cells(run) if not keys.isdisjoint(map(identifier_key, cells))
            }
        except (Unreadable, Refusal):
            found[run.pk] = set[int]()
            continue
        if rows:
            found[run.pk] = rows
    return found


def _cells(run: Import) -> Iterator[tuple[int, list[str]]]:
    known = known_headings(kind_of(run.kind, run.role), decisions.decided_of(run))
    with steps.file_of(run) as path, open_table(path, known) as table:
        yield from table.rows


def _clear(run_id: int, rows: Collection[int], keys: frozenset[str]) -> None:
    """Take the words out of these rows, and out of what was found in them."""
    ImportFault.objects.filter(run_id=run_id, row__in=rows).update(
        column="", value="", problem=CLEARED, pupil_id=None, place=None
    )
    ImportMend.objects.filter(run_id=run_id, row__in=rows).delete()
    of_children = Q(run__kind="pupils") | Q(run__role=PUPIL.code)
    about = ImportRow.objects.filter(of_children, run_id=run_id, row__in=rows)
    about.update(name="", label="", subject_id=None)
    for head in FileHead.objects.filter(run_id=run_id):
        head.samples = [
            [n, cells]
            for n, cells in head.samples
            if n not in rows and keys.isdisjoint(map(identifier_key, cells))
        ]
        head.save(update_fields=["samples"])
