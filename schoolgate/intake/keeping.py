"""What a check keeps, so that the pages of an import open at once: set-based, and for showing only.

What is applied is worked out again under the lock (docs/decisions/0002-plan-again.md).
"""

from collections import Counter

from django.db.models import QuerySet

from schoolgate.intake.findings import Finding
from schoolgate.intake.models import (
    FileHead,
    Import,
    ImportFault,
    ImportMend,
    ImportRow,
    Proposal,
)
from schoolgate.intake.plan import Plan, Summary
from schoolgate.kit import bulk

_ROWS = "run_id, row, outcome, name, label, subject_id"
_ACCESS = "run_id, what, row, user_id, establishment_id, subject_area_id, pupil_id, record_id"


def keep(run: Import, plan: Plan, summary: Summary, *, shown: bool = True) -> None:
    """Keep the counts and everything that was found, in place of what an earlier check found;
    ``shown``: and what the pages of the import show besides."""
    ImportFault.objects.filter(run=run).delete()
    _keep_findings(run, plan)
    if shown:
        _forget_shown(run.pk)
        FileHead.objects.update_or_create(
            run=run, defaults={"headings": plan.mapping.headings, "samples": _samples(plan)}
        )
        if not plan.findings.whole_file:
            _keep_shown(run.pk, plan)
            _blank_uneven(run.pk, plan)
    Import.objects.filter(pk=run.pk).update(summary=summary.as_dict())


def _samples(plan: Plan) -> list[tuple[int, list[str]]]:
    hidden = plan.findings.hidden
    return [(n, hidden.blank(cells)) for n, cells in plan.samples]


def _keep_findings(run: Import, plan: Plan) -> None:
    found = plan.findings
    place = _Places(plan)
    bulk.load(
        ImportFault._meta.db_table,
        [
            "run_id", "row", "column", "value", "problem", "kind", "code", "pupil_id", "place",
            "settles",
        ],
        (
            (
                run.pk, f.row, f.column[:200], f.value, f.problem, f.kind.value, f.code,
                f.pupil_id, place.of(f), f.settles,
            )
            for f in (*found.in_order(), *found.warnings, *found.settled, *found.left_out)
        ),
    )  # fmt: skip


class _Places:
    """Which cell of its row a finding is about."""

    def __init__(self, plan: Plan) -> None:
        headings = plan.mapping.headings
        times = Counter(headings)
        self._is_hidden = plan.findings.is_hidden
        self._places = {
            heading: place for place, heading in enumerate(headings) if times[heading] == 1
        }
        for places in plan.mapping.places.values():
            if len(places) == 1:
                self._places[headings[places[0]]] = places[0]

    def of(self, finding: Finding) -> int | None:
        if finding.row is None or self._is_hidden(finding):
            return None  # nobody mends a cell that they are not shown
        return self._places.get(finding.column) if finding.place is None else finding.place


def _keep_shown(run_id: int, plan: Plan) -> None:
    rows = f"SELECT {run_id}, q.* FROM ({plan.told_rows()}) q"
    bulk.execute(f"INSERT INTO {ImportRow._meta.db_table} ({_ROWS}) {rows}")
    for query in plan.told_access():
        access = f"SELECT {run_id}, q.* FROM ({query}) q"
        bulk.execute(f"INSERT INTO {Proposal._meta.db_table} ({_ACCESS}) {access}")
    bulk.analyse(ImportRow._meta.db_table, Proposal._meta.db_table)


def _blank_uneven(run_id: int, plan: Plan) -> None:
    """Take away what a row is called by, where that may be a password that slipped (S22)."""
    rows = sorted(plan.findings.uneven & plan.findings.refused)
    for some in bulk.chunks(((n,) for n in rows), 500):
        found = ImportRow.objects.filter(run_id=run_id, row__in=[n for (n,) in some])
        found.update(name="", label="")


def _forget_shown(run_id: int) -> None:
    for model in (ImportRow, Proposal):
        bulk.execute(f"DELETE FROM {model._meta.db_table} WHERE run_id = %s", [run_id])


def forget_access(run_id: int) -> None:
    """Delete the proposals of a run that is applied: what came of them is on record."""
    bulk.execute(f"DELETE FROM {Proposal._meta.db_table} WHERE run_id = %s", [run_id])


def forget(runs: QuerySet[Import]) -> None:
    """Delete what is kept of runs beside what was found: their rows, and what people mended."""
    for model in (ImportRow, Proposal, FileHead, ImportMend):
        model.objects.filter(run__in=runs).delete()
