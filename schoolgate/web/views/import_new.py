"""Settings > Imports > Import a file, and "Bulk add users" (LAC2 to LAC4, LAC17)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.licences import every_licence
from schoolgate.access.own_roles import by_file
from schoolgate.access.roles import PARENT, ROLES
from schoolgate.intake import runs
from schoolgate.intake.columns import KINDS
from schoolgate.intake.models import Import
from schoolgate.intake.sources.limits import MAX_BYTES
from schoolgate.kit.refusal import Refusal
from schoolgate.web.forms.imports import ORDER, UploadForm
from schoolgate.web.permissions import actor, only_super_user
from schoolgate.web.uploads import takes_files, was_too_large

TOO_LARGE = f"Choose a file of {MAX_BYTES // 1024**2} MB or less, or split this one in parts."


@takes_files
@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The upload, with the template and the notes on each column.

    ``kind`` in the address: the page is for files of this kind; ``role``: chosen already.
    """
    kind = request.GET.get("kind", "")
    only = KINDS.get(kind)
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if was_too_large(request):
            form.errors.pop("file", None)
            form.add_error("file", TOO_LARGE)
        elif form.is_valid():
            try:
                return redirect("import", _receive(request, form.cleaned_data).pk)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
    else:
        role = request.GET.get("role", "")
        form = UploadForm(initial={"kind": kind, "role": role, "profile": role or PARENT.code})
    return render(
        request,
        "web/import_new.html",
        {
            "form": form,
            "only": only,
            "kinds": [only] if only else [KINDS[code] for code in ORDER],
            "roles": by_file().values() if only is None or only.code == "users" else (),
            "profiles": [one.role for one in every_licence().values()]
            if only is None or only.code == "parents"
            else (),
            "max_bytes": MAX_BYTES,
        },
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
    """The blank CSV of a kind; ``role`` in the address: for users of this role."""
    found = KINDS.get(kind)
    if found is None:
        raise Http404
    role = ROLES.get(request.GET.get("role", ""))
    text = found.template(role.code if role else "")
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"{role.code}-{kind}" if role else kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-template.csv"'
    return response
