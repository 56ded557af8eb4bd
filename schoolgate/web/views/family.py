"""A child's family and others with a licence, and a user's children, as pages show them (ITS7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from schoolgate.access.family_list import Connection, connections, licences_of, licences_over
from schoolgate.access.held_links import waiting_at
from schoolgate.access.holdings import restrictions_of
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import known_roles
from schoolgate.access.roles import Role
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web import words
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import is_super_user

ON_A_PAGE = 50


@dataclass(frozen=True)
class Kin:
    """A connection as pages show it. ``state``: "Not yet", "Over" or blank; ``pupil``: blank where
    the reader may not see them."""

    connection: Connection
    licence: str
    state: str
    origin: words.Origin
    pupil: str

    @property
    def grant(self) -> Grant:
        """The licence itself."""
        return self.connection.grant


def family_of(request: HttpRequest, child: Pupil) -> dict[str, Any]:
    """The family of a child whom the reader sees, with everything of them."""
    here: dict[str, Any] = {"family": _kin(licences_over(child.pk), {child.pk})}
    if is_super_user(request):
        here["waiting"] = waiting_at(child.pk)
    return here


def children_of(
    request: HttpRequest, person: User, mine: QuerySet[Pupil]
) -> tuple[dict[str, Any], set[int]]:
    """A user's children, by page, and from whom they are kept; and whom of all these (ids) the page
    names: those of ``mine``, the pupils whom the reader sees."""
    links = licences_of(person.pk)
    # Children kept from the reader come last: their place among the names would tell of theirs.
    page = page_of(
        request,
        [links.filter(pupil__in=mine), links.exclude(pupil__in=mine)],
        ("pupil__last_key", "pupil__first_key", "pk"),
        ("pk",),
        size=ON_A_PAGE,
        names=("c-after", "c-before"),
    )
    ids = {id_ for grant in page.rows if (id_ := grant.pupil_id)}
    seen = set(mine.filter(pk__in=ids).values_list("pk", flat=True))
    kept = list(restrictions_of(person.pk).filter(pupil__in=mine))
    here = {"children": _kin(page.rows, seen), "children_page": page, "kept_from": kept}
    return here, seen | {one.pupil_id for one in kept}


def _kin(grants: Iterable[Grant], seen: set[int]) -> list[Kin]:
    rows, day = list(grants), timezone.localdate()
    if not rows:
        return []
    origins, known = words.Origins(rows), known_roles()
    return [_one(found, day, origins, known, seen) for found in connections(rows, day)]


def _one(
    found: Connection,
    day: date,
    origins: words.Origins,
    known: Mapping[str, Role],
    seen: set[int],
) -> Kin:
    grant = found.grant
    state = "Not yet" if grant.starts_on > day else ""
    if grant.ends_on is not None and grant.ends_on < day:
        state = "Over"
    pupil = str(grant.pupil) if grant.pupil_id in seen else ""
    licence = words.role_name(grant.role, known)
    return Kin(found, licence, state, origins.of(grant), pupil)
