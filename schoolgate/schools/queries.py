"""Finding pupils on the register."""

from datetime import datetime

from django.db.models import Q, QuerySet

from schoolgate.kit.names import identifier_key
from schoolgate.schools.models import Pupil, PupilIdentifier


def identifiers_on_record(as_at: datetime | None = None) -> QuerySet[PupilIdentifier]:
    """The identifiers that pupils have now, or had on record at ``as_at``."""
    if as_at is None:
        return PupilIdentifier.objects.filter(ended_at__isnull=True)
    return PupilIdentifier.objects.filter(recorded_at__lte=as_at).filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=as_at)
    )


def pupils_identified(value: str, as_at: datetime | None = None) -> list[Pupil]:
    """The pupils with this identifier, of whatever kind: none, one, or (a mistake) several.

    With ``as_at``, those who had it at that moment; where nobody had, those who have it now.
    """
    key = identifier_key(value)
    if not key:
        return []
    if as_at is not None:
        then = Pupil.objects.filter(recorded_at__lte=as_at).filter(
            Q(gone_at__isnull=True) | Q(gone_at__gt=as_at)
        )
        if found := _identified(then, identifiers_on_record(as_at), key):
            return found
    return _identified(Pupil.objects.filter(gone_at__isnull=True), identifiers_on_record(), key)


def _identified(
    pupils: QuerySet[Pupil], identifiers: QuerySet[PupilIdentifier], key: str
) -> list[Pupil]:
    bearing = identifiers.filter(value_key=key).values("pupil_id")
    return list(pupils.filter(pk__in=bearing).order_by("pk"))
