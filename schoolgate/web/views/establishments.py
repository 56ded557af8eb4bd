"""The register of establishments."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.kit.names import name_key
from schoolgate.schools.establishments import called, described
from schoolgate.schools.today import establishments as on_register
from schoolgate.web.paging import beginning, page_of, sought
from schoolgate.web.permissions import only_super_user


@only_super_user
@require_safe
def establishments(request: HttpRequest) -> HttpResponse:
    """Establishments by name; search by name or URN."""
    wanted = sought(request)
    found = on_register()
    if wanted:
        number, key = Q(urn=wanted), name_key(wanted)
        found = found.filter(number | beginning("name_key", key) if key else number)
    page = page_of(request, [found], ("name_key", "pk"))
    return render(
        request,
        "web/establishments.html",
        {"page": page, "q": wanted, "search_label": "Search by name or URN"},
    )


@only_super_user
@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """What a field for an establishment suggests for the words typed so far (LAC8)."""
    return JsonResponse({"found": [described(school) for school in called(sought(request))]})
