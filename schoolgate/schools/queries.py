"""Finding pupils on the register."""

from datetime import datetime

from django.db.models import Q, QuerySet

from schoolgate.kit import bulk
from schoolgate.kit.names import identifier_key
from schoolgate.kit.records import Ending
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
        # Who was severed is nobody on past days either (NEW14).
        then = (
            Pupil.objects.filter(recorded_at__lte=as_at)
            .filter(Q(gone_at__isnull=True) | Q(gone_at__gt=as_at))
            .exclude(gone_how=Ending.SEVERED)
        )
        if found := _identified(then, identifiers_on_record(as_at), key):
            return found
    return _identified(Pupil.objects.filter(gone_at__isnull=True), identifiers_on_record(), key)


def _identified(
    pupils: QuerySet[Pupil], identifiers: QuerySet[PupilIdentifier], key: str
) -> list[Pupil]:
    bearing = identifiers.filter(value_key=key).values("pupil_id")
    return list(pupils.filter(pk__in=bearing).order_by("pk"))


def severed_keys() -> str:
    """A query (value_key) of the identifiers of pupils who were severed for good (NEW14).

    A file with one of them is refused in that row, and no pupil is given one. One that was put
    right before, and is another pupil's by now, is that pupil's.
    """
    return (
        "SELECT i.value_key FROM schools_pupil p JOIN schools_pupilidentifier i"
        f" ON i.pupil_id = p.id WHERE p.gone_how = '{Ending.SEVERED.value}'"
        " EXCEPT SELECT l.value_key FROM schools_pupilidentifier l WHERE l.ended_at IS NULL"
        " AND l.value_key IN (SELECT k.value_key FROM schools_pupil s"
        " JOIN schools_pupilidentifier k ON k.pupil_id = s.id"
        f" WHERE s.gone_how = '{Ending.SEVERED.value}')"
    )


def never_again() -> set[str]:
    """The same as a set: they are few."""
    return {key for (key,) in bulk.select(severed_keys())}
