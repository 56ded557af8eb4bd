"""Who is missing, against the reference model and by example (NEW16)."""

from __future__ import annotations

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.actions import deny, revoke
from schoolgate.access.missing import (
    Lack,
    pupils_lacking,
    schools_without_teacher,
    users_with_nobody,
)
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.people.models import User
from schoolgate.schools.models import Elsewhere
from tests import factories
from tests.access import reference, worlds
from tests.access.test_reference import a_seed
from tests.cast import Cast


def ids(found: object) -> set[int]:
    return set(found.values_list("pk", flat=True))  # type: ignore[attr-defined]


def lacking(lack: Lack, reader: User) -> str:
    """First names, in alphabetical order."""
    return " ".join(sorted(p.first_name for p in pupils_lacking(lack, reader.pk)))


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(4))
def test_s33_who_is_missing_equals_the_reference_model(number: int) -> None:
    rng = random.Random(a_seed(number))
    maker = worlds.Maker(rng, timezone.now(), humans=18, children=40)
    # Few hold a role, so that children lack somebody; most schools have a teacher or none by luck.
    world = maker.make()
    world.roles = [role for role in world.roles if rng.random() < 0.35 or "la_" in role.role]
    worlds.write(world)

    now = timezone.now()
    shown = 0
    for human in world.humans:
        right = {
            Lack.DESIGNATED_TEACHER: reference.without(world, human.id, now, "designated_teacher"),
            Lack.SOCIAL_WORKER: reference.without(world, human.id, now, "social_worker"),
            Lack.REACHED_ADULT: reference.unreached(world, human.id, now),
            Lack.SCHOOL: reference.without_school(world, human.id, now),
        }
        for lack, children in right.items():
            assert ids(pupils_lacking(lack, human.id)) == children, (lack, human)
            shown += len(children)
        assert ids(schools_without_teacher(human.id)) == reference.without_teacher(
            world, human.id, now
        )
    assert ids(users_with_nobody()) == reference.with_nobody(world, now)
    assert shown  # else it compared nothing with nothing


def test_a_child_without_a_designated_teacher(cast: Cast) -> None:
    assert lacking(Lack.DESIGNATED_TEACHER, cast.ada) == "Eve"  # no school, so no teacher
    revoke(list(Grant.objects.filter(user=cast.theo).values_list("pk", flat=True)), by=SYSTEM)
    assert lacking(Lack.DESIGNATED_TEACHER, cast.ada) == "Carys Eve"
    assert ids(schools_without_teacher(cast.ada.pk)) == {cast.brook.pk}
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.brook)
    assert lacking(Lack.DESIGNATED_TEACHER, cast.ada) == "Eve"
    deny([cast.noor.pk], by=SYSTEM)
    assert lacking(Lack.DESIGNATED_TEACHER, cast.ada) == "Carys Eve"
    assert ids(schools_without_teacher(cast.ada.pk)) == {cast.brook.pk}


def test_a_teacher_who_is_kept_from_the_child_is_none_for_it(cast: Cast) -> None:
    factories.restriction(cast.theo, cast.carys)
    assert lacking(Lack.DESIGNATED_TEACHER, cast.ada) == "Carys Eve"
    assert ids(schools_without_teacher(cast.ada.pk)) == set()  # the school itself has one
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.brook)
    assert lacking(Lack.DESIGNATED_TEACHER, cast.ada) == "Eve"


def test_a_child_without_a_social_worker(cast: Cast) -> None:
    assert lacking(Lack.SOCIAL_WORKER, cast.ada) == "Carys"
    factories.grant(cast.noor, LA_USER, pupil=cast.carys)  # an assignment opens nothing
    assert lacking(Lack.SOCIAL_WORKER, cast.ada) == "Carys"
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.carys)
    assert lacking(Lack.SOCIAL_WORKER, cast.ada) == ""


def test_a_child_whom_no_adult_has_reached(cast: Cast) -> None:
    assert lacking(Lack.REACHED_ADULT, cast.ada) == "Amira Carys Eve"
    User.objects.filter(pk=cast.dora.pk).update(last_login=timezone.now())
    assert lacking(Lack.REACHED_ADULT, cast.ada) == "Carys Eve"
    User.objects.filter(pk__in=[cast.ada.pk, cast.liam.pk]).update(last_login=timezone.now())
    assert lacking(Lack.REACHED_ADULT, cast.ada) == "Carys Eve"  # they see every child


def test_a_child_with_no_school(cast: Cast) -> None:
    assert lacking(Lack.SCHOOL, cast.ada) == "Eve"
    at_home = factories.pupil(first_name="Hal")
    factories.episode(at_home)
    factories.enrolment(at_home, None, elsewhere=Elsewhere.AT_HOME)
    nowhere = factories.pupil(first_name="Nye")
    factories.episode(nowhere)
    assert lacking(Lack.SCHOOL, cast.ada) == "Eve Nye"


def test_s35_a_restricted_reader_neither_sees_nor_counts(cast: Cast) -> None:
    factories.restriction(cast.ada, cast.eve)
    for lack in Lack:
        assert "Eve" not in lacking(lack, cast.ada)
        assert cast.eve.pk not in ids(pupils_lacking(lack, cast.ada.pk))
    assert lacking(Lack.DESIGNATED_TEACHER, cast.liam) == "Eve"


def test_s35_a_school_is_not_told_of_by_a_child_whom_the_reader_may_not_see(cast: Cast) -> None:
    revoke(list(Grant.objects.filter(user=cast.theo).values_list("pk", flat=True)), by=SYSTEM)
    factories.restriction(cast.ada, cast.carys)
    assert ids(schools_without_teacher(cast.ada.pk)) == set()
    assert ids(schools_without_teacher(cast.liam.pk)) == {cast.brook.pk}


def test_users_who_were_given_nobody(cast: Cast) -> None:
    waits = factories.user(first_name="Wyn")
    factories.grant(waits, DESIGNATED_TEACHER)  # URN 0: no school known yet
    idle = factories.user(first_name="Ida")
    factories.grant(idle, SOCIAL_WORKER)
    assert ids(users_with_nobody()) == {cast.noor.pk, waits.pk, idle.pk}
    deny([idle.pk], by=SYSTEM)
    factories.grant(waits, DESIGNATED_TEACHER, school=cast.abbey)
    assert ids(users_with_nobody()) == {cast.noor.pk}


@pytest.mark.parametrize("more", [1, 3])
def test_each_figure_is_two_small_questions_and_one_count(cast: Cast, more: int) -> None:
    for _ in range(more):
        factories.episode(factories.pupil())
    for lack in Lack:
        with CaptureQueriesContext(connection) as asked:
            pupils_lacking(lack, cast.ada.pk).count()
        assert len(asked) == 3
