"""My school > Classes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import leads_in_school


@leads_in_school
@require_safe
def classes(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The classes of a school."""
    return render(request, "web/school_classes.html", {"school": school})
