"""Which column of the file is which of ours, where its headings differ (LAC4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.audit.actions import batch
from schoolgate.intake import decisions
from schoolgate.intake.columns import Kind, kind_of
from schoolgate.intake.shown import FileColumn, columns_of
from schoolgate.kit.names import heading_key
from schoolgate.kit.refusal import Refusal
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views import import_relation
from schoolgate.web.views.imports import WAITING, about, asks_for_columns, page, there, working

_FIELD = "column-"


@dataclass(frozen=True)
class Choice:
    """A column of the file and what it is taken for; ``chosen``: our heading, or blank."""

    place: int
    heading: str
    samples: list[str]
    chosen: str
    is_suggested: bool
    is_hidden: bool = False


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, import_id: int) -> HttpResponse:
    """Asks which column is which, and of parents by what their child is found; remembered for the
    next file with these headings."""
    run = there(import_id)
    if run.state not in WAITING:
        return working(request, run) or page(
            request, run, "Look at the import again: it does not wait for its columns any more."
        )
    found = _once(columns_of(run.pk, reader=visitor(request).pk))
    chosen = {
        column.place: request.POST.get(f"{_FIELD}{column.place}", "")
        if request.method == "POST"
        else column.field_heading or ("" if column.ignored else column.suggestion)
        for column in found
    }
    failed = ""
    section = import_relation.section_of(run, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.POST.get("step") != "count":
        wanted = {column.heading: chosen[column.place] for column in found if column.heading}
        try:
            _is_whole(kind_of(run.kind, run.role), chosen)
            with batch(by=actor(request)):
                decisions.match_columns(run.pk, by=actor(request), headings=wanted)
                if section is not None:
                    import_relation.save(run, section, by=actor(request))
        except Refusal as refusal:
            failed = str(refusal)
        else:
            return redirect("import", run.pk)
    kind = kind_of(run.kind, run.role)
    return render(
        request,
        "web/import_columns.html",
        {
            **about(run),
            "kind": kind,
            "choices": [
                Choice(
                    column.place,
                    column.heading,
                    column.samples,
                    chosen[column.place],
                    not column.field_heading and chosen[column.place] != "",
                    column.is_hidden,
                )
                for column in found
            ],
            "missing": _missing(kind, chosen),
            "section": section,
            "must_be_said": asks_for_columns(run),
            "is_remembered": any(column.remembered for column in found),
            "failed": failed,
        },
        status=400 if failed else 200,
    )


def _once(found: Sequence[FileColumn]) -> list[FileColumn]:
    """Columns of the same heading are told and chosen as one."""
    by_heading: dict[str, FileColumn] = {}
    for column in found:
        by_heading.setdefault(heading_key(column.heading), column)
    return list(by_heading.values())


def _missing(kind: Kind, chosen: dict[int, str]) -> list[str]:
    """Our headings that must be there, and are not chosen."""
    taken = set(chosen.values())
    return [c.heading for c in kind.columns if c.required and c.heading not in taken]


def _is_whole(kind: Kind, chosen: dict[int, str]) -> None:
    """Raises Refusal where a column is missing, or one of ours is chosen twice."""
    if missing := _missing(kind, chosen):
        raise Refusal(f"Say which column holds {' and which '.join(f'“{m}”' for m in missing)}.")
    once = [column.heading for column in kind.columns if not column.repeated]
    for heading in once:
        if sum(taken == heading for taken in chosen.values()) > 1:
            raise Refusal(f"Choose “{heading}” for one column only: it is chosen for several.")
