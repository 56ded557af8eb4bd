"""Finding the establishment that somebody means: by name, town or URN (LAC8)."""

import re

from django.db.models import Q, QuerySet

from schoolgate.kit.names import name_key
from schoolgate.kit.prefix import beginning
from schoolgate.schools.models import Establishment
from schoolgate.schools.today import establishments as on_register

AT_MOST = 20
_URN = re.compile(r"\bURN\s*([0-9]{5,6})\b", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


def described(school: Establishment) -> str:
    """An establishment in one line that is one's own: many schools share a name."""
    place = ", ".join(filter(None, [school.name, school.town, school.postcode]))
    closed = ", closed" if school.is_closed else ""
    return f"{place} (URN {school.urn}{closed})"


def called(text: str, limit: int = AT_MOST) -> list[Establishment]:
    """The establishments that ``text`` may mean, open ones first, at most ``limit``.

    A URN or its beginning; what :func:`described` says of one; the beginning of a name, or of a
    town; a name and a town with a comma between them.
    """
    text = text.strip()
    if whole := _URN.search(text):
        return list(on_register().filter(urn=whole[1])[:limit])
    if _NUMBER.fullmatch(text):
        return _first(on_register().filter(beginning("urn", text)).order_by("urn"), limit)
    name, _, town = (part.strip() for part in text.partition(","))
    key = name_key(name)
    if not key:
        return []
    named = on_register().filter(beginning("name_key", key))
    if town:
        return _first(named.filter(_in(town)), limit) or _first(named, limit)
    found = _first(named, limit)
    if len(found) < limit and len(key) > 2:
        known = {school.pk for school in found}
        there = on_register().filter(_in(name)).exclude(pk__in=known)
        found += _first(there, limit - len(found))
    return sorted(found, key=lambda school: school.is_closed)


def _in(town: str) -> Q:
    return Q(town__istartswith=town) | Q(postcode__istartswith=town)


def _first(schools: QuerySet[Establishment], limit: int) -> list[Establishment]:
    found = schools if schools.ordered else schools.order_by("name_key", "pk")
    return sorted(found[:limit], key=lambda school: school.is_closed)
