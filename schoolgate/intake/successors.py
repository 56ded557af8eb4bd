"""The establishment that followed a closed one, by the GIAS links (which have cycles and gaps)."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from schoolgate.schools.models import Establishment, EstablishmentLink

_LONGEST_CHAIN = 12


def successors(urns: Iterable[str]) -> dict[str, list[str]]:
    """For each closed URN the open establishments that followed it, as "Name (URN)".

    Follows chains through further closed ones, both directions of the links; a successor that is
    not on the register is named by the link.
    """
    wanted = set(urns)
    edges: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    frontier = set(wanted)
    for _ in range(_LONGEST_CHAIN):
        found = set()
        for urn, to, name in _links(frontier):
            if to not in edges[urn]:
                edges[urn].add(to)
                found.add(to)
                names.setdefault(to, name)
        frontier = found - set(edges)
        if not frontier:
            break
    closed = {}
    for school in Establishment.objects.filter(urn__in=set(names) | wanted, gone_at__isnull=True):
        closed[school.urn] = school.is_closed
        names[school.urn] = school.name
    return {urn: _ends(urn, edges, names, closed) for urn in wanted}


def _links(urns: set[str]) -> Iterable[tuple[str, str, str]]:
    links = EstablishmentLink.objects.filter(
        Q(urn__in=urns, link_type__startswith="Successor")
        | Q(link_urn__in=urns, link_type__startswith="Predecessor")
    )
    for link in links:
        if link.link_type.startswith("Successor"):
            yield link.urn, link.link_urn, link.link_name
        else:
            yield link.link_urn, link.urn, ""


def _ends(
    start: str, edges: dict[str, set[str]], names: dict[str, str], closed: dict[str, bool]
) -> list[str]:
    seen, todo, ends = {start}, [start], []
    while todo:
        for to in sorted(edges.get(todo.pop(0), ())):
            if to in seen:
                continue
            seen.add(to)
            if closed.get(to, False):
                todo.append(to)
            else:
                ends.append(f"{names[to]} (URN {to})" if names.get(to) else f"URN {to}")
    return ends
