"""Every route of the URL resolver, with what a test needs to walk them all.

A route that is not in `ROUTES` fails the walk: whoever adds one says here with whose objects it is
visited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import runs
from schoolgate.people.actions import make_set_up_link
from schoolgate.web.permissions import permission_of
from tests import factories
from tests.web.files import a_stream

if TYPE_CHECKING:
    from schoolgate.intake.models import Import
    from schoolgate.web.permissions import Permission
    from tests.cast import Cast

MISSING = 987_654


@dataclass(frozen=True)
class Route:
    """A route: its name, who may open it, and the names of its arguments."""

    name: str
    permission: Permission | None
    arguments: tuple[str, ...]


def routes() -> Iterator[Route]:
    """Every route there is."""
    yield from _within(get_resolver())


def _within(resolver: URLResolver) -> Iterator[Route]:
    for part in resolver.url_patterns:
        if isinstance(part, URLResolver):
            yield from _within(part)
        elif isinstance(part, URLPattern):
            yield Route(
                str(part.name), permission_of(part.callback), tuple(part.pattern.converters)
            )


@dataclass
class World:
    """Objects of school A (Abbey) and of school B (Brook), for a teacher at A."""

    cast: Cast
    run: Import
    token: str
    restriction_id: int
    grant_id: int

    def address(self, route: Route, *, pupil: int, user: int | None = None) -> str:
        """The route's address for this pupil; everything else is there."""
        values: dict[str, Any] = {
            "pupil_id": pupil,
            "user_id": user or self.cast.sara.pk,
            "restriction_id": self.restriction_id,
            "grant_id": self.grant_id,
            "import_id": self.run.pk,
            "token": self.token,
            "kind": "users",
        }
        return reverse(route.name, kwargs={name: values[name] for name in route.arguments})

    def missing(self, route: Route) -> str:
        """The route's address with numbers that nothing has."""
        values = dict.fromkeys(route.arguments, MISSING)
        return reverse(route.name, kwargs=values)


def a_world(cast: Cast) -> World:
    """One of everything that a route can be about."""
    restriction = factories.restriction(cast.noor, cast.amira, reason="Order of Brook")
    run = runs.receive(
        kind="users",
        role="social_worker",
        filename="people.csv",
        content=a_stream(f"Grace,Okoro,,grace@x.example,,,{cast.carys.identifiers.get().value},,,"),
        by=cast.as_ada,
    )
    runs.check(run.pk)
    return World(
        cast,
        run,
        make_set_up_link(by=SYSTEM),
        restriction.pk,
        Grant.objects.get(user=cast.sara, pupil=cast.amira).pk,
    )


# What a valid form of each route that takes one holds; a route that takes none is not here.
FORMS: dict[str, dict[str, Any]] = {
    "sign-in": {"name": "dora@abbey.example", "password": "correct horse battery staple"},
    "sign-out": {},
    "set-up": {
        "organisation": "Northshire", "first_name": "New", "last_name": "Admin",
        "email": "new@council.example", "password": "correct horse battery staple",
    },
    "why-ask": {"user": "dora@abbey.example", "on": ""},
    "restriction-add": {
        "user": "theo@brook.example", "reason": "Order", "starts_on": "", "ends_on": "",
    },
    "restriction-lift": {},
    "grant-remove": {},
    "user-make-inactive": {},
    "user-reactivate": {},
    "import-new": {"kind": "users", "role": "social_worker"},
    "import-apply": {},
    "import-recheck": {"yes": "yes"},
    "import-cancel": {},
    "import-undo": {},
}  # fmt: skip
# Routes that take a form only, and show nothing.
FORM_ONLY = {"sign-out", "import-apply", "import-recheck", "import-cancel"}
