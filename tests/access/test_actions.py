"""Granting and taking away: at once, only by those who may, and only what makes sense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import restrictions
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, LA_USER, SOCIAL_WORKER, Role
from schoolgate.access.scope import may_see
from schoolgate.audit.actions import SYSTEM, Actor, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending, Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from tests import factories
from tests.cast import Cast, seen_by, who_sees

EVERYBODY = "Amira Ben Carys Dylan Eve"


def grants_of(user: User) -> list[int]:
    """The ids of the user's grants on record."""
    return list(Grant.objects.filter(user=user, ended_at__isnull=True).values_list("pk", flat=True))


def test_a_grant_opens_and_a_revoke_closes_at_once(cast: Cast) -> None:
    granted = factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.ben, by=cast.as_ada)
    assert seen_by(cast.noor) == "Ben"
    assert granted.recorded_by_id == cast.ada.pk

    access.revoke([granted.pk], by=cast.as_ada)
    assert seen_by(cast.noor) == ""
    granted.refresh_from_db()
    assert granted.ended_by_id == cast.ada.pk
    assert granted.ended_how == Ending.REMOVED


def test_revoking_twice_ends_once(cast: Cast) -> None:
    (grant_id,) = grants_of(cast.dora)
    access.revoke([grant_id], by=cast.as_ada)
    first = Grant.objects.get(pk=grant_id).ended_at
    access.revoke([grant_id], by=SYSTEM)

    assert Grant.objects.get(pk=grant_id).ended_at == first
    assert Event.objects.filter(verb="revoked", object_id=grant_id).count() == 1


def test_deny_closes_everything_and_allow_opens_it_again(cast: Cast) -> None:
    access.deny([cast.liam.pk, cast.theo.pk], by=cast.as_ada)
    assert seen_by(cast.liam) == seen_by(cast.theo) == ""
    assert who_sees(cast.carys) == "Ada"

    access.allow([cast.liam.pk], by=cast.as_ada)
    assert seen_by(cast.liam) == EVERYBODY
    assert seen_by(cast.theo) == ""


def test_deny_takes_ids_however_they_come_and_does_so_once(cast: Cast) -> None:
    access.deny((user.pk for user in [cast.liam, cast.theo]), by=cast.as_ada)
    access.deny([cast.theo.pk, cast.theo.pk, cast.dora.pk], by=cast.as_ada)

    inactive = Denial.objects.filter(ended_at__isnull=True).values_list("user_id", flat=True)
    assert sorted(inactive) == sorted([cast.liam.pk, cast.theo.pk, cast.dora.pk])


@pytest.mark.parametrize("name", ["ada", "liam", "sara", "dora", "theo"])
def test_a_restriction_beats_every_role_at_once(cast: Cast, name: str) -> None:
    user: User = getattr(cast, name)
    seen_before = seen_by(user)
    restriction = factories.restriction(user, cast.amira, by=cast.as_ada)

    assert seen_by(user) == seen_before.replace("Amira", "").strip()
    assert not may_see(user.pk, cast.amira.pk)
    assert user.first_name not in who_sees(cast.amira)

    by = user_actor(another_administrator().pk)
    restrictions.lift_restrictions([restriction.pk], by=by)
    assert seen_by(user) == seen_before


def another_administrator() -> User:
    """A second LA Super User."""
    user = factories.user(first_name="Bea")
    factories.grant(user, LA_SUPER_USER)
    return user


def test_a_new_grant_does_not_get_past_a_restriction(cast: Cast) -> None:
    factories.restriction(cast.noor, cast.amira)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira)
    factories.grant(cast.noor, LA_USER)

    assert seen_by(cast.noor) == "Ben Carys Dylan Eve"


def test_an_la_super_user_cannot_lift_a_restriction_on_themselves(cast: Cast) -> None:
    on_ada = factories.restriction(cast.ada, cast.amira)
    on_liam = factories.restriction(cast.liam, cast.amira)

    with pytest.raises(Refusal, match="another LA Super User"):
        restrictions.lift_restrictions([on_liam.pk, on_ada.pk], by=cast.as_ada)

    assert Restriction.objects.filter(ended_at__isnull=True).count() == 2
    assert not may_see(cast.ada.pk, cast.amira.pk)


