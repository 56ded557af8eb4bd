"""Reading what happened at the doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from schoolgate.sign_in.models import Outcome, SignInEvent

# What somebody who should not come in leaves behind.
FAILURES = (Outcome.FAILED, Outcome.SECOND_FAILED, Outcome.TOO_MANY)


@dataclass(frozen=True)
class FailedOn:
    """How many tries failed on a day, by their outcome: one of FAILURES."""

    day: date
    by_outcome: Mapping[str, int]

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.by_outcome.values())


def failed_by_day(days: int) -> list[FailedOn]:
    """The tries that failed on each of the last ``days`` days, today last."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    found = (
        SignInEvent.objects.filter(at__gte=beginning_of(first), outcome__in=FAILURES)
        .annotate(day=TruncDate("at"))
        .values_list("day", "outcome")
        .annotate(count=Count("pk"))
        .order_by()
    )
    counts: dict[date, dict[str, int]] = {}
    for day, outcome, count in found:
        counts.setdefault(day, {})[outcome] = count
    every = [first + timedelta(days=number) for number in range(days)]
    return [FailedOn(day, counts.get(day, {})) for day in every]


def events_of(user_id: int) -> QuerySet[SignInEvent]:
    """What happened at the doors under a user's name, newest first."""
    return SignInEvent.objects.filter(user_id=user_id).order_by("-pk")


def beginning_of(day: date) -> datetime:
    """The moment at which a day begins where the organisation is."""
    return timezone.make_aware(datetime.combine(day, time.min))
