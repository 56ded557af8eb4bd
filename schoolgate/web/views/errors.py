"""The pages that say that something cannot be shown. They tell nothing about why (S14)."""

import sys

from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, ResolverMatch, resolve

from schoolgate.web.permissions import may_open, permission_of


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """There is no such page, or none for this person: the same bytes for both.

    An address that only lacks its last slash leads on, if it leads to a page for this person.
    """
    if request.method == "GET" and not request.path.endswith("/"):
        try:
            found = resolve(request.path + "/")
        except Resolver404:
            found = None
        if found and _may_open(request, found):
            query = request.META.get("QUERY_STRING", "")
            address = request.path.lstrip("/") + "/" + (f"?{query}" if query else "")
            return HttpResponseRedirect(f"/{address}")
    return render(request, "404.html", {"lost": True}, status=404)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the mark that shows it came from our page: 403.

    To somebody for whom the page does not exist it does not exist here either (LAC1).
    """
    found = request.resolver_match
    if request.user.is_authenticated and not (found and _may_open(request, found)):
        return not_found(request)
    return render(request, "403.html", {"lost": True}, status=403)


def _may_open(request: HttpRequest, found: ResolverMatch) -> bool:
    return may_open(request, permission_of(found.func), found.kwargs.get("school_id"))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """As :func:`forged`, when Django itself forbids."""
    return forged(request)


def bad_request(request: HttpRequest, exception: BadRequest | None = None) -> HttpResponse:
    """The request cannot be understood. Asks nothing of the request, whose host may be forged."""
    return HttpResponse(render_to_string("400.html"), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something failed. Asks nothing of the database, which may be what failed.

    Where it was only busy (on SQLite a large import keeps other writers waiting): 503.
    """
    if _was_busy(sys.exc_info()[1]):
        busy = HttpResponse(render_to_string("503.html"), status=503)
        busy.headers["Retry-After"] = "60"
        return busy
    return HttpResponse(render_to_string("500.html"), status=500)


def _was_busy(error: BaseException | None) -> bool:
    return isinstance(error, OperationalError) and "database is locked" in str(error)
