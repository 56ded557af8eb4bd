"""Settings > Imports: the list, the upload, and one import from its check to its undo."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.roles import ROLES
from schoolgate.intake import runs
from schoolgate.intake.columns import KINDS, Kind
from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import, State
from schoolgate.intake.sources.limits import MAX_BYTES
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.web.forms.imports import ORDER, UploadForm
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.uploads import takes_files, was_too_large
from schoolgate.web.views import findings, import_people

TOO_LARGE = f"Choose a file of {MAX_BYTES // 1024**2} MB or less, or split this one in parts."
WORKING = (State.CHECKING, State.APPLYING, State.UNDOING)
WAITING = (State.READY, State.NEEDS_PERSON)
# Up to so many rows the page itself shows the first lines of who gains and loses access.
SHOWN_AT_ONCE = 5_000
FIRST_CHANGES = 10
CHANGES_ON_A_PAGE = 100


@only_super_user
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """The imports, newest first: who, when, and what came of each."""
    page = page_of(request, [Import.objects.all()], ("-pk",))
    people = User.objects.in_bulk({run.actor_id for run in page.rows} - {None})
    return render(
        request,
        "web/imports.html",
        {
            "page": page,
            "rows": [(run, what_of(run), who_of(run, people)) for run in page.rows],
        },
    )


@takes_files
@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The upload, with the template and the notes on each column (LAC2, LAC3, LAC17)."""
    chosen = request.GET.get("kind", "")
    first = {"kind": chosen} if chosen in KINDS else None
    form = (
        UploadForm(request.POST, request.FILES)
        if request.method == "POST"
        else UploadForm(initial=first)
    )
    if request.method == "POST":
        if was_too_large(request):
            form.errors.pop("file", None)
            form.add_error("file", TOO_LARGE)
        elif form.is_valid():
            try:
                return redirect("import", _receive(request, form.cleaned_data).pk)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
    return render(
        request,
        "web/import_new.html",
        {"form": form, "kinds": [KINDS[code] for code in ORDER], "roles": ROLES.values()},
    )


def _receive(request: HttpRequest, given: dict[str, Any]) -> Import:
    return runs.receive(
        kind=given["kind"],
        role=given["role"],
        filename=given["file"].name,
        content=given["file"],
        by=actor(request),
    )


@only_super_user
@require_safe
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """The blank CSV of a kind."""
    found = KINDS.get(kind)
    if found is None:
        raise Http404
    response = HttpResponse(found.template(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}-template.csv"'
    return response


@only_super_user
@require_safe
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """One import, whatever its state."""
    return page(request, there(import_id))


def page(request: HttpRequest, run: Import, failed: str = "") -> HttpResponse:
    """The page of an import; ``failed``: why what was asked for could not be done."""
    if run.state in WORKING:
        return render(request, "web/import_working.html", {"run": run, "what": what_of(run)})
    if request.headers.get("HX-Request"):
        # The page that waited asks again: it is to be loaded anew, for all of it is different.
        return HttpResponse(headers={"HX-Refresh": "true"})
    groups = findings.grouped(run, reader=visitor(request).pk)
    told = findings.pupils_in(groups)
    changes = first_changes(request, run, told)
    kept = import_people.kept(request, run, told=told) if run.state == State.UNDONE else []
    import_people.note_told(request, run, told)
    summary = run.summary
    return render(
        request,
        "web/import.html",
        {
            "run": run,
            "what": what_of(run),
            "who": who_of(run, User.objects.in_bulk({run.actor_id} - {None})),
            "failed": failed,
            "summary": summary,
            "good": sum(summary.get(name, 0) for name in ("created", "updated", "unchanged")),
            "useful": sum(summary.get(name, 0) for name in ("created", "updated")),
            "is_waiting": run.state in WAITING,
            "faults": findings.of_kind(groups, Severity.FAULT),
            "questions": findings.of_kind(groups, Severity.QUESTION),
            "warnings": findings.of_kind(groups, Severity.WARNING),
            "yes": findings.YES,
            "said_yes": bool(run.options.get("yes")),
            "changes": changes,
            "kept": kept,
        },
        status=409 if failed else 200,
    )


def first_changes(request: HttpRequest, run: Import, told: set[int]) -> list[import_people.Change]:
    """The first of those who gain or lose access, where they are quickly found."""
    summary = run.summary
    if run.state not in WAITING or summary.get("rows", 0) > SHOWN_AT_ONCE:
        return []
    if not summary.get("gained") and not summary.get("lost"):
        return []
    try:
        return import_people.changes(request, run, after=0, limit=FIRST_CHANGES, told=told)
    except Refusal:
        return []  # the file was deleted after a while; what was found in it is still shown


def there(import_id: int) -> Import:
    """The import; Http404 when there is none."""
    found = Import.objects.filter(pk=import_id).first()
    if found is None:
        raise Http404
    return found


def what_of(run: Import) -> str:
    """What the file of an import holds, in words."""
    kind: Kind | None = KINDS.get(run.kind)
    name = kind.name if kind else run.kind.capitalize()
    return f"{name}: {ROLES[run.role].name}" if run.role in ROLES else name


def who_of(run: Import, people: dict[int, User]) -> str:
    """Who brought the file, in words."""
    user = people.get(run.actor_id or 0)
    return str(user) if user else run.actor.capitalize()
