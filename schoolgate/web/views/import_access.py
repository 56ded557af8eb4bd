"""Who would gain and lose access to whom: person by person, and child by child (NEW1).

Children whom the reader may not see are counted and not named (S35).
"""

from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.intake import gains, held
from schoolgate.intake.models import Import
from schoolgate.kit.refusal import Refusal
from schoolgate.web.paging import onwards, whole_number
from schoolgate.web.permissions import only_super_user, visitor
from schoolgate.web.views import import_people
from schoolgate.web.views.imports import WAITING, about, there, working

ON_A_PAGE = 50


@only_super_user
@require_safe
def people(request: HttpRequest, import_id: int) -> HttpResponse:
    """The people who gain or lose children; ``person``: the children of one of them."""
    run = there(import_id)
    if at_work := working(request, run):
        return at_work
    if run.state not in WAITING:
        return render(request, "web/import_access.html", about(run))
    reader, after = visitor(request).pk, whole_number(request, "after") or 0
    person = whole_number(request, "person")
    if person is None:
        found = gains.people_who_gain(run.pk, reader=reader, after=after, limit=ON_A_PAGE)
        import_people.note_told(request, run, import_people.children_of(found.people))
        context = {"people": found.people, "page": onwards(request, after, found.following)}
    else:
        try:
            of_one = gains.children_of_person(
                run.pk, reader=reader, person=person, after=after, limit=ON_A_PAGE
            )
        except Refusal as refusal:
            raise Http404 from refusal
        _note(request, run, (child.pupil_id for child in of_one.children))
        context = {"of_person": of_one, "page": onwards(request, after, of_one.following)}
    return render(request, "web/import_access.html", {**about(run), "is_waiting": True, **context})


@only_super_user
@require_safe
def pupils(request: HttpRequest, import_id: int) -> HttpResponse:
    """The children whom somebody comes to see, or sees no longer; ``pupil``: by whom; ``alone``:
    those whom leavers would leave with nobody."""
    run = there(import_id)
    if at_work := working(request, run):
        return at_work
    if run.state not in WAITING:
        return render(request, "web/import_access.html", about(run))
    reader, after = visitor(request).pk, whole_number(request, "after") or 0
    pupil = whole_number(request, "pupil")
    if run.kind == "leavers" and "alone" in request.GET:
        alone = held.left_with_nobody(run.pk, reader=reader, after=after, limit=ON_A_PAGE)
        _note(request, run, (id_ for id_, _ in alone.children))
        context = {"alone": alone, "page": onwards(request, after, alone.following)}
    elif pupil is None:
        found = gains.children_gained(run.pk, reader=reader, after=after, limit=ON_A_PAGE)
        _note(request, run, (line.pupil_id for line in found.children))
        context = {"children": found, "page": onwards(request, after, found.following)}
    else:
        try:
            of_one = gains.people_of_child(
                run.pk, reader=reader, child=pupil, after=after, limit=ON_A_PAGE
            )
        except Refusal as refusal:
            raise Http404 from refusal
        _note(request, run, [of_one.child.pupil_id])
        context = {"of_child": of_one, "page": onwards(request, after, of_one.following)}
    return render(request, "web/import_access.html", {**about(run), "is_waiting": True, **context})


def _note(request: HttpRequest, run: Import, ids: Iterable[int | None]) -> None:
    import_people.note_told(request, run, {id_ for id_ in ids if id_ is not None})
