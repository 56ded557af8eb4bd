"""A child's family and others with a licence, and a user's children: how they stand (ITS7).

Who may see which child is asked of access/scope.py; here is only what was given and is on record.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from schoolgate.access.holdings import denied
from schoolgate.access.models import Fact, FamilyFact, Grant, Restriction
from schoolgate.access.roles import LICENCE
from schoolgate.kit import dates
from schoolgate.kit.records import Ending


@dataclass(frozen=True)
class Connection:
    """A licence on record, with what is said between its user and its pupil.

    ``facts``: for each kind of fact in their order, what is said of it, the earliest first.
    ``restricted``: a restriction stands between the two on the day; ``inactive``: the user cannot
    sign in.
    """

    grant: Grant
    facts: dict[Fact, list[FamilyFact]]
    restricted: bool
    inactive: bool

    def standing(self) -> str:
        """A word for what can be changed of it; another one when anybody has (S57)."""
        ids = [one.pk for facts in self.facts.values() for one in facts]
        told = json.dumps([self.grant.pk, self.grant.relationship, ids])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def facts_in_words(self) -> list[tuple[str, list[str]]]:
        """Each kind of fact and what is said of it, in words; no words for what is not known."""
        return [(fact.label, [in_words(one) for one in said]) for fact, said in self.facts.items()]


def in_words(fact: FamilyFact) -> str:
    """What is said of a fact, and for which days."""
    until = f" until {dates.in_words(fact.ends_on)}" if fact.ends_on else ""
    since = dates.in_words(fact.starts_on)
    return f"{'Yes' if fact.holds else 'No'}, since {since}{until}"


def licences_over(pupil_id: int) -> QuerySet[Grant]:
    """The licences on record over a pupil, also those that have not begun or are over."""
    return _licences().filter(pupil_id=pupil_id).order_by("user__last_key", "user__first_key", "pk")


def licences_of(user_id: int) -> QuerySet[Grant]:
    """The licences on record of a user, over whatever pupils."""
    return _licences().filter(user_id=user_id)


def _licences() -> QuerySet[Grant]:
    live = Grant.objects.filter(
        ended_at__isnull=True, pupil__isnull=False, role__startswith=LICENCE, user__gone_at=None
    )
    return live.select_related("user", "pupil")


def connections(grants: Iterable[Grant], day: date) -> list[Connection]:
    """How these licences stand on ``day``, in the order given; in a few queries however many."""
    rows = list(grants)
    if not rows:
        return []
    users, pupils = {g.user_id for g in rows}, {g.pupil_id for g in rows}
    facts: dict[tuple[int, int | None], list[FamilyFact]] = {}
    found = FamilyFact.objects.filter(ended_at__isnull=True, user__in=users, pupil__in=pupils)
    for fact in found.order_by("starts_on", "pk"):
        facts.setdefault((fact.user_id, fact.pupil_id), []).append(fact)
    kept = set(
        Restriction.objects.filter(
            ended_at__isnull=True, user__in=users, pupil__in=pupils, starts_on__lte=day
        )
        .exclude(ends_on__lt=day)
        .values_list("user_id", "pupil_id")
    )
    shut = set(denied().filter(user__in=users))
    return [
        Connection(
            grant,
            _by_kind(facts.get((grant.user_id, grant.pupil_id), []), day),
            (grant.user_id, grant.pupil_id) in kept,
            grant.user_id in shut,
        )
        for grant in rows
    ]


def _by_kind(said: Sequence[FamilyFact], day: date) -> dict[Fact, list[FamilyFact]]:
    """What holds on the day or will, by kind; every kind is there."""
    known = [one for one in said if one.ends_on is None or one.ends_on >= day]
    return {fact: [one for one in known if one.fact == fact] for fact in Fact}


def removed_last(user_id: int, licence: str, pupil_id: int) -> Grant | None:
    """The licence that a person has removed last, if nobody has given it back since."""
    past = Grant.objects.filter(user_id=user_id, role=licence, pupil_id=pupil_id)
    last = past.exclude(ended_how=Ending.UNDONE).order_by("-pk").first()
    return last if last is not None and last.ended_how == Ending.REMOVED else None
