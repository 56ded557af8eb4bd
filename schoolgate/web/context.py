"""What every page's frame shows: the organisation's name, and the way to the other pages."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from schoolgate.kit.dates import moment_in_words
from schoolgate.schools.models import Establishment, Organisation
from schoolgate.web.entering import standing_of
from schoolgate.web.permissions import (
    authority,
    has_usage_only,
    is_child,
    is_family,
    is_family_only,
    is_in,
    is_super_user,
)
from schoolgate.web.theme import FIRST_COLOUR

PRODUCT = "Schoolgate"


@dataclass(frozen=True)
class Step:
    """One entry of the navigation."""

    name: str
    address: str
    is_current: bool


def organisation(request: HttpRequest) -> dict[str, Any]:
    """The organisation, and the navigation of whoever is signed in."""
    found = Organisation.objects.order_by("pk").first()
    here: dict[str, Any] = {
        "organisation": found,
        "organisation_name": (found.name if found else "") or PRODUCT,
        "product": PRODUCT,
        "colour": (found.colour if found else None) or FIRST_COLOUR,
        "is_repainted": bool(found and found.colour and found.colour != FIRST_COLOUR),
    }
    known = standing_of(request)
    if known is None or not is_in(request):
        return here
    if known.due_at:
        here["factor_due"] = moment_in_words(known.due_at)
    super_user = is_super_user(request)
    top: list[tuple[str, str, tuple[str, ...]]] = [("My pupils", "pupils", ("/pupils/",))]
    if super_user:
        top.insert(0, ("Who is missing", "home", ("/missing/",)))
        top.append(("Establishments", "establishments", ("/establishments/",)))
        top.append(("Settings", "users", ("/settings/", "/usage/")))
    mine = authority(request)
    if has_usage_only(request) or is_family_only(request):
        top = []
    if is_family(request):
        top.append(("My page" if is_child(request) else "My children", "children", ("/children/",)))
    if mine.finance:
        top.append(("Usage and billing", "usage", ("/usage/",)))
    if mine.any and not super_user:
        top.append(("My school", "my-school", ("/school/",)))
    here["navigation"] = _steps(request, top)
    if school := getattr(request, "school", None):
        here["sub_navigation"] = school_steps(request, school)
        here["sub_navigation_name"] = school.name
    if request.path.startswith("/account/"):
        here["sub_navigation"] = _account_steps(request)
        here["sub_navigation_name"] = "My account"
    if super_user and request.path.startswith(("/settings/", "/usage/")):
        here["sub_navigation"] = _steps(
            request,
            [
                ("Users", "users", ("/settings/users/",)),
                ("Roles", "roles", ("/settings/roles/",)),
                ("Parents", "parent-access", ("/settings/parents/", "/settings/licences/")),
                ("Restrictions", "restrictions", ("/settings/restrictions/",)),
                ("Imports", "imports", ("/settings/imports/",)),
                ("Mail", "mail", ("/settings/mail/",)),
                ("Usage", "usage", ("/usage/",)),
                ("Sign-ins", "sign-ins", ("/settings/sign-ins/",)),
                ("Events", "events", ("/settings/events/",)),
                ("Severed", "severed", ("/settings/severed/",)),
                ("Organisation", "organisation", ("/settings/organisation/",)),
            ],
        )
    return here


def school_steps(request: HttpRequest, school: Establishment) -> list[Step]:
    """The pages of a school that the person who asks may open; a view of one sets
    ``request.school`` for them to be shown."""
    pages = [("Subject areas", "school-subjects"), ("Classes", "school-classes")]
    if authority(request).runs(school.pk):
        pages.insert(0, ("Staff", "school-staff"))
    steps = []
    for name, view in pages:
        address = reverse(view, args=[school.pk])
        steps.append(Step(name, address, request.path.startswith(address)))
    return steps


def _account_steps(request: HttpRequest) -> list[Step]:
    pages = [
        ("Details", "account"),
        ("Password", "account-password"),
        ("Second factors", "account-factors"),
        ("Other accounts", "account-providers"),
        ("Devices", "account-sessions"),
        ("Notices", "account-notices"),
    ]
    details = (reverse("account"), reverse("account-details"))
    steps = []
    for name, view in pages:
        address = reverse(view)
        here = request.path in details if view == "account" else request.path.startswith(address)
        steps.append(Step(name, address, here))
    return steps


def _steps(request: HttpRequest, entries: list[tuple[str, str, tuple[str, ...]]]) -> list[Step]:
    return [
        Step(
            name,
            reverse(view),
            # What stands first is the start page.
            (request.path == "/" and place == 0) or request.path.startswith(beginnings),
        )
        for place, (name, view, beginnings) in enumerate(entries)
    ]
