"""Settings > Events: the audit log, newest first, filtered, and as a file (NEW13)."""

from collections.abc import Iterator, Sequence
from io import StringIO

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.audit.actions import exported, viewed
from schoolgate.audit.models import Event, EventBatch
from schoolgate.kit import csv_text
from schoolgate.web.event_words import Names, told
from schoolgate.web.forms.events import EventFilters
from schoolgate.web.paging import beyond, page_of
from schoolgate.web.permissions import actor, only_super_user, visitor

SIZE = 50
CHUNK = 2_000
ORDER = ("-batch_id", "-n")
HEADINGS = ["Event", "When", "Who", "What", "Which record"]
_BOM = "\ufeff"  # tells a spreadsheet that the file is UTF-8


@only_super_user
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Who did what, when, to which record. Children are named as far as the reader sees them."""
    filters = EventFilters(request.GET, pupils=scope.pupils_visible_to(visitor(request).pk))
    page = page_of(request, [filters.applied()], ORDER, size=SIZE)
    batches = EventBatch.objects.in_bulk({event.batch_id for event in page.rows})
    names = Names(visitor(request).pk, page.rows, batches)
    named = {*names.pupils, *(pupil.pk for pupil in filters.children)}
    viewed(by=actor(request), kind="events", object_id=None, pupil_ids=sorted(named))
    return render(
        request,
        "web/events.html",
        {
            "page": page,
            "told": told(page.rows, batches, names),
            "filters": filters,
            "export": request.GET.urlencode(),
        },
    )


@only_super_user
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The same events as CSV, all of them, safe to open in a spreadsheet (S49, S54)."""
    reader = visitor(request).pk
    filters = EventFilters(request.GET, pupils=scope.pupils_visible_to(reader))
    found = filters.applied()
    last = EventBatch.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = found.filter(batch_id__lte=last)  # the file itself is an event, and not in it
    about = found.filter(pupil_id__isnull=False).values("pupil_id")
    named = scope.pupils_visible_to(reader).filter(pk__in=about).values_list("pk", flat=True)
    exported(by=actor(request), kind="events", pupil_ids=sorted(named))
    response = StreamingHttpResponse(_csv(found, reader), content_type="text/csv; charset=utf-8")
    name = f"events-{timezone.localdate().isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv(found: QuerySet[Event], reader: int) -> Iterator[bytes]:
    """The file in pieces: so many events at a time, by key, each piece in a handful of queries."""
    yield _lines([HEADINGS], start=_BOM)
    rest = found.order_by(*ORDER)
    while chunk := list(rest[:CHUNK]):
        yield _lines(_rows(chunk, reader))
        end = {"batch_id": chunk[-1].batch_id, "n": chunk[-1].n}
        rest = found.order_by(*ORDER).filter(beyond(ORDER, end))


def _rows(events: Sequence[Event], reader: int) -> list[list[str]]:
    batches = EventBatch.objects.in_bulk({event.batch_id for event in events})
    return [
        [
            f"{one.batch.position}.{one.event.n}",
            f"{timezone.localtime(one.batch.at):%Y-%m-%d %H:%M:%S}",
            one.who.name,
            one.what,
            ", ".join(about.name for about in one.about),
        ]
        for one in told(events, batches, Names(reader, events, batches))
    ]


def _lines(rows: list[list[str]], *, start: str = "") -> bytes:
    out = StringIO(newline="")
    csv_text.write(out, rows)
    return (start + out.getvalue()).encode()
