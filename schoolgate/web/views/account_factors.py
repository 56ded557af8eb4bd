"""My second factors: which I have, and until when I need one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.sign_in import factors
from schoolgate.web.permissions import account_start, visitor


@account_start
@require_safe
def account_factors(request: HttpRequest) -> HttpResponse:
    """Open also while nothing else is (S25)."""
    kinds = factors.kinds(visitor(request).pk)
    return render(request, "web/account_factors.html", {"kinds": sorted(kinds)})
