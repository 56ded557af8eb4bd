"""My school > Staff: the table (PP3 to PP5)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import runs_school


@runs_school
@require_safe
def staff(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The staff of a school."""
    return render(request, "web/staff.html", {"school": school})
