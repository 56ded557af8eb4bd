"""Who may open which page. Every view carries one of these decorators, outermost.

A test walks the URL resolver and fails on a view without one. Which children somebody sees is not
decided here but in access/scope.py, and by the views only asked.
"""

from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from schoolgate.access.authority import may_manage
from schoolgate.audit.actions import Actor, user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Organisation

View = Callable[..., HttpResponseBase]


class Permission(Enum):
    """Who may open a page, in a sentence each."""

    PUBLIC = "Anybody, signed in or not."
    DEMONSTRATION = "Anybody, in the demonstration. Anywhere else it does not exist."
    SIGNED_IN = "Whoever is signed in; what they see there is for scope to say."
    SUPER_USER = "An LA Super User. For anybody else who is signed in it does not exist (LAC1)."


def public(view: View) -> View:
    """Open to anybody."""
    return _marked(view, view, Permission.PUBLIC)


def in_demonstration(view: View) -> View:
    """Open to anybody in the demonstration; anywhere else it answers like a missing page."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_demonstration():
            raise Http404
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.DEMONSTRATION)


def signed_in(view: View) -> View:
    """Open to whoever is signed in; anybody else is led to the sign-in page."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.SIGNED_IN)


def only_super_user(view: View) -> View:
    """Open to LA Super Users; for others who are signed in it answers like a missing page."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if not is_super_user(request):
            raise Http404
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.SUPER_USER)


def permission_of(view: Any) -> Permission | None:
    """What the view declares; None when it was forgotten."""
    return getattr(view, "permission", None)


def may_open(request: HttpRequest, permission: Permission | None) -> bool:
    """Whether the person who asks may open a page with this permission."""
    match permission:
        case Permission.PUBLIC:
            return True
        case Permission.DEMONSTRATION:
            return is_demonstration()
        case Permission.SIGNED_IN:
            return bool(request.user.is_authenticated)
        case Permission.SUPER_USER:
            return is_super_user(request)
    return False


def is_demonstration() -> bool:
    """Whether this is the demonstration organisation, in which everybody is made up."""
    return Organisation.objects.filter(is_demonstration=True).exists()


def is_super_user(request: HttpRequest) -> bool:
    """Whether the person who asks is an LA Super User now. Asked once a request."""
    known: bool | None = getattr(request, "is_super_user", None)
    if known is None:
        known = request.user.is_authenticated and _manages(actor(request))
        request.is_super_user = known  # type: ignore[attr-defined]
    return known


def _manages(by: Actor) -> bool:
    try:
        may_manage(by)
    except Refusal:
        return False
    return True


def visitor(request: HttpRequest) -> User:
    """The user who is signed in. For views that are not public."""
    assert isinstance(request.user, User)  # noqa: S101 - the decorators have seen to it
    return request.user


def actor(request: HttpRequest) -> Actor:
    """The signed-in user as the one who acts."""
    return user_actor(visitor(request).pk)


def _marked(guarded: View, view: View, permission: Permission) -> View:
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return guarded(request, *args, **kwargs)

    opened.permission = permission  # type: ignore[attr-defined]
    return opened


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method == "GET" else "/"
    query = "" if back == "/" else "?" + urlencode({"next": back})
    return HttpResponseRedirect(reverse("sign-in") + query)
