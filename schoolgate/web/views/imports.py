"""Settings > Imports: the list, and one import from its check to its undo."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access.own_roles import role_of
from schoolgate.intake import gains, held
from schoolgate.intake.columns import KINDS, Kind
from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import, State
from schoolgate.intake.progress import progress_of
from schoolgate.kit.dates import parse_day
from schoolgate.outbox import queries as outbox
from schoolgate.people import first_passwords
from schoolgate.people.models import User
from schoolgate.web.forms.imports import ApplyForm, FilterForm
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import only_super_user, visitor
from schoolgate.web.views import findings, import_people

WORKING = (State.CHECKING, State.APPLYING, State.UNDOING)
PATIENCE = timedelta(seconds=20)  # until it is said that nobody is at work
FIRST_ALONE = 10  # children whom a file of leavers would leave with nobody, on its page
FIRST_PEOPLE = 5  # whose access changes, on the page of the import
WAITING = (State.READY, State.NEEDS_PERSON)
APPLIED = (State.DONE, State.UNDONE)


@only_super_user
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """The imports, newest first: who, when, and what came of each."""
    form = FilterForm(request.GET)
    page = page_of(request, [form.narrow(Import.objects.all())], ("-pk",))
    people = people_of(page.rows)
    return render(
        request,
        "web/imports.html",
        {
            "page": page,
            "form": form,
            "is_narrowed": form.is_narrowed,
            "rows": [(run, what_of(run), who_of(run, people)) for run in page.rows],
        },
    )


@only_super_user
@require_safe
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """One import, whatever its state."""
    run = there(import_id)
    if at_work := working(request, run):
        return at_work
    if run.state in WAITING and asks_for_columns(run):
        return redirect("import-columns", run.pk)
    return page(request, run)


def asks_for_columns(run: Import) -> bool:
    """Whether somebody must say first which column is which."""
    return bool(run.summary.get("columns_missing") or run.summary.get("columns_unsure"))


def page(
    request: HttpRequest,
    run: Import,
    failed: str = "",
    *,
    typed: Mapping[str, str] | None = None,
    decision: ApplyForm | None = None,
) -> HttpResponse:
    """The page of an import.

    ``failed``: why what was asked for could not be done; ``typed``: what was sent to be mended
    meanwhile; ``decision``: the form that applies, where it could not be read.
    """
    if at_work := working(request, run, failed):
        return at_work
    groups = findings.grouped(run, reader=visitor(request).pk, typed=typed or {})
    told = findings.pupils_in(groups)
    is_waiting = run.state in WAITING
    context: dict[str, Any] = {
        **about(run),
        "failed": failed,
        "is_waiting": is_waiting,
        "has_rows": run.summary.get("rows", 0) > 0,
        "faults": findings.of_kind(groups, Severity.FAULT),
        "questions": findings.of_kind(groups, Severity.QUESTION),
        "warnings": findings.of_kind(groups, Severity.WARNING),
        "unread": _unread(groups),
    }
    if is_waiting:
        context |= _waiting(run, decision)
        first = gains.people_who_gain(run.pk, reader=visitor(request).pk, limit=FIRST_PEOPLE)
        context |= {"people": first.people, "more_people": first.following is not None}
        told |= import_people.children_of(first.people)
        if run.kind == "leavers":
            alone = held.left_with_nobody(run.pk, reader=visitor(request).pk, limit=FIRST_ALONE)
            context["alone"] = alone
            told |= {id_ for id_, _ in alone.children}
    if run.state == State.DONE and run.kind == "parents":
        context["waiting_passwords"] = first_passwords.waiting_of(run.pk)
    if run.state == State.DONE and run.kind in ("users", "parents"):
        context["mails"] = outbox.counts_of_import(run.pk)
        context["invite_on"] = parse_day(run.options.get("invite_on", ""))
    if word := run.options.get("over_brakes"):
        _, user_id = word["by"]
        context["word"] = {**word, "who": str(User.objects.get(pk=user_id)) if user_id else ""}
    if run.state == State.UNDONE:
        context["kept"] = import_people.kept(request, run, told=told)
    import_people.note_told(request, run, told)
    error = 409 if failed else 400 if decision and decision.errors else 200
    return render(request, "web/import.html", context, status=error)


def _waiting(run: Import, decision: ApplyForm | None) -> dict[str, Any]:
    """What the page shows of an import that waits for somebody's decision."""
    summary = run.summary
    due = summary.get("invitations", 0)
    return {
        "has_mail": outbox.mail_is_set_up(),
        "differences": _differences(run) if run.problem else [],
        "answers": findings.answered(run),
        "mended": run.mends.count(),
        "mended_rows": run.mends.order_by("row").values_list("row", flat=True).distinct()[:10],
        "good": sum(summary.get(name, 0) for name in ("created", "updated", "unchanged")),
        "useful": sum(summary.get(name, 0) for name in ("created", "updated")),
        "due": due,
        "form": decision or ApplyForm(initial={"invite": "now"}),
    }


