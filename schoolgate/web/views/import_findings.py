"""All findings of one kind, page by page, to be mended and answered there."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import
from schoolgate.intake.unseen import found_in, mask
from schoolgate.kit.refusal import Refusal
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import only_super_user, visitor
from schoolgate.web.views import findings, import_people
from schoolgate.web.views.import_save import save, sent
from schoolgate.web.views.imports import WAITING, about, page, there, working

ON_A_PAGE = 50


@only_super_user
@require_POST
def save_all(request: HttpRequest, import_id: int) -> HttpResponse:
    """Saves what was mended and answered on the page of the import, and checks it again."""
    run = there(import_id)
    try:
        save(request, run)
    except Refusal as refusal:
        return page(request, there(run.pk), str(refusal), typed=sent(request.POST).typed)
    return redirect("import", run.pk)


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def group(request: HttpRequest, import_id: int, kind: str, code: str) -> HttpResponse:
    """The findings of a kind, with their cells to mend."""
    run = there(import_id)
    if kind not in set(Severity):
        raise Http404
    if request.method == "POST":
        try:
            save(request, run)
        except Refusal as refusal:
            typed = sent(request.POST).typed
            return _group(request, there(run.pk), kind, code, str(refusal), typed)
        return redirect(request.get_full_path())
    return _group(request, run, kind, code)


def _group(
    request: HttpRequest,
    run: Import,
    kind: str,
    code: str,
    failed: str = "",
    typed: Mapping[str, str] | None = None,
) -> HttpResponse:
    if at_work := working(request, run, failed):
        return at_work
    reader = visitor(request).pk
    counts = findings.counted(run, reader=reader)
    shown = next((g for g in counts if (g.kind, g.code) == (kind, code)), None)
    pages = None
    if shown is not None:
        found = findings.of_code(found_in(run.pk, reader=reader).filter(kind=kind), code)
        pages = page_of(request, [found], ("pk",), size=ON_A_PAGE)
        for fault in pages.rows:
            findings.add_line(shown, mask(fault), typed or {})
        import_people.note_told(request, run, shown.pupil_ids)
    return render(
        request,
        "web/import_findings.html",
        {
            **about(run),
            "group": shown,
            "title": findings.title_of(code),
            "page": pages,
            "saves": run.state in WAITING and kind != Severity.WARNING,
            "failed": failed,
        },
        status=409 if failed else 200,
    )
