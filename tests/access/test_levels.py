"""Permission levels in a school: a wish as grants, and what a change for many gives and takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import levels, scope
from schoolgate.access.levels import Levels
from schoolgate.access.models import Grant
from schoolgate.access.proposals import (
    NEW_USER,
    changes_by_subjects,
    changes_of,
    preview_of,
)
from schoolgate.access.roles import LEADER, SCHOOL_ADMIN
from schoolgate.access.staff_list import staff_of
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.kit.records import Source
from schoolgate.schools import classes
from schoolgate.schools.models import Pupil
from tests import factories
from tests.cast import seen_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.school import School


def names(ids: Iterable[int]) -> str:
    """The first names of pupils, in alphabetical order."""
    return " ".join(sorted(Pupil.objects.filter(pk__in=ids).values_list("first_name", flat=True)))


def apply(user_id: int, school: School, wish: Levels, by) -> None:
    change = levels.change_to(user_id, school.cast.abbey.pk, wish)
    access.grant(change.adding, by=by, source=Source.BY_HAND)
    access.revoke(change.ending, by=by)


def test_a_wish_gives_and_ends_just_what_differs(school: School) -> None:
    abbey, una = school.cast.abbey.pk, school.una.pk
    humanities = frozenset({school.history.pk, school.geography.pk})
    apply(una, school, Levels(admin=True, subjects=humanities), school.as_nia)
    assert levels.levels_in(una, abbey) == Levels(admin=True, subjects=humanities)
    kept = Grant.objects.get(user=una, subject_area=school.history)

    apply(una, school, Levels(subjects=frozenset({school.history.pk, school.maths.pk})), SYSTEM)
    left = frozenset({school.history.pk, school.maths.pk})
    assert levels.levels_in(una, abbey) == Levels(subjects=left)
    kept.refresh_from_db()
    assert kept.ended_at is None
    assert not levels.change_to(una, abbey, Levels(subjects=left)).any


def test_what_is_no_level_stays_whatever_is_wished(school: School) -> None:
    factories.grant(school.cast.dora, SCHOOL_ADMIN, school=school.cast.abbey)
    apply(school.cast.dora.pk, school, Levels(), SYSTEM)
    apply(school.tariq.pk, school, Levels(), SYSTEM)
    assert seen_by(school.cast.dora) == "Amira"
    assert seen_by(school.tariq) == "Ben Dylan"


def test_the_staff_of_a_school_are_on_its_staff_or_hold_something_there(school: School) -> None:
    factories.grant(school.bo, LEADER, subject=school.maths, until=timezone.localdate())
    old = factories.user(first_name="Old")
    yesterday = timezone.localdate() - timedelta(days=1)
    factories.grant(old, LEADER, subject=school.maths, until=yesterday)
    there = {user.first_name for user in staff_of(school.cast.abbey.pk)}
    assert there == {"Nia", "Lena", "Tariq", "Femi", "Una", "Dora", "Theo", "Bo"}


def test_a_reader_is_told_of_children_they_see_and_by_the_register_alone(school: School) -> None:
    cast = school.cast
    admin = levels.change_to(cast.dora.pk, cast.abbey.pk, Levels(admin=True)).adding
    full = preview_of(cast.dora.pk, adding=admin, active=None, reader=cast.as_ada)
    assert names(full.gained.values_list("pk", flat=True)) == "Ben Dylan"
    # Nia would learn from "Ben and Dylan" alone that Dora sees Amira already: that she is in care.
    told = preview_of(cast.dora.pk, adding=admin, active=None, reader=school.as_nia)
    assert names(told.gained.values_list("pk", flat=True)) == "Amira Ben Dylan"
    many = changes_of(school.as_nia, adding=admin)
    assert names(many[cast.dora.pk].gained) == "Amira Ben Dylan"
    assert names(changes_of(cast.as_ada, adding=admin)[cast.dora.pk].gained) == "Ben Dylan"

    role = Grant.objects.get(user=cast.theo, establishment=cast.abbey)
    assert changes_of(school.as_nia, ending=[role.pk]) == {}
    assert names(changes_of(cast.as_ada, ending=[role.pk])[cast.theo.pk].lost) == "Amira"


def test_what_many_would_gain_and_lose_is_scope_after_minus_scope_before(school: School) -> None:
    cast = school.cast
    adding = levels.to_lead([school.una.pk, school.tariq.pk, school.lena.pk], school.history)
    assert {row.user_id for row in adding} == {school.una.pk, school.tariq.pk}
    ending = [Grant.objects.get(user=school.lena).pk]
    told = changes_of(cast.as_ada, adding=adding, ending=ending)
    users = [school.una, school.tariq, school.lena, school.nia]
    before = {user.pk: set(_seen(user.pk)) for user in users}
    with transaction.atomic():
        access.grant(adding, by=SYSTEM, source=Source.BY_HAND)
        access.revoke(ending, by=SYSTEM)
        after = {user.pk: set(_seen(user.pk)) for user in users}
        transaction.set_rollback(True)
    for user in users:
        moved = told.get(user.pk)
        gained = moved.gained if moved else set()
        lost = moved.lost if moved else set()
        assert gained == after[user.pk] - before[user.pk], user
        assert lost == before[user.pk] - after[user.pk], user
    assert names(told[school.una.pk].gained) == "Amira Ben"
    assert names(told[school.lena.pk].lost) == "Amira Ben"


@pytest.mark.parametrize("to", ["maths", None])
def test_what_another_subject_area_of_a_class_changes_is_scope_after_minus_before(
    school: School, to: str | None
) -> None:
    factories.grant(school.una, LEADER, subject=school.maths)
    area = school.maths.pk if to else None
    told = changes_by_subjects(school.as_nia, {school.history_class.pk: area})
    before = {user.pk: set(_seen(user.pk)) for user in (school.una, school.lena)}
    with transaction.atomic():
        classes.set_subjects([(school.history_class.pk, area)], by=SYSTEM)
        after = {user.pk: set(_seen(user.pk)) for user in (school.una, school.lena)}
        transaction.set_rollback(True)
    assert names(told[school.lena.pk].lost) == "Amira Ben"
    for user in (school.una, school.lena):
        moved = told.get(user.pk)
        assert (moved.gained if moved else set()) == after[user.pk] - before[user.pk]
        assert (moved.lost if moved else set()) == before[user.pk] - after[user.pk]
    assert (school.una.pk in told) is bool(to)


def test_a_child_kept_from_the_reader_is_not_told_of(school: School) -> None:
    factories.restriction(school.nia, school.cast.ben)
    adding = levels.to_lead([school.una.pk], school.history)
    assert names(changes_of(school.as_nia, adding=adding)[school.una.pk].gained) == "Amira"


def test_what_is_proposed_for_somebody_inactive_there_sleeps(school: School) -> None:
    abbey = school.cast.abbey
    access.deny([school.una.pk], by=school.as_nia, establishment_id=abbey.pk)
    adding = levels.to_lead([school.una.pk], school.history)
    assert changes_of(school.as_nia, adding=adding) == {}
    told = preview_of(school.una.pk, adding=adding, active=None, reader=school.as_nia)
    assert not told.gained

    access.deny([school.tariq.pk], by=school.cast.as_ada)
    adding = levels.to_lead([school.tariq.pk], school.history)
    told = preview_of(school.tariq.pk, adding=adding, active=None, reader=school.as_nia)
    assert not told.gained


def test_leaders_of_all_lead_every_area_there_is(school: School) -> None:
    assert levels.leaders_of_all(school.cast.abbey.pk) == []
    assert levels.leaders_of_all(school.cast.brook.pk) == []
    for subject in (school.geography, school.maths):
        factories.grant(school.lena, LEADER, subject=subject)
    assert levels.leaders_of_all(school.cast.abbey.pk) == [school.lena]


def test_of_somebody_not_made_yet_nothing_is_held(school: School) -> None:
    wish = Levels(admin=True, finance=True, subjects=frozenset({school.maths.pk}))
    change = levels.change_to(NEW_USER, school.cast.abbey.pk, wish)
    assert len(change.adding) == 3
    assert not change.ending


def _seen(user_id: int) -> list[int]:
    return list(scope.pupils_visible_to(user_id).values_list("pk", flat=True))


def test_s31_a_wish_is_no_way_round_what_one_may_give(school: School) -> None:
    from schoolgate.kit.refusal import Refusal

    abbey = school.cast.abbey.pk
    for by, wish in (
        (school.as_nia, Levels(finance=True)),
        (school.as_lena, Levels(admin=True)),
        (school.as_lena, Levels(subjects=frozenset({school.history.pk, school.maths.pk}))),
        (user_actor(school.bo.pk), Levels(subjects=frozenset({school.maths.pk}))),
    ):
        change = levels.change_to(school.una.pk, abbey, wish)
        with pytest.raises(Refusal):
            access.grant(change.adding, by=by, source=Source.BY_HAND)
    assert levels.levels_in(school.una.pk, abbey) == Levels()
