"""The Class of a pupil file makes class lists, and so whom Leaders and Teachers see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import scope
from schoolgate.access.roles import LEADER, TEACHER
from schoolgate.intake.models import Kept
from schoolgate.schools import classes
from schoolgate.schools.models import ClassMembership, Pupil, SchoolClass
from tests import factories
from tests.intake.desk import APPLIED, SOME_REFUSED, child, row_of
from tests.intake.standing import difference, standing
from tests.intake.test_kept_preview import all_people
from tests.intake.test_shown import ask, show

if TYPE_CHECKING:
    from schoolgate.people.models import User
    from schoolgate.schools.models import Establishment
    from tests.intake.desk import Desk
    from tests.school import School


def lists() -> set[tuple[str, str, str]]:
    """Who is in which class of which school, by the register, now."""
    live = ClassMembership.objects.filter(ended_at=None, from_register=True)
    return {
        (one.school_class.establishment.name, one.school_class.name, one.pupil.first_name)
        for one in live.select_related("school_class__establishment", "pupil")
    }


def sees(user: User) -> set[str]:
    return {pupil.first_name for pupil in scope.pupils_visible_to(user.pk)}


def class_of(place: Establishment, name: str) -> SchoolClass:
    return SchoolClass.objects.get(establishment=place, name=name, gone_at=None)


@pytest.fixture
def leaders(school: School) -> tuple[User, User]:
    """A Leader of the subject that class 7B of Abbey belongs to, and the Teacher of that class."""
    group = factories.school_class(school.cast.abbey, "7B", subject=school.geography)
    leader, teacher = factories.user(first_name="Gita"), factories.user(first_name="Tom")
    factories.grant(leader, LEADER, subject=school.geography)
    factories.grant(teacher, TEACHER, school_class=group)
    return leader, teacher


def test_the_class_of_a_new_child_opens_them_to_leader_and_teacher(
    school: School, desk: Desk, leaders: tuple[User, User]
) -> None:
    row = child(first="Rowan", sync_key="K1", urn="100001", class_name=" 7b ")
    checked = desk.pupils([row], "--check")

    applied = desk.pupils([row])

    # Nia by the register, Gita by the subject, Tom by the class, and Ada and the others who see
    # every child.
    gained = [u for u in (school.nia, *leaders) if "Rowan" in sees(u)]
    assert gained == [school.nia, *leaders]
    assert checked.access == applied.access
    assert lists() == {("Abbey Primary School", "7B", "Rowan")}
    assert not SchoolClass.objects.filter(name_key="7b").exclude(name="7B").exists()


def test_another_class_another_school_leaving_and_a_blank_cell(
    school: School, desk: Desk, leaders: tuple[User, User]
) -> None:
    ben, abbey = school.cast.ben, "Abbey Primary School"
    desk.pupils([row_of(ben, class_name="7B")])
    assert lists() == {(abbey, "7B", "Ben")}
    assert [sees(user) for user in leaders] == [{"Ben"}, {"Ben"}]

    blank = desk.pupils([row_of(ben, class_name="", year="7")])
    assert (blank.access, blank.warned, lists()) == ((0, 0), [], {(abbey, "7B", "Ben")})

    other = desk.pupils([row_of(ben, class_name="7C")])
    assert (other.access, lists()) == ((0, 2), {(abbey, "7C", "Ben")})
    assert [sees(user) for user in leaders] == [set(), set()]

    desk.pupils([row_of(ben, class_name="7B")])
    moved = desk.pupils([row_of(ben, urn="100002", class_name="2X")])
    # Nia, Lena, Tariq, Gita and Tom of Abbey; Bo of Brook.
    assert (moved.access, lists()) == ((1, 5), {("Brook Academy", "2X", "Ben")})
    assert moved.warned == []

    left = desk.pupils([row_of(ben, left=timezone.localdate().replace(year=2025))])
    assert (left.access, lists()) == ((0, 1), set())


def test_a_move_without_a_class_is_warned_of(school: School, desk: Desk) -> None:
    desk.pupils([row_of(school.cast.ben, class_name="7B")])

    moved = desk.pupils([row_of(school.cast.ben, urn="100002")])

    assert moved.warned == [(2, "Class", "", "warning")]
    assert "in 7B there too" in moved.answer["warnings"][0]["problem"]
    assert lists() == {("Brook Academy", "7B", "Ben")}
    again = desk.pupils([row_of(school.cast.ben, urn="100002")])
    assert (again.warned, again.counts) == ([], (0, 0, 1, 0))


def test_a_child_at_two_schools_is_in_the_class_of_each(school: School, desk: Desk) -> None:
    factories.enrolment(school.cast.ben, school.cast.brook)

    desk.pupils([row_of(school.cast.ben, class_name="Hi/1")])

    assert lists() == {
        ("Abbey Primary School", "Hi/1", "Ben"), ("Brook Academy", "Hi/1", "Ben"),
    }  # fmt: skip


def test_what_a_sync_listed_stays_as_it_is(school: School, desk: Desk) -> None:
    """Ben is in 6B/Hi and 6B/Ma, which are no business of the file."""
    before = standing()["ClassMembership"]
    desk.pupils([row_of(school.cast.ben, class_name="6B/Hi")])
    assert standing()["ClassMembership"] == before
    desk.pupils([row_of(school.cast.ben, class_name="7A")])
    assert set(before) < set(standing()["ClassMembership"])


def test_s42_a_class_that_came_to_be_since_the_preview_asks_again(
    school: School, leaders: tuple[User, User]
) -> None:
    run = show([row_of(school.cast.ben, class_name="New")], "pupils", by=school.cast.as_ada)
    assert all_people(run, school.cast.ada.pk) == []
    made = factories.school_class(school.cast.abbey, "New", subject=school.geography)
    assert ask(run, by=school.cast.as_ada).state == "ready"

    assert "something has changed" in run.problem
    (line,) = all_people(run, school.cast.ada.pk)
    assert (line.user_id, line.gained) == (leaders[0].pk, 1)
    assert ask(run, by=school.cast.as_ada).state == "done"
    assert ClassMembership.objects.filter(school_class=made, ended_at=None).count() == 1


def test_s43_undo_brings_class_lists_back(
    school: School, desk: Desk, leaders: tuple[User, User]
) -> None:
    desk.pupils([row_of(school.cast.ben, class_name="7B")])
    before = standing()
    rows = [
        row_of(school.cast.ben, class_name="7X", urn="100002"),
        child(sync_key="K1", urn="100001", class_name="7B"),
    ]
    ran = desk.pupils(rows)
    assert [sees(user) for user in leaders] == [{"Rowan"}, {"Rowan"}]

    undone = desk.undo(ran)

    assert undone.status == APPLIED, undone.out
    assert difference(before, standing()) == {}
    assert [sees(user) for user in leaders] == [{"Ben"}, {"Ben"}]


def test_s43_a_class_of_which_somebody_made_more_stays_and_is_listed(
    school: School, desk: Desk
) -> None:
    ran = desk.pupils([row_of(school.cast.ben, class_name="7Y")])
    made = class_of(school.cast.abbey, "7Y")
    classes.set_subjects([(made.pk, school.maths.pk)], by=school.as_nia)

    undone = desk.undo(ran)

    assert undone.status == SOME_REFUSED
    assert "Kept: class 7Y of Abbey Primary School" in undone.out
    assert list(Kept.objects.values_list("kind", "object_id")) == [("class", made.pk)]
    assert (lists(), class_of(school.cast.abbey, "7Y")) == (set(), made)


def test_s43_a_class_with_others_in_it_stays_for_them(school: School, desk: Desk) -> None:
    first = desk.pupils([row_of(school.cast.ben, class_name="7Z")])
    second = desk.pupils([row_of(school.cast.dylan, class_name="7Z")])

    assert desk.undo(first).status == APPLIED
    assert lists() == {("Abbey Primary School", "7Z", "Dylan")}
    assert desk.undo(second).status == APPLIED
    assert lists() == set()


def test_s43_out_of_turn_the_lists_follow_what_the_register_says(
    school: School, desk: Desk
) -> None:
    ben = school.cast.ben
    desk.pupils([row_of(ben, class_name="7A")])
    before = standing()
    second = desk.pupils([row_of(ben, class_name="7B")])
    third = desk.pupils([row_of(ben, class_name="7C")])

    assert desk.undo(second).status == SOME_REFUSED  # the third has changed the class since
    assert lists() == {("Abbey Primary School", "7C", "Ben")}
    assert desk.undo(third).status == APPLIED
    assert Pupil.objects.get(pk=ben.pk).class_name == "7A"
    assert "ClassMembership" not in difference(before, standing())


def test_s43_a_class_that_is_restored_is_one_of_the_school_where_the_child_is_by_then(
    school: School, desk: Desk
) -> None:
    ben = school.cast.ben
    desk.pupils([row_of(ben, class_name="7A")])
    renamed = desk.pupils([row_of(ben, class_name="7B")])
    moved = desk.pupils([row_of(ben, urn="100002")])
    assert lists() == {("Brook Academy", "7B", "Ben")}

    desk.undo(renamed)

    assert lists() == {("Brook Academy", "7A", "Ben")}
    desk.undo(moved)
    assert lists() == {("Abbey Primary School", "7A", "Ben")}
