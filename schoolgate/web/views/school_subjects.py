"""My school > Subject areas."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import leads_in_school


@leads_in_school
@require_safe
def subjects(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The subject areas of a school."""
    return render(request, "web/school_subjects.html", {"school": school})