_COUNTED = {
    "created": "Rows created",
    "updated": "Rows updated",
    "unchanged": "Rows unchanged",
    "refused": "Rows refused",
    "gained": "Access gained",
    "lost": "Access lost",
    "linked": "Links made",
    "unlinked": "Links ended",
}


def _differences(run: Import) -> list[str]:
    """What counts otherwise than in the preview that somebody wanted to be applied."""
    before: dict[str, int] = run.options.get("shown_summary", {})
    return [
        f"{words}: {before.get(name, 0):,} before, {run.summary.get(name, 0):,} now."
        for name, words in _COUNTED.items()
        if before and before.get(name, 0) != run.summary.get(name, 0)
    ]


def _unread(groups: Iterable[findings.Group]) -> list[str]:
    """Why the file as a whole could not be read, if it could not."""
    whole = ("unreadable", "no-rows")
    return [line.problem for group in groups if group.code in whole for line in group.lines]


def working(request: HttpRequest, run: Import, failed: str = "") -> HttpResponse | None:
    """The page that tells how far the work on an import has come; None when it is not at work.

    It asks again by itself, at the address where somebody waits; when the work is done, that page
    is loaded anew, for all of it is different.
    """
    if run.state in WORKING:
        here = (
            request.get_full_path() if request.method == "GET" else reverse("import", args=[run.pk])
        )
        return render(
            request,
            "web/import_working.html",
            {
                **about(run),
                "progress": progress_of(run.pk),
                "waits_long": timezone.now() - (run.asked_at or run.made_at) > PATIENCE,
                "here": here,
                "failed": failed,
            },
            status=409 if failed else 200,
        )
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return None


def there(import_id: int) -> Import:
    """The import; Http404 when there is none."""
    found = Import.objects.filter(pk=import_id).first()
    if found is None:
        raise Http404
    return found


def about(run: Import) -> dict[str, Any]:
    """What every page of an import says at its top."""
    return {
        "run": run,
        "name": run.filename or "A file",
        "what": what_of(run),
        "who": who_of(run, people_of([run])),
        "summary": run.summary,
        "seen": run.asked_at.isoformat() if run.asked_at else "",
    }


def what_of(run: Import) -> str:
    """What the file of an import holds, in words."""
    kind: Kind | None = KINDS.get(run.kind)
    name = kind.name if kind else run.kind.capitalize()
    return f"{name}: {role_of(run.role).name}" if run.role else name


def people_of(found: Iterable[Import]) -> dict[int, User]:
    """The users who brought these files, by id."""
    return User.objects.in_bulk({run.actor_id for run in found} - {None})


def who_of(run: Import, people: Mapping[int, User]) -> str:
    """Who brought the file, in words."""
    user = people.get(run.actor_id or 0)
    return str(user) if user else run.actor.capitalize()
