"""What a licence opens, and what it does not: the SQL beneath the pages of families (ITS9, S62)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from schoolgate.access import accounts, leaving, scope
from schoolgate.access.authority import accounts_managed
from schoolgate.access.children import shown_to, staff_who_see
from schoolgate.access.class_lists import classes_of, counts_for, pupils_in
from schoolgate.access.licences import Block, licence_role
from schoolgate.access.roles import LEADER, PARENT, PUPIL, SCHOOL_ADMIN, TEACHER
from schoolgate.access.usage import usage
from schoolgate.audit.actions import user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people import activity
from schoolgate.schools.models import ClassMembership
from tests import factories


@pytest.fixture
def mary(cast):
    """A parent of Amira and Carys."""
    mary = factories.user(first_name="Mary", last_name="Haddad")
    for child in (cast.amira, cast.carys):
        factories.grant(mary, PARENT, pupil=child)
    return mary


def names(pupils) -> str:
    return " ".join(sorted(pupil.first_name for pupil in pupils))


def told(pupil, *, with_names: bool = False):
    seers = staff_who_see(pupil.pk, with_names=with_names)
    return [(one.role.name, one.count, *one.names) for one in seers]


def test_a_licence_opens_the_pages_of_families_and_none_of_staff(cast, mary):
    assert names(scope.pupils_by_licence(mary.pk)) == "Amira Carys"
    assert names(scope.pupils_by_work(mary.pk)) == ""
    factories.restriction(mary, cast.carys)
    assert names(scope.pupils_by_licence(mary.pk)) == "Amira"
    assert shown_to(mary.pk, [cast.amira.pk, cast.carys.pk]).keys() == {cast.amira.pk}


def test_what_licence_types_show_adds_up_for_each_child(cast, mary):
    bare = licence_role(factories.licence_type(blocks=()))
    factories.grant(mary, bare, pupil=cast.ben)
    factories.grant(mary, PUPIL, pupil=cast.ben)
    shown = shown_to(mary.pk, [cast.amira.pk, cast.ben.pk, cast.dylan.pk])
    assert shown[cast.amira.pk].blocks == set(Block)
    assert shown[cast.ben.pk].blocks == {Block.SCHOOL, Block.CLASSES}
    assert (shown[cast.amira.pk].is_self, shown[cast.ben.pk].is_self) == (False, True)
    assert cast.dylan.pk not in shown


def test_s35_of_staff_a_family_is_told_of_those_who_see_the_child_whatever_their_care(
    cast, school, mary
):
    # Amira is in care and Ben never was: Dora, Theo and Sara make no difference.
    assert told(cast.amira) == told(cast.ben)[1:]
    assert told(cast.amira, with_names=True) == [
        ("Leader", 1, "Lena Fischer"),
        ("School Admin", 1, "Nia Bevan"),
        ("LA User", 1, "Liam Novak"),
        ("LA Super User", 1, "Ada Osei"),
    ]
    assert told(cast.ben)[0] == ("Teacher", 1)
    # Whoever is family too is counted, and not named; whoever is restricted is neither.
    factories.grant(school.lena, PARENT, pupil=cast.amira)
    factories.restriction(school.nia, cast.amira)
    assert told(cast.amira, with_names=True)[:2] == [
        ("Leader", 1), ("LA User", 1, "Liam Novak"),
    ]  # fmt: skip


def test_s35_nobody_learns_by_elimination_which_teacher_is_family(cast, school):
    factories.grant(factories.user(first_name="Lou"), LEADER, subject=school.maths)
    names = {one[0]: one[1:] for one in told(cast.ben, with_names=True)}
    assert len(names["Leader"][1:]) == names["Leader"][0]
    factories.grant(school.lena, PARENT, pupil=cast.ben)
    names = {one[0]: one[1:] for one in told(cast.ben, with_names=True)}
    assert len(names["Leader"]) == 1  # how many, and none by name
    assert len(names["School Admin"]) > 1


def test_classes_are_those_of_the_child_where_they_are_on_roll(cast, school):
    assert [str(one) for one in classes_of(cast.ben.pk)] == ["6B/Hi", "6B/Ma"]
    assert [str(one) for one in classes_of(cast.amira.pk)] == ["6B/Hi"]
    assert classes_of(cast.carys.pk) == []
    ClassMembership.objects.filter(pupil=cast.carys).delete()
    factories.school_class(cast.abbey, "6C", pupils=[cast.carys])  # at Brook: not on roll there
    assert classes_of(cast.carys.pk) == []


def test_a_class_list_shows_a_leader_no_child_of_theirs_who_is_not_in_their_subjects(cast, school):
    factories.grant(school.lena, PARENT, pupil=cast.dylan)
    maths, history = school.maths_class.pk, school.history_class.pk
    assert names(pupils_in(school.lena.pk, maths)) == "Ben"
    assert counts_for(school.lena.pk, [maths, history]) == {maths: 1, history: 2}


def test_s35_what_others_lose_counts_no_child_whom_the_reader_sees_by_a_licence(cast, school):
    assert leaving.of([school.bo.pk], reader_id=school.nia.pk).losses == {}
    factories.grant(school.nia, PARENT, pupil=cast.carys)
    assert leaving.of([school.bo.pk], reader_id=school.nia.pk).losses == {}
    factories.grant(school.nia, SCHOOL_ADMIN, school=cast.brook)
    assert leaving.of([school.bo.pk], reader_id=school.nia.pk).losses == {school.bo.pk: 1}


def test_s62_a_school_admin_does_not_take_over_a_teacher_who_is_a_parent(cast, school):
    assert accounts_managed(school.as_nia, [school.tariq.pk]) == {school.tariq.pk}
    factories.grant(school.tariq, PARENT, pupil=cast.carys)
    assert accounts_managed(school.as_nia, [school.tariq.pk]) == set()
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        accounts.reset_second_factors([school.tariq.pk], by=school.as_nia)
    assert accounts_managed(cast.as_ada, [school.tariq.pk]) == {school.tariq.pk}
    # Nor does a child at the same school make an admin's own.
    factories.grant(school.una, LEADER, subject=school.history)
    factories.grant(school.una, PARENT, pupil=cast.ben)
    assert accounts_managed(school.as_nia, [school.una.pk]) == set()
    assert accounts_managed(user_actor(school.bo.pk), [school.tariq.pk]) == set()


def test_usage_counts_parents_under_their_licence_type_and_in_no_school(cast, school, mary):
    factories.grant(mary, TEACHER, school_class=school.maths_class)
    other = factories.user()
    factories.grant(other, PARENT, pupil=cast.ben)
    for user in (mary, other):
        activity.signed_in(user.pk)
    day = timezone.localdate()
    month = usage(day).months[-1]
    assert (month.users, month.by_role) == (2, {PARENT.code: 2, TEACHER.code: 1})
    of_school = usage(day, places=[cast.abbey.pk]).months[-1]
    assert (of_school.users, of_school.by_role) == (1, {TEACHER.code: 1})
    assert (PARENT.code, "Parent/Guardian") in usage(day).roles
