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
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from schoolgate.access.authority import Authority, authority_of, schools_led
from schoolgate.access.holdings import holds_only
from schoolgate.access.roles import FINANCE_MANAGER
from schoolgate.audit.actions import Actor, user_actor
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Organisation
from schoolgate.sign_in import sessions
from schoolgate.sign_in.models import UserSession
from schoolgate.web.entering import standing_of

View = Callable[..., HttpResponseBase]


class Permission(Enum):
    """Who may open a page, in a sentence each."""

    PUBLIC = "Anybody, signed in or not."
    DEMONSTRATION = "Anybody, in the demonstration. Anywhere else it does not exist."
    SIGNED_IN = "Whoever is signed in; what they see there is for scope to say."
    ACCOUNT_START = "The same, also while a second factor that is due has yet to be set up (S25)."
    FIRST_SIGN_IN = "Whoever signed in with a first password from a file, to choose theirs (S22)."
    FAMILY = "Whoever holds a licence over a pupil, a parent say. For others it does not exist."
    SUPER_USER = "An LA Super User. For anybody else who is signed in it does not exist (LAC1)."
    SCHOOLS = "Whoever manages staff somewhere, and LA Super Users. For others it does not exist."
    SCHOOL = "A School Admin of that school, or an LA Super User. For others it does not exist."
    USAGE = "A Finance Manager, and LA Super Users. For others it does not exist (PP9)."
    SUBJECTS = "The same, and Leaders in that school, who manage their own subject areas there."


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
        if not is_in(request):
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.SIGNED_IN)


def first_password(view: View) -> View:
    """Open to whoever signed in with a first password that came with a file, and to whom nothing
    else is open; others who are signed in are led on."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not has_first_password(request):
            return _to_sign_in(request) if not is_in(request) else redirect("home")
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.FIRST_SIGN_IN)


def account_start(view: View) -> View:
    """Open to whoever is signed in, also while nothing else is: the pages on which a second factor
    is set up, and those that lead there (S25)."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated or has_first_password(request):
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.ACCOUNT_START)


def confirmed(view: View) -> View:
    """Asks whoever has not proved lately who they are to do so first (ASVS 7.5.3). Written inside
    of the decorator that says who may open the page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if timezone.now() - current_session(request).confirmed_at > sessions.RECENT:
            query = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('account-confirm')}?{query}")
        return view(request, *args, **kwargs)

    return guarded


def only_super_user(view: View) -> View:
    """Open to LA Super Users; for others who are signed in it answers like a missing page."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_in(request):
            return _to_sign_in(request)
        if not is_super_user(request):
            raise Http404
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.SUPER_USER)


def of_family(view: View) -> View:
    """Open to whoever holds a licence over a pupil, and to who once did and holds nothing now: to
    them nothing tells of that."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_in(request):
            return _to_sign_in(request)
        if not is_family(request):
            raise Http404
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.FAMILY)


def sees_usage(view: View) -> View:
    """Open to Finance Managers, for the establishments of :func:`authority`, and to LA Super Users,
    for all."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_in(request):
            return _to_sign_in(request)
        if not may_see_usage(request):
            raise Http404
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.USAGE)


