"""The rows of an import: those of one outcome, and one row with all its cells, to be mended."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.intake import shown
from schoolgate.intake.columns import URN_HEADING
from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import, Outcome
from schoolgate.kit.refusal import Refusal
from schoolgate.web.paging import onwards, whole_number
from schoolgate.web.permissions import only_super_user, visitor
from schoolgate.web.views import findings, import_people
from schoolgate.web.views.findings import Line
from schoolgate.web.views.import_save import save, sent
from schoolgate.web.views.imports import APPLIED, WAITING, about, there, working

ON_A_PAGE = 100


@dataclass(frozen=True)
class Cell:
    """A cell of a row, as the page shows it; ``typed``: what stands in its field;
    ``takes_school``: it is to hold the URN of a school, which is suggested (LAC8)."""

    of_file: shown.Cell
    typed: str
    findings: list[Line]
    takes_school: bool

    @property
    def is_wrong(self) -> bool:
        """Whether something here keeps the row back."""
        return any(line.kind is not Severity.WARNING for line in self.findings)


@only_super_user
@require_safe
def rows(request: HttpRequest, import_id: int) -> HttpResponse:
    """The rows that create, update, change nothing or are refused; ``outcome`` says which."""
    run = there(import_id)
    if at_work := working(request, run):
        return at_work
    wanted = request.GET.get("outcome", "")
    outcome = Outcome(wanted) if wanted in Outcome.values else Outcome.CREATED
    reader, after = visitor(request).pk, whole_number(request, "after") or 0
    found = shown.rows_with_outcome(
        run.pk, outcome, reader=reader, after=after, limit=ON_A_PAGE + 1
    )
    lines = found[:ON_A_PAGE]
    if run.kind == "pupils":
        told = {line.subject_id for line in lines if line.subject_id is not None}
        import_people.note_told(request, run, told)
    return render(
        request,
        "web/import_rows.html",
        {
            **about(run),
            "outcome": outcome,
            "outcomes": [(each, run.summary.get(each.value, 0)) for each in Outcome],
            "lines": [(line, _address(run, line)) for line in lines],
            "page": onwards(request, after, lines[-1].row if len(found) > ON_A_PAGE else None),
            "is_done": run.state in APPLIED,
        },
    )


def _address(run: Import, line: shown.RowLine) -> str:
    """The page of whom a row is about; blank for one who is not on record."""
    pages = {"users": "user", "parents": "user", "leavers": "user", "pupils": "pupil"}
    if line.subject_id is None or run.kind not in pages:
        return ""
    return reverse(pages[run.kind], args=[line.subject_id])


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, import_id: int, row: int) -> HttpResponse:
    """All cells of a row, to be mended, each with what was found in it."""
    run = there(import_id)
    if request.method == "POST":
        try:
            save(request, run)
        except Refusal as refusal:
            return _row(request, there(run.pk), row, str(refusal), sent(request.POST).typed)
        return redirect("import-row", run.pk, row)
    return _row(request, run, row)


def _row(
    request: HttpRequest,
    run: Import,
    number: int,
    failed: str = "",
    typed: Mapping[str, str] | None = None,
) -> HttpResponse:
    if at_work := working(request, run, failed):
        return at_work
    typed = typed or {}
    try:
        found = shown.row_of(run.pk, number, reader=visitor(request).pk)
    except Refusal as refusal:
        raise Http404 from refusal
    told = [fault for cell in found.cells for fault in cell.findings] + found.findings
    import_people.note_told(request, run, {f.pupil_id for f in told if f.pupil_id is not None})
    saves = run.state in WAITING
    cells = [
        Cell(
            cell,
            typed.get(f"cell-{number}-{cell.place}", cell.value),
            [findings.line_of(fault, typed) for fault in cell.findings],
            run.kind in ("users", "pupils") and cell.our_heading == URN_HEADING,
        )
        for cell in found.cells
    ]
    return render(
        request,
        "web/import_row.html",
        {
            **about(run),
            "number": number,
            "cells": cells,
            "suggests": saves and any(cell.takes_school for cell in cells),
            "others": [findings.line_of(fault, typed) for fault in found.findings],
            "saves": saves,
            "before": found.before,
            "behind": found.behind,
            "failed": failed,
        },
        status=409 if failed else 200,
    )
