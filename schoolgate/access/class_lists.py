"""Classes with their teachers and pupils, as a reader may be told of them."""

from collections.abc import Collection

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from schoolgate.access import scope
from schoolgate.access.authority import Authority
from schoolgate.access.models import Grant
from schoolgate.access.roles import TEACHER
from schoolgate.people.models import User
from schoolgate.schools.models import (
    ClassMembership,
    ClassSubject,
    Enrolment,
    Pupil,
    SchoolClass,
    SubjectArea,
)
from schoolgate.schools.today import holds


def classes_for(mine: Authority, establishment_id: int) -> QuerySet[SchoolClass]:
    """The classes of an establishment that somebody with this authority is shown: all of them, or
    (for a Leader) those of their own subject areas."""
    there = SchoolClass.objects.filter(establishment_id=establishment_id, gone_at__isnull=True)
    if mine.runs(establishment_id):
        return there
    led = ClassSubject.objects.filter(
        holds(timezone.localdate()), subject_area_id__in=mine.subjects
    )
    return there.filter(pk__in=led.values("school_class_id"))


def subjects_of(class_ids: Collection[int]) -> dict[int, SubjectArea]:
    """The subject area of each class that belongs to one."""
    live = ClassSubject.objects.filter(
        holds(timezone.localdate()), school_class_id__in=class_ids
    ).select_related("subject_area")
    return {one.school_class_id: one.subject_area for one in live}


def teachers_of(class_ids: Collection[int]) -> dict[int, list[User]]:
    """The teachers of each class, by name."""
    today = timezone.localdate()
    held = Grant.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        ended_at__isnull=True,
        starts_on__lte=today,
        role=TEACHER.code,
        school_class_id__in=class_ids,
        user__gone_at__isnull=True,
    ).select_related("user")
    teachers: dict[int, list[User]] = {}
    for grant in held.order_by("user__last_key", "user__first_key", "user_id"):
        teachers.setdefault(grant.school_class_id or 0, []).append(grant.user)
    return teachers


def classes_of(pupil_id: int) -> list[SchoolClass]:
    """The classes in which a pupil is today, by name."""
    mine = ClassMembership.objects.filter(pupil_id=pupil_id)
    there = SchoolClass.objects.filter(gone_at__isnull=True, pk__in=mine.values("school_class_id"))
    inside = _memberships(list(there.values_list("pk", flat=True))).filter(pupil_id=pupil_id)
    return list(
        there.filter(pk__in=inside.values("school_class_id"))
        .select_related("establishment")
        .order_by("name_key", "pk")
    )


def pupils_in(reader_id: int, class_id: int) -> QuerySet[Pupil]:
    """The pupils in a class today whom the reader may see."""
    inside = _memberships([class_id]).values("pupil_id")
    return scope.pupils_by_work(reader_id).filter(pk__in=inside)


def counts_for(reader_id: int, class_ids: Collection[int]) -> dict[int, int]:
    """How many pupils whom the reader may see are in each class, where there are any (S35)."""
    seen = scope.pupils_by_work(reader_id).values("pk")
    counted = _memberships(class_ids).filter(pupil_id__in=seen).values("school_class_id")
    found = counted.annotate(pupils=Count("pupil_id", distinct=True))
    return dict(found.values_list("school_class_id", "pupils"))


def _memberships(class_ids: Collection[int]) -> QuerySet[ClassMembership]:
    """Who is in these classes today: on the list, and on roll at the class's establishment."""
    today = timezone.localdate()
    on_roll = Enrolment.objects.filter(
        holds(today),
        pupil_id=OuterRef("pupil_id"),
        establishment_id=OuterRef("school_class__establishment_id"),
    )
    live = ClassMembership.objects.filter(holds(today), school_class_id__in=class_ids)
    return live.filter(Exists(on_roll))