def manages_some_school(view: View) -> View:
    """Open to whoever manages staff somewhere: LA Super Users, School Admins and Leaders."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_in(request):
            return _to_sign_in(request)
        if not authority(request).any:
            raise Http404
        return view(request, *args, **kwargs)

    return _marked(guarded, view, Permission.SCHOOLS)


def runs_school(view: View) -> View:
    """Open to who manages the staff of the establishment in the address (``school_id``).

    The view gets the Establishment as ``school``.
    """
    return _marked(_of_a_school(view, Authority.runs), view, Permission.SCHOOL)


def leads_in_school(view: View) -> View:
    """Open to who manages the staff of the establishment, or leads a subject area there.

    The view gets the Establishment as ``school``; what a Leader may do there is for it to ask of
    :func:`authority`.
    """
    return _marked(_of_a_school(view, _runs_or_leads), view, Permission.SUBJECTS)


def _runs_or_leads(mine: Authority, school_id: int) -> bool:
    return mine.runs(school_id) or school_id in schools_led(mine)


def _of_a_school(view: View, may: Callable[[Authority, int], bool]) -> View:
    def guarded(
        request: HttpRequest, school_id: int, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not is_in(request):
            return _to_sign_in(request)
        mine = authority(request)
        if not mine.any or not may(mine, school_id):
            raise Http404
        school = Establishment.objects.filter(pk=school_id, gone_at__isnull=True).first()
        if school is None:
            raise Http404
        # For the frame of the page.
        request.school = school  # type: ignore[attr-defined]
        return view(request, *args, school=school, **kwargs)

    return guarded


def permission_of(view: Any) -> Permission | None:
    """What the view declares; None when it was forgotten."""
    return getattr(view, "permission", None)


def may_open(
    request: HttpRequest, permission: Permission | None, school_id: int | None = None
) -> bool:
    """Whether the person who asks may open a page with this permission; of a school: of this."""
    match permission:
        case Permission.PUBLIC:
            return True
        case Permission.DEMONSTRATION:
            return is_demonstration()
        case Permission.SIGNED_IN:
            return is_in(request)
        case Permission.ACCOUNT_START:
            return bool(request.user.is_authenticated) and not has_first_password(request)
        case Permission.FIRST_SIGN_IN:
            return has_first_password(request)
        case Permission.FAMILY:
            return is_family(request)
        case Permission.SUPER_USER:
            return is_super_user(request)
        case Permission.SCHOOLS:
            return is_in(request) and authority(request).any
        case Permission.SCHOOL:
            return _may_in(request, school_id, Authority.runs)
        case Permission.SUBJECTS:
            return _may_in(request, school_id, _runs_or_leads)
        case Permission.USAGE:
            return is_in(request) and may_see_usage(request)
    return False


def _may_in(
    request: HttpRequest, school_id: int | None, may: Callable[[Authority, int], bool]
) -> bool:
    if not is_in(request) or school_id is None:
        return False
    return may(authority(request), school_id)


def is_in(request: HttpRequest) -> bool:
    """Whether somebody is signed in to whom pages are open: a second factor that they must have
    is not overdue (S25), and their password is one that they chose (S22)."""
    known = standing_of(request)
    if known is None or known.has_first_password:
        return False
    return not known.is_overdue(timezone.now())


def has_first_password(request: HttpRequest) -> bool:
    """Whether somebody is signed in who must choose a password before anything else (S22)."""
    known = standing_of(request)
    return known is not None and known.has_first_password


def current_session(request: HttpRequest) -> UserSession:
    """The session of the user who is signed in. For views that are not public."""
    known = standing_of(request)
    assert known is not None  # noqa: S101 - the decorators have seen to it
    return known.session


def is_demonstration() -> bool:
    """Whether this is the demonstration organisation, in which everybody is made up."""
    return Organisation.objects.filter(is_demonstration=True).exists()


def is_super_user(request: HttpRequest) -> bool:
    """Whether the person who asks is an LA Super User now. Asked once a request."""
    return is_in(request) and authority(request).everything


def is_family(request: HttpRequest) -> bool:
    """Whether the person who asks has the pages of families."""
    known = standing_of(request)
    return known is not None and is_in(request) and known.is_family


def is_family_only(request: HttpRequest) -> bool:
    """Whether these are all they have: they hold no role of staff (ITS9)."""
    known = standing_of(request)
    return known is not None and is_in(request) and known.is_family_only


def is_child(request: HttpRequest) -> bool:
    """Whether, of licences, they hold that of a pupil alone: what they see is their own page."""
    known = standing_of(request)
    return known is not None and known.is_child


def may_see_usage(request: HttpRequest) -> bool:
    """Whether the person who is signed in is told of usage (PP9)."""
    mine = authority(request)
    return mine.everything or bool(mine.finance)


def has_usage_only(request: HttpRequest) -> bool:
    """Whether usage is all there is for the person who is signed in: they are Finance Manager, and
    hold nothing else. Asked once a request."""
    known: bool | None = getattr(request, "has_usage_only", None)
    if known is None:
        finance = bool(authority(request).finance)
        known = finance and holds_only(visitor(request).pk, FINANCE_MANAGER)
        request.has_usage_only = known  # type: ignore[attr-defined]
    return known


def authority(request: HttpRequest) -> Authority:
    """What the person who is signed in may manage now. Asked once a request."""
    known: Authority | None = getattr(request, "authority", None)
    if known is None:
        known = authority_of(actor(request))
        request.authority = known  # type: ignore[attr-defined]
    return known


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
    """To the sign-in page; whoever is signed in already, to where they choose a password or set up
    a second factor."""
    if has_first_password(request):
        return HttpResponseRedirect(reverse("first-password"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("account-factors"))
    back = request.get_full_path() if request.method == "GET" else "/"
    query = "" if back == "/" else "?" + urlencode({"next": back})
    return HttpResponseRedirect(reverse("sign-in") + query)
