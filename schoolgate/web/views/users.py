"""Settings > Users: the table, one user, and whom they see."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.access.holdings import Holding, grants_of, holdings, users_with_status
from schoolgate.access.models import Denial, Grant
from schoolgate.audit.actions import viewed
from schoolgate.kit.names import email_key, name_key
from schoolgate.people.models import User
from schoolgate.schools import today as register
from schoolgate.web import words
from schoolgate.web.paging import beginning, page_of, sought
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.pupils import ORDER, line, named

LINKS_ON_A_PAGE = 50


@dataclass(frozen=True)
class Row:
    """A user as the table shows them."""

    user: User
    status: str
    holding: Holding


@dataclass(frozen=True)
class Held:
    """A grant as a user's page shows it. ``pupil`` is blank where the reader may not see them."""

    grant: Grant
    role: str
    place: str
    pupil: str
    origin: words.Origin


@only_super_user
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """The table of users by last name."""
    wanted = sought(request)
    found = _called(users_with_status(), wanted)
    page = page_of(request, [found.select_related("workplace")], ("last_key", "first_key", "pk"))
    held = holdings([user.pk for user in page.rows], timezone.localdate())
    return render(
        request,
        "web/users.html",
        {
            "rows": [Row(user, status_of(user), held[user.pk]) for user in page.rows],
            "page": page,
            "q": wanted,
            "search_label": "Search by last name or e-mail address",
        },
    )


@only_super_user
@require_safe
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    """One user: details, what they were given, and how many pupils they see by it."""
    person, day = there(user_id), timezone.localdate()
    held = grants_of(person.pk)
    page = page_of(
        request,
        [held.filter(pupil__isnull=False)],
        ("pupil__last_key", "pupil__first_key", "pk"),
        size=LINKS_ON_A_PAGE,
    )
    wider = list(held.filter(pupil__isnull=True).order_by("role", "starts_on", "pk"))
    ids = {id_ for grant in page.rows if (id_ := grant.pupil_id)}
    known = scope.pupils_visible_to(visitor(request).pk).filter(pk__in=ids)
    visible = set(known.values_list("pk", flat=True))
    origins = words.Origins([*wider, *page.rows])
    viewed(by=actor(request), kind="user", object_id=person.pk, pupil_ids=sorted(visible))
    return render(
        request,
        "web/user.html",
        {
            "person": person,
            "status": status_of(person),
            "holding": holdings([person.pk], day)[person.pk],
            "roles": _held(wider, origins, visible),
            "links": _held(page.rows, origins, visible),
            "page": page,
            "denial": Denial.objects.filter(user=person, ended_at__isnull=True).first(),
            "today": day,
        },
    )


@only_super_user
@require_safe
def pupils_of(request: HttpRequest, user_id: int) -> HttpResponse:
    """The pupils whom a user sees, as far as the reader sees them too."""
    person, day = there(user_id), timezone.localdate()
    wanted = sought(request)
    mine = scope.pupils_visible_to(visitor(request).pk)
    theirs = scope.pupils_visible_to(person.pk)
    both = named(mine.filter(pk__in=theirs.values("pk")), wanted)
    page = page_of(request, [register.with_register(both, day)], ORDER)
    viewed(by=actor(request), kind="user", object_id=person.pk, pupil_ids=[p.pk for p in page.rows])
    return render(
        request,
        "web/user_pupils.html",
        {
            "person": person,
            "lines": [line(pupil) for pupil in page.rows],
            "page": page,
            "q": wanted,
            "search_label": "Search by last name or UPN",
        },
    )


def there(user_id: int) -> User:
    """The user; Http404 when there is none."""
    found = users_with_status().select_related("workplace").filter(pk=user_id).first()
    if found is None:
        raise Http404
    return found


def status_of(user: User) -> str:
    """The status of a user from ``users_with_status``."""
    if user.is_denied:  # type: ignore[attr-defined]
        return "Inactive"
    return "Active" if user.has_signed_in else "Not signed in yet"


def _called(users: QuerySet[User], wanted: str) -> QuerySet[User]:
    """Those whose last name, e-mail address or user name begins with ``wanted``."""
    if not wanted:
        return users
    address = email_key(wanted)
    found = beginning("email_key", address) | beginning("username_key", address)
    if key := name_key(wanted):
        found |= beginning("last_key", key)
    parts = [name_key(part) for part in wanted.replace(",", " ").split()]
    if len(parts) > 1 and parts[0] and parts[-1]:
        found |= beginning("first_key", parts[0]) & beginning("last_key", parts[-1])
        found |= beginning("first_key", parts[-1]) & beginning("last_key", parts[0])
    return users.filter(Q(found))


def _held(grants: Sequence[Grant], origins: words.Origins, visible: set[int]) -> list[Held]:
    return [
        Held(
            grant,
            words.role_name(grant.role),
            words.place(grant),
            str(grant.pupil) if grant.pupil_id in visible else "",
            origins.of(grant),
        )
        for grant in grants
    ]
