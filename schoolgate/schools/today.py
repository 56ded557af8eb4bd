"""The register as it stands today: for pages that show pupils."""

from datetime import date

from django.db.models import Prefetch, Q, QuerySet

from schoolgate.schools.models import (
    CareEpisode,
    Elsewhere,
    Enrolment,
    Establishment,
    IdentifierKind,
    Pupil,
    PupilIdentifier,
)


def holds(day: date) -> Q:
    """The dated records on record now that hold on ``day``."""
    open_ended = Q(ends_on__isnull=True) | Q(ends_on__gte=day)
    return Q(ended_at__isnull=True, starts_on__lte=day) & open_ended


def with_register(pupils: QuerySet[Pupil], day: date) -> QuerySet[Pupil]:
    """``pupils`` with what a list shows of each, in three queries however many they are.

    See :func:`upn`, :func:`schools` and :func:`in_care_since` for reading it.
    """
    return with_schools(pupils, day).prefetch_related(
        Prefetch(
            "identifiers",
            PupilIdentifier.objects.filter(kind=IdentifierKind.UPN, ended_at__isnull=True),
            to_attr="upns_today",
        ),
        Prefetch(
            "care_episodes",
            CareEpisode.objects.filter(holds(day)).order_by("starts_on", "pk"),
            to_attr="episodes_today",
        ),
    )


def with_schools(pupils: QuerySet[Pupil], day: date) -> QuerySet[Pupil]:
    """``pupils`` with where each is on roll and no more, in one query; see :func:`schools`."""
    enrolled = Enrolment.objects.filter(holds(day)).select_related("establishment")
    return pupils.prefetch_related(
        Prefetch("enrolments", enrolled.order_by("-starts_on", "-pk"), to_attr="enrolments_today")
    )


def upn(pupil: Pupil) -> str:
    """The UPN of a pupil from :func:`with_register`; blank when there is none."""
    return pupil.upns_today[0].value if pupil.upns_today else ""  # type: ignore[attr-defined]


def schools(pupil: Pupil) -> list[str]:
    """Where a pupil from :func:`with_register` is on roll today, in words."""
    found: list[Enrolment] = pupil.enrolments_today  # type: ignore[attr-defined]
    return [place_of(enrolment) for enrolment in found]


def establishments_of(pupil: Pupil) -> list[Establishment]:
    """The establishments where a pupil from :func:`with_register` is on roll today."""
    found: list[Enrolment] = pupil.enrolments_today  # type: ignore[attr-defined]
    return [enrolment.establishment for enrolment in found if enrolment.establishment is not None]


def in_care_since(pupil: Pupil) -> date | None:
    """Since when a pupil from :func:`with_register` has been in care; None when they are not."""
    found: list[CareEpisode] = pupil.episodes_today  # type: ignore[attr-defined]
    return found[0].starts_on if found else None


def place_of(enrolment: Enrolment) -> str:
    """Where a pupil is, in words: the name of the establishment, or why there is none."""
    if enrolment.establishment is not None:
        return enrolment.establishment.name
    return str(Elsewhere(enrolment.elsewhere).label).capitalize()


def establishments() -> QuerySet[Establishment]:
    """The establishments on the register, closed ones too."""
    return Establishment.objects.filter(gone_at__isnull=True)
