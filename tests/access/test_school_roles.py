"""Roles inside a school: whom they see, what they may give, and denial over a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import accounts
from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToSave
from schoolgate.access.actions import NewGrant
from schoolgate.access.authority import accounts_managed
from schoolgate.access.models import Denial, Grant
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    FINANCE_MANAGER,
    LA_SUPER_USER,
    LEADER,
    SCHOOL_ADMIN,
    TEACHER,
)
from schoolgate.access.scope import pupils_told_of_care
from schoolgate.access.sign_in import SignInBackend
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from tests import factories
from tests.cast import seen_by

if TYPE_CHECKING:
    from tests.school import School


def test_each_role_of_a_school_sees_what_the_table_of_roles_says(school: School) -> None:
    people = (school.nia, school.lena, school.tariq, school.femi, school.una, school.bo)
    assert [seen_by(user) for user in people] == [
        "Amira Ben Dylan", "Amira Ben", "Ben Dylan", "", "", "Carys",
    ]  # fmt: skip
    assert [list(pupils_told_of_care(user.pk)) for user in people] == [[]] * 6


def test_who_leaves_the_school_is_in_none_of_its_classes(school: School) -> None:
    ben = school.cast.ben
    row = schools.NewEnrolment(ben.pk, school.cast.brook.pk, "", timezone.localdate(), None)
    schools.move([row], by=SYSTEM, source=Source.BY_HAND)
    assert [seen_by(user) for user in (school.nia, school.lena, school.tariq)] == [
        "Amira Dylan", "Amira", "Dylan",
    ]  # fmt: skip


def test_denial_over_a_place_lets_what_is_held_there_sleep(school: School) -> None:
    theo, abbey = school.cast.theo, school.cast.abbey
    access.deny([theo.pk], by=school.as_nia, establishment_id=abbey.pk)
    assert seen_by(theo) == "Carys"
    assert SignInBackend().get_user(theo.pk) is not None

    access.deny([school.lena.pk], by=school.as_nia, establishment_id=abbey.pk)
    assert seen_by(school.lena) == ""
    assert SignInBackend().get_user(school.lena.pk) is None

    access.allow([school.lena.pk], by=school.as_nia, establishment_id=abbey.pk)
    assert seen_by(school.lena) == "Amira Ben"
    assert SignInBackend().get_user(school.lena.pk) is not None


def test_what_an_la_super_user_denied_no_school_admin_allows(school: School) -> None:
    abbey = school.cast.abbey
    access.deny([school.lena.pk], by=school.cast.as_ada, establishment_id=abbey.pk)
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        access.allow([school.lena.pk], by=school.as_nia, establishment_id=abbey.pk)
    assert Denial.objects.filter(user=school.lena, ended_at__isnull=True).exists()


@pytest.mark.parametrize(
    ("actor", "role", "place", "may"),
    [
        ("nia", SCHOOL_ADMIN, "abbey", True),
        ("nia", SCHOOL_ADMIN, "brook", False),
        ("nia", LEADER, "maths", True),
        ("nia", DESIGNATED_TEACHER, "abbey", False),
        ("nia", FINANCE_MANAGER, "abbey", False),
        ("nia", LA_SUPER_USER, "", False),
        ("nia", TEACHER, "history_class", False),
        ("lena", LEADER, "history", True),
        ("lena", LEADER, "maths", False),
        ("lena", SCHOOL_ADMIN, "abbey", False),
        ("tariq", LEADER, "maths", False),
        ("femi", FINANCE_MANAGER, "abbey", False),
        ("bo", LEADER, "history", False),
    ],
)
def test_s31_who_may_give_what(school: School, actor, role, place, may) -> None:
    by = user_actor(getattr(school, actor).pk)
    inside = {"maths": school.maths, "history": school.history}.get(place)
    group = school.history_class if place == "history_class" else None
    abbey = school.cast.abbey if inside or group else getattr(school.cast, place or "-", None)
    new = NewGrant(
        school.una.pk, role.code, abbey.pk if abbey else None, None, timezone.localdate(),
        subject_area_id=inside.pk if inside else None,
        school_class_id=group.pk if group else None,
    )  # fmt: skip
    if may:
        access.grant([new], by=by, source=Source.BY_HAND)
        assert Grant.objects.filter(user=school.una).count() == 1
    else:
        with pytest.raises(Refusal, match=r"^(Ask an LA Super User|Leave classes)"):
            access.grant([new], by=by, source=Source.BY_HAND)
        assert not Grant.objects.filter(user=school.una).exists()


def test_s62_nobody_takes_over_a_user_with_more_roles(school: School) -> None:
    cast = school.cast
    factories.grant(cast.ada, SCHOOL_ADMIN, school=cast.abbey)
    factories.grant(school.una, LEADER, subject=school.maths)
    everybody = [*cast.users, school.lena, school.tariq, school.femi, school.una, school.bo]
    mine = accounts_managed(school.as_nia, [user.pk for user in everybody])
    assert mine == {school.lena.pk, school.tariq.pk, school.una.pk}
    assert accounts_managed(school.as_lena, [school.una.pk]) == set()
    for change in (
        {"fields": {"email": "mine@example.org"}},
        {"fields": {}, "active": False},
        {"fields": {}, "invite": True},
    ):
        for victim in (cast.ada, cast.dora, school.femi, school.bo):
            with pytest.raises(Refusal, match="Ask an LA Super User"):
                accounts.save_users([UserToSave(victim.pk, **change)], by=school.as_nia)
    for victim in (cast.ada, cast.dora):
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            accounts.delete_users([victim.pk], by=school.as_nia)
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            accounts.invite_users([victim.pk], by=school.as_nia)
    held = Grant.objects.get(user=cast.ada, role=SCHOOL_ADMIN.code)
    access.revoke([held.pk], by=school.as_nia)  # what is in her own place she may take away


def test_a_deleted_user_is_gone_and_their_address_is_free(school: School) -> None:
    accounts.delete_users([school.lena.pk], by=school.as_nia)
    school.lena.refresh_from_db()
    assert school.lena.gone_at is not None
    assert seen_by(school.lena) == ""
    assert not Grant.objects.filter(user=school.lena, ended_at__isnull=True).exists()
    factories.user(email=school.lena.email)


@pytest.mark.parametrize("place", ["brook", None])
def test_s31_staff_are_made_in_ones_own_school_only(school: School, place: str | None) -> None:
    where = getattr(school.cast, place).pk if place else None
    new = accounts.UserToAdd(NewUser("new@brook.example", "", "New", "Face"), [], staff_of=where)
    for by in (school.as_nia, school.as_lena, user_actor(school.femi.pk)):
        with pytest.raises(Refusal, match=r"^Ask a"):
            accounts.add_users([new], by=by)
    assert not User.objects.filter(email="new@brook.example").exists()
    accounts.add_users([new._replace(staff_of=school.cast.abbey.pk)], by=school.as_nia)