# What needs an LA Super User, each tried by others.
ACTIONS: dict[str, Callable[[Cast, Actor], object]] = {
    "grant": lambda cast, by: factories.grant(cast.noor, LA_SUPER_USER, by=by),
    "revoke": lambda cast, by: access.revoke(grants_of(cast.theo), by=by),
    "deny": lambda cast, by: access.deny([cast.theo.pk], by=by),
    "allow": lambda cast, by: access.allow([cast.noor.pk], by=by),
    "restrict": lambda cast, by: factories.restriction(cast.theo, cast.amira, by=by),
    "lift": lambda cast, by: restrictions.lift_restrictions(
        Restriction.objects.values_list("pk", flat=True), by=by
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["liam", "sara", "dora", "noor"])
def test_only_an_la_super_user_manages_users(cast: Cast, action: str, name: str) -> None:
    access.deny([cast.noor.pk], by=SYSTEM)
    factories.restriction(cast.sara, cast.eve)
    before = everything_on_record()

    with pytest.raises(Refusal, match="Ask an LA Super User"):
        ACTIONS[action](cast, user_actor(getattr(cast, name).pk))

    assert everything_on_record() == before
    ACTIONS[action](cast, cast.as_ada)
    assert everything_on_record() != before


def everything_on_record() -> list[list[tuple[object, ...]]]:
    """Every row that the actions of this room write, events included."""
    models = (Grant, Denial, Restriction, Event)
    return [list(model._default_manager.order_by("pk").values_list()) for model in models]


def test_a_denied_or_former_la_super_user_manages_nobody_any_more(cast: Cast) -> None:
    bea = another_administrator()
    access.deny([bea.pk], by=cast.as_ada)
    with pytest.raises(Refusal):
        factories.grant(cast.noor, LA_USER, by=user_actor(bea.pk))

    access.allow([bea.pk], by=cast.as_ada)
    access.revoke(grants_of(bea), by=cast.as_ada)
    with pytest.raises(Refusal):
        factories.grant(cast.noor, LA_USER, by=user_actor(bea.pk))


def test_s32_the_last_la_super_user_cannot_be_removed(cast: Cast) -> None:
    for remove in (
        lambda: access.revoke(grants_of(cast.ada), by=cast.as_ada),
        lambda: access.revoke(grants_of(cast.ada), by=SYSTEM),
        lambda: access.deny([cast.liam.pk, cast.ada.pk], by=cast.as_ada),
    ):
        with pytest.raises(Refusal, match="somebody else LA Super User first"):
            remove()

    assert seen_by(cast.ada) == EVERYBODY
    assert seen_by(cast.liam) == EVERYBODY  # what was refused is refused as a whole


def test_s32_one_of_two_la_super_users_can_go_and_not_both_at_once(cast: Cast) -> None:
    bea = another_administrator()
    with pytest.raises(Refusal):
        access.revoke([*grants_of(cast.ada), *grants_of(bea)], by=SYSTEM)

    access.revoke(grants_of(cast.ada), by=cast.as_ada)
    assert seen_by(cast.ada) == ""
    with pytest.raises(Refusal):
        access.deny([bea.pk], by=user_actor(bea.pk))


def test_s32_who_is_denied_or_begins_later_does_not_count_as_left(cast: Cast) -> None:
    bea = another_administrator()
    access.deny([bea.pk], by=cast.as_ada)
    tomorrow = timezone.localdate() + timedelta(days=1)
    factories.grant(cast.noor, LA_SUPER_USER, since=tomorrow)

    with pytest.raises(Refusal):
        access.deny([cast.ada.pk], by=cast.as_ada)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (LA_SUPER_USER, "school"),
        (LA_SUPER_USER, "pupil"),
        (LA_USER, "school"),
        (SOCIAL_WORKER, "school"),
        (DESIGNATED_TEACHER, "pupil"),
        (SOCIAL_WORKER, "both"),
        (DESIGNATED_TEACHER, "both"),
    ],
)
def test_a_role_is_refused_over_a_place_that_it_is_not_for(
    cast: Cast, role: Role, place: str
) -> None:
    before = everything_on_record()
    school = cast.abbey if place in ("school", "both") else None
    pupil = cast.amira if place in ("pupil", "both") else None

    with pytest.raises(Refusal, match=role.name):
        factories.grant(cast.noor, role, school=school, pupil=pupil)

    assert everything_on_record() == before


