"""My school > Classes > one of them: its subject area, teachers and pupils."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.access.class_lists import classes_for, pupils_in, subjects_of, teachers_of
from schoolgate.audit.actions import viewed
from schoolgate.schools.models import Establishment
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, authority, leads_in_school, visitor
from schoolgate.web.views.staff_form import areas_of

ORDER = ("last_key", "first_key", "pk")


@leads_in_school
@require_safe
def school_class(request: HttpRequest, school: Establishment, class_id: int) -> HttpResponse:
    """One class; of its pupils those whom the reader may see, by name and no more."""
    mine = authority(request)
    found = classes_for(mine, school.pk).filter(pk=class_id).first()
    if found is None:
        raise Http404
    page = page_of(request, [pupils_in(visitor(request).pk, found.pk)], ORDER)
    pupil_ids = [pupil.pk for pupil in page.rows]
    viewed(by=actor(request), kind="class", object_id=found.pk, pupil_ids=pupil_ids)
    return render(
        request,
        "web/school_class.html",
        {
            "school": school,
            "one": found,
            "runs": mine.runs(school.pk),
            "subject": subjects_of([found.pk]).get(found.pk),
            "areas": areas_of(school),
            "teachers": teachers_of([found.pk]).get(found.pk, []),
            "page": page,
        },
    )
