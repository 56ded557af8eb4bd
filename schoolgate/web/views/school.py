"""My school: which one?"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from schoolgate.access.authority import schools_led
from schoolgate.schools.models import Establishment
from schoolgate.web.permissions import authority, manages_some_school


@manages_some_school
@require_safe
def my_school(request: HttpRequest) -> HttpResponse:
    """Leads to the one school where the reader manages something; of several, lets them choose.

    An LA Super User finds every school under Establishments.
    """
    mine = authority(request)
    if mine.everything:
        return HttpResponseRedirect(reverse("establishments"))
    ids = mine.schools | schools_led(mine)
    there = Establishment.objects.filter(pk__in=ids, gone_at__isnull=True)
    schools = [
        (school, reverse(_first_page(mine.runs(school.pk)), args=[school.pk]))
        for school in there.order_by("name_key", "pk")
    ]
    if len(schools) == 1:
        return HttpResponseRedirect(schools[0][1])
    return render(request, "web/my_school.html", {"schools": schools})


def _first_page(runs: bool) -> str:
    return "school-staff" if runs else "school-subjects"