def test_one_grant_that_does_not_fit_refuses_all_of_them(cast: Cast) -> None:
    today = timezone.localdate()
    new = [
        access.NewGrant(cast.noor.pk, SOCIAL_WORKER.code, None, pupil.pk, today)
        for pupil in cast.pupils
    ]
    new.append(access.NewGrant(cast.noor.pk, LA_USER.code, cast.abbey.pk, None, today))

    with pytest.raises(Refusal):
        access.grant(new, by=cast.as_ada, source=Source.BY_HAND)

    assert seen_by(cast.noor) == ""


def test_pupils_assigned_to_an_la_user_go_with_the_role(cast: Cast) -> None:
    role = Grant.objects.get(user=cast.liam, pupil__isnull=True)
    access.revoke([role.pk], by=cast.as_ada)

    assert grants_of(cast.liam) == []


def test_pupils_assigned_go_however_many_grants_are_taken_at_once(cast: Cast) -> None:
    today = timezone.localdate()
    pupils = Pupil.objects.bulk_create(
        Pupil(first_name="P", last_name=str(n), recorded_at=timezone.now()) for n in range(600)
    )
    access.grant(
        [access.NewGrant(cast.noor.pk, SOCIAL_WORKER.code, None, p.pk, today) for p in pupils],
        by=cast.as_ada,
        source=Source.IMPORT,
    )
    role = Grant.objects.get(user=cast.liam, pupil__isnull=True)

    access.revoke([*grants_of(cast.noor), role.pk], by=cast.as_ada)

    assert grants_of(cast.noor) == grants_of(cast.liam) == []


def test_restricting_twice_is_one_restriction(cast: Cast) -> None:
    today = timezone.localdate()
    row = restrictions.NewRestriction(cast.dora.pk, cast.amira.pk, "Order 12", today)
    restrictions.restrict([row], by=cast.as_ada)
    restrictions.restrict([row, row], by=cast.as_ada)

    (one,) = Restriction.objects.all()
    assert Event.objects.filter(verb="restricted").count() == 1

    restrictions.lift_restrictions([one.pk], by=cast.as_ada)
    assert may_see(cast.dora.pk, cast.amira.pk)
    restrictions.restrict([row], by=cast.as_ada)
    assert not may_see(cast.dora.pk, cast.amira.pk)


def test_a_restriction_that_says_more_than_one_on_record_is_another(cast: Cast) -> None:
    today = timezone.localdate()
    day = timedelta(days=1)
    first = restrictions.NewRestriction(
        cast.dora.pk, cast.amira.pk, "Order 12", today + day, today + day
    )
    others = [
        first._replace(starts_on=today),
        first._replace(ends_on=None),
        first._replace(reason="Order 13"),
        first._replace(pupil_id=cast.ben.pk),
        first._replace(user_id=cast.theo.pk),
    ]
    restrictions.restrict([first], by=cast.as_ada)
    restrictions.restrict(others, by=cast.as_ada)

    assert Restriction.objects.count() == 6


def test_each_action_leaves_one_event_a_record_that_names_it(cast: Cast) -> None:
    granted = factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.ben, by=cast.as_ada)
    restriction = factories.restriction(cast.noor, cast.ben, by=cast.as_ada)
    restrictions.lift_restrictions([restriction.pk], by=cast.as_ada)
    access.revoke([granted.pk], by=cast.as_ada)
    access.deny([cast.noor.pk], by=cast.as_ada)
    access.allow([cast.noor.pk], by=cast.as_ada)
    denial = Denial.objects.get()

    told = Event.objects.order_by("-pk").values_list(
        "verb", "kind", "object_id", "user_id", "pupil_id"
    )[:6]
    noor, ben = cast.noor.pk, cast.ben.pk
    assert list(reversed(told)) == [
        ("granted", "grant", granted.pk, noor, ben),
        ("restricted", "restriction", restriction.pk, noor, ben),
        ("lifted", "restriction", restriction.pk, noor, ben),
        ("revoked", "grant", granted.pk, noor, ben),
        ("denied", "denial", denial.pk, noor, None),
        ("allowed", "denial", denial.pk, noor, None),
    ]
