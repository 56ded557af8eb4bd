"""What a person decides about an import: apply, answer, cancel, undo; and what they look at."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from schoolgate.audit.actions import batch, exported
from schoolgate.intake import runs
from schoolgate.intake.models import ImportFile
from schoolgate.kit.refusal import Refusal
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views import import_people
from schoolgate.web.views.confirm import confirm
from schoolgate.web.views.imports import CHANGES_ON_A_PAGE, WAITING, page, there, what_of


@only_super_user
@require_POST
def apply(request: HttpRequest, import_id: int) -> HttpResponse:
    """Applies what was shown; the form says which preview that was (S42)."""
    return _step(
        request,
        import_id,
        lambda: runs.request_apply(
            import_id,
            by=actor(request),
            skip_faulty=request.POST.get("skip_faulty") == "yes",
            yes=request.POST.get("yes") == "yes",
            shown_digest=request.POST.get("shown", ""),
        ),
    )


@only_super_user
@require_POST
def recheck(request: HttpRequest, import_id: int) -> HttpResponse:
    """Checks the file again, with or without a yes to all questions."""
    answer = request.POST.get("yes") == "yes"
    return _step(request, import_id, lambda: runs.recheck(import_id, by=actor(request), yes=answer))


@only_super_user
@require_POST
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    """Gives the import up; nothing of it has been written."""
    return _step(request, import_id, lambda: runs.cancel(import_id, by=actor(request)))


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, import_id: int) -> HttpResponse:
    """Takes an applied import back, after asking (NEW3)."""
    run = there(import_id)

    def do() -> HttpResponse:
        runs.request_undo(run.pk, by=actor(request))
        return redirect("import", run.pk)

    return confirm(
        request,
        do,
        title=f"Undo import {run.pk}?",
        sentences=[
            f"What the file {run.filename} made is taken back, and what it changed is as before.",
            "What somebody has changed since is kept, and listed for you. So are users who have"
            " signed in since, without the roles that the file gave them.",
            "You can upload the file again afterwards.",
        ],
        button="Undo this import",
        back=("import", run.pk),
    )


@only_super_user
@require_safe
def access(request: HttpRequest, import_id: int) -> HttpResponse:
    """Who would gain and lose access to whom, child by child (NEW1)."""
    run = there(import_id)
    after = _number(request.GET.get("after", ""))
    shown: list[import_people.Change] = []
    told: set[int] = set()
    if run.state in WAITING:
        try:
            shown = import_people.changes(
                request, run, after=after, limit=CHANGES_ON_A_PAGE, told=told
            )
        except Refusal as refusal:
            return page(request, run, str(refusal))
    import_people.note_told(request, run, told)
    return render(
        request,
        "web/import_access.html",
        {
            "run": run,
            "what": what_of(run),
            "changes": shown,
            "is_waiting": run.state in WAITING,
            "after": after,
            "following": after + len(shown) if len(shown) == CHANGES_ON_A_PAGE else None,
        },
    )


@only_super_user
@require_safe
def refused(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The refused rows with their reasons, to be mended and uploaded again (NEW2)."""
    run = there(import_id)
    if not ImportFile.objects.filter(run=run).exists():
        return page(request, run, "Upload the file again: it was deleted after a while.")
    faults = runs.refusals(run.pk, reader=visitor(request).pk)
    with batch(by=actor(request)):
        exported(by=actor(request), kind="import", object_id=run.pk)
        told = {fault.pupil_id for fault in faults if fault.pupil_id is not None}
        import_people.note_told(request, run, told)
    response = StreamingHttpResponse(
        runs.refused_csv(run.pk, faults), content_type="text/csv; charset=utf-8"
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


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
