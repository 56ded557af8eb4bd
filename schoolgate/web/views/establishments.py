"""The register of establishments."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.kit.names import name_key
from schoolgate.schools.today import establishments as on_register
from schoolgate.web.paging import beginning, page_of
from schoolgate.web.permissions import only_super_user


@only_super_user
@require_safe
def establishments(request: HttpRequest) -> HttpResponse:
    """Establishments by name; search by name or URN."""
    sought = request.GET.get("q", "").strip()[:100]
    found = on_register()
    if sought:
        key = name_key(sought)
        wanted = Q(urn=sought)
        found = found.filter(wanted | beginning("name_key", key) if key else wanted)
    page = page_of(request, [found], ("name_key", "pk"))
    return render(
        request,
        "web/establishments.html",
        {"page": page, "q": sought, "search_label": "Search by name or URN"},
    )
