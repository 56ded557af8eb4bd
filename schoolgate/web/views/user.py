"""One user: what they hold, from where, since when; and whom they see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.access.holdings import grants_of, holdings, users_with_status
from schoolgate.access.merging import merged_with
from schoolgate.access.models import Denial, Grant
from schoolgate.access.own_roles import known_roles, linked_by_hand
from schoolgate.access.roles import DESIGNATED_TEACHER, LICENCE, ROLES, Opens, Role
from schoolgate.audit.actions import viewed
from schoolgate.outbox.queries import last_problems
from schoolgate.people.models import User
from schoolgate.schools import today as register
from schoolgate.schools.models import Establishment
from schoolgate.web import words
from schoolgate.web.paging import page_of, sought
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.family import children_of
from schoolgate.web.views.pupils import ORDER, line, named
from schoolgate.web.views.users import status_of

LINKS_ON_A_PAGE = 50


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
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    """One user: details, what they were given, and how many pupils they see by it."""
    person, day = there(user_id), timezone.localdate()
    held = grants_of(person.pk)
    # Licences are links to children, in a list of their own.
    links = held.filter(pupil__isnull=False).exclude(role__startswith=LICENCE)
    mine = scope.pupils_visible_to(visitor(request).pk)
    children, named_too = children_of(request, person, mine)
    # Pupils kept from the reader come last: their place among the names would tell of theirs.
    page = page_of(
        request,
        [links.filter(pupil__in=mine), links.exclude(pupil__in=mine)],
        ("pupil__last_key", "pupil__first_key", "pk"),
        ("pk",),
        size=LINKS_ON_A_PAGE,
    )
    wider = list(held.filter(pupil__isnull=True).order_by("role", "starts_on", "pk"))
    ids = {id_ for grant in page.rows if (id_ := grant.pupil_id)}
    known = mine.filter(pk__in=ids)
    visible = set(known.values_list("pk", flat=True))
    origins, named = words.Origins([*wider, *page.rows]), known_roles()
    denials = list(denials_of(person))
    viewed(
        by=actor(request), kind="user", object_id=person.pk, pupil_ids=sorted(visible | named_too)
    )
    return render(
        request,
        "web/user.html",
        {
            "person": person,
            "status": status_of(person),
            "holding": holdings([person.pk], day, reader_id=visitor(request).pk)[person.pk],
            "mail_problem": last_problems([person.pk]).get(person.pk, ""),
            "can_invite": _can_invite(person),
            "assigns": _assigns(wider, page.rows, named),
            "roles": _held(wider, origins, visible, named),
            "links": _held(page.rows, origins, visible, named),
            "page": page,
            "schools": _schools(wider),
            "denial": next((one for one in denials if one.establishment is None), None),
            "sleeping": [one for one in denials if one.establishment is not None],
            "today": day,
            "merged_with": merged_with(person.pk),
            **children,
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
            "lines": [line(pupil, care=True) for pupil in page.rows],
            "page": page,
            "q": wanted,
            "search_label": "Search by last name or UPN",
            "reasons": _reasons(person, list(grants_of(person.pk).filter(pupil__isnull=True))),
            "assigns": grants_of(person.pk).filter(role__in=_by_hand(known_roles())).exists(),
        },
    )


def there(user_id: int) -> User:
    """The user; Http404 when there is none."""
    found = users_with_status().select_related("workplace").filter(pk=user_id).first()
    if found is None:
        raise Http404
    return found


def denials_of(person: User) -> QuerySet[Denial]:
    """Where the user is inactive: over the organisation, or at establishments."""
    live = Denial.objects.filter(user=person, ended_at__isnull=True)
    return live.select_related("establishment").order_by("pk")


def _can_invite(person: User) -> bool:
    """Whether an invitation can go to the user: they have an address and no sign-in yet."""
    denied: bool = person.is_denied  # type: ignore[attr-defined]
    return bool(person.email) and not person.is_set_up and not denied


def _schools(wider: Sequence[Grant]) -> list[Establishment]:
    """The schools among whose staff the user's levels are set."""
    there = {grant.establishment for grant in wider if grant.establishment is not None}
    return sorted(there, key=lambda school: (school.name_key, school.pk))


def _assigns(wider: Sequence[Grant], links: Sequence[Grant], known: Mapping[str, Role]) -> bool:
    """Whether a role is held to which pupils are linked by hand."""
    codes = _by_hand(known)
    return any(grant.role in codes for grant in (*wider, *links))


def _by_hand(known: Mapping[str, Role]) -> set[str]:
    return {role.code for role in linked_by_hand(known)}


def _reasons(person: User, wider: Sequence[Grant]) -> list[str]:
    """Why the list is what it is, where nobody selects it by hand (LAC10)."""
    held = {grant.role for grant in wider}
    if any(role.opens is Opens.EVERY_PUPIL for c, role in ROLES.items() if c in held):
        return [f"{person} sees every pupil on the register. Nobody adds or removes them by hand."]
    if DESIGNATED_TEACHER.code in held:
        schools = sorted({g.establishment.name for g in wider if g.establishment})
        place = " and ".join(schools) or "the school of a Designated Teacher, not known yet"
        return [
            f"As Designated Teacher, {person} sees the pupils who are in care now and on roll now"
            f" at {place}. They follow from the register, and nobody adds or removes them by hand."
        ]
    return []


def _held(
    grants: Sequence[Grant],
    origins: words.Origins,
    visible: set[int],
    known: Mapping[str, Role],
) -> list[Held]:
    return [
        Held(
            grant,
            words.role_name(grant.role, known),
            words.place(grant),
            str(grant.pupil) if grant.pupil_id in visible else "",
            origins.of(grant),
        )
        for grant in grants
    ]
