"""What a person decides about an import: apply, cancel, undo; and the file of refused rows."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from schoolgate.audit.actions import batch, exported
from schoolgate.intake import runs
from schoolgate.intake.models import ImportFile, State
from schoolgate.intake.undo_preview import undo_preview
from schoolgate.kit.refusal import Refusal
from schoolgate.web.forms.imports import ApplyForm
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views import import_people
from schoolgate.web.views.imports import about, page, there, working


@only_super_user
@require_POST
def apply(request: HttpRequest, import_id: int) -> HttpResponse:
    """Applies what was shown; the form says which preview that was (S42)."""
    run = there(import_id)
    form = ApplyForm(request.POST, is_held=bool(run.summary.get("brakes")))
    if not form.is_valid() and form.errors.keys() - {"shown"}:
        return page(request, run, decision=form)
    given = form.cleaned_data
    return _step(
        request,
        import_id,
        lambda: runs.request_apply(
            import_id,
            by=actor(request),
            skip_faulty=given["skip_faulty"],
            shown_digest=given.get("shown", ""),
            invite=given["invite"],
            invite_on=given["invite_on"],
            over_brakes=given["over_brakes"],
        ),
    )


@only_super_user
@require_POST
def recheck(request: HttpRequest, import_id: int) -> HttpResponse:
    """Checks the file again, as when its check failed."""
    return _step(request, import_id, lambda: runs.recheck(import_id, by=actor(request)))


@only_super_user
@require_POST
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    """Gives the import up; nothing of it has been written."""
    return _step(request, import_id, lambda: runs.cancel(import_id, by=actor(request)))


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, import_id: int) -> HttpResponse:
    """Takes an applied import back, after telling what that would do and keep (NEW3)."""
    run = there(import_id)
    if request.method == "POST":
        return _step(request, run.pk, lambda: runs.request_undo(run.pk, by=actor(request)))
    if at_work := working(request, run):
        return at_work
    if run.state != State.DONE:
        return render(request, "web/import_undo.html", about(run))
    told: set[int] = set()
    preview = undo_preview(run, limit=import_people.KEPT_ON_THE_PAGE)
    kept = import_people.left(request, preview.kept, told=told)
    import_people.note_told(request, run, told)
    return render(request, "web/import_undo.html", {**about(run), "preview": preview, "kept": kept})


@only_super_user
@require_safe
def refused(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The refused rows with their reasons, to be mended and uploaded again (NEW2)."""
    run = there(import_id)
    if not ImportFile.objects.filter(run=run).exists():
        return page(request, run, "Upload the file again: it was deleted after a while.")
    reader = visitor(request).pk
    faults = runs.refusals(run.pk, reader=reader)
    with batch(by=actor(request)):
        exported(by=actor(request), kind="import", object_id=run.pk)
        told = {fault.pupil_id for fault in faults if fault.pupil_id is not None}
        import_people.note_told(request, run, told)
    response = StreamingHttpResponse(
        runs.refused_csv(run.pk, faults, reader=reader), content_type="text/csv; charset=utf-8"
    )
    name = f"refused-rows-of-import-{run.pk}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _step(request: HttpRequest, import_id: int, do: Callable[[], None]) -> HttpResponse:
    run = there(import_id)
    try:
        do()
    except Refusal as refusal:
        return page(request, there(run.pk), str(refusal))
    return redirect("import", run.pk)
