"""The preview of what is proposed for one user: scope after minus scope before, child by child."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from django.utils import timezone

from schoolgate.access import accounts, scope
from schoolgate.access.accounts import UserToAdd, UserToSave
from schoolgate.access.actions import NewGrant
from schoolgate.access.models import Grant
from schoolgate.access.proposals import NEW_USER, preview_of
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    LA_SUPER_USER,
    LA_USER,
    ROLES,
    SOCIAL_WORKER,
    Over,
)
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit import bulk
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from tests import factories
from tests.access import worlds
from tests.cast import Cast, seen_by


def seen(user_id: int) -> set[int]:
    """The ids of the pupils whom the user sees."""
    return set(scope.pupils_visible_to(user_id).values_list("pk", flat=True))


@dataclass
class Wish:
    """What a page may propose for one user."""

    adding: list[NewGrant] = field(default_factory=list)
    ending: list[int] = field(default_factory=list)
    active: bool = True


def a_wish(rng: random.Random, user_id: int, maker: worlds.Maker) -> Wish:
    """Some grants to give and some of those on record to end, put together by chance."""
    wish = Wish(active=rng.random() < 0.8)
    held = list(Grant.objects.filter(user_id=user_id, ended_at__isnull=True))
    wish.ending = [grant.pk for grant in held if rng.random() < 0.4]
    today = timezone.localdate()
    taken = {
        (grant.role, grant.establishment_id, grant.subject_area_id, grant.pupil_id)
        for grant in held
        if grant.starts_on == today
    }
    for _ in range(rng.randint(0, 5)):
        role = rng.choices(list(ROLES.values()), [4, 1, 1, 4, 3, 4, 0, 1, 4, 1])[0]
        school = rng.choice([1, 2]) if role.over is Over.ESTABLISHMENT else None
        subject = rng.choice([1, 2, 3, 4]) if role.over is Over.SUBJECT_AREA else None
        school = maker.world.subjects[subject] if subject else school
        child = rng.choice(list(maker.children)) if role.over is Over.PUPILS else None
        if (role.code, school, subject, child) not in taken:
            taken.add((role.code, school, subject, child))
            wish.adding.append(
                NewGrant(user_id, role.code, school, child, today, subject_area_id=subject)
            )
    return wish


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(3))
def test_preview_equals_scope_after_minus_scope_before(number: int) -> None:
    seed = number if number == 0 else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    rng = random.Random(seed)
    maker = worlds.Maker(rng, timezone.now(), humans=16, children=24)
    worlds.write(maker.make())
    if bulk.on_postgresql():  # the world's grants have numbers of its own
        bulk.select("SELECT setval(pg_get_serial_sequence('access_grant', 'id'), 100000)")
        bulk.select("SELECT setval(pg_get_serial_sequence('people_user', 'id'), 100000)")
    factories.grant(factories.user(), LA_SUPER_USER)  # the last one cannot be removed
    there = {h.id for h in maker.world.humans if h.struck is None}
    moved = 0
    for user_id in sorted(there):
        wish = a_wish(rng, user_id, maker)
        told = preview_of(user_id, adding=wish.adding, ending=wish.ending, active=wish.active)
        gained = set(told.gained.values_list("pk", flat=True))
        lost = set(told.lost.values_list("pk", flat=True))
        before = seen(user_id)
        with transaction.atomic():
            saved = UserToSave(user_id, {}, wish.adding, wish.ending, active=wish.active)
            accounts.save_users([saved], by=SYSTEM)
            after = seen(user_id)
            transaction.set_rollback(True)
        assert (gained, lost) == (after - before, before - after), wish
        moved += len(gained) + len(lost)
    assert moved > 20


def test_a_user_not_made_yet_would_see_what_they_then_see(cast: Cast) -> None:
    today = timezone.localdate()
    grants = [
        NewGrant(NEW_USER, DESIGNATED_TEACHER.code, cast.abbey.pk, None, today),
        NewGrant(NEW_USER, SOCIAL_WORKER.code, None, cast.eve.pk, today),
    ]
    told = preview_of(NEW_USER, adding=grants)
    assert {p.first_name for p in told.gained} == {"Amira", "Eve"}
    assert not told.lost
    assert not preview_of(NEW_USER, adding=grants, active=False).gained

    new = UserToAdd(NewUser("new@council.example", "", "New", "Person"), grants)
    (user_id,) = accounts.add_users([new], by=cast.as_ada)
    assert seen(user_id) == {cast.amira.pk, cast.eve.pk}


def test_every_pupil_is_told_as_such_and_a_restriction_still_beats_it(cast: Cast) -> None:
    factories.restriction(cast.noor, cast.carys)
    wide = NewGrant(cast.noor.pk, LA_USER.code, None, None, timezone.localdate())
    told = preview_of(cast.noor.pk, adding=[wide])
    assert (told.every_before, told.every_after) == (False, True)
    assert {p.first_name for p in told.gained} == {"Amira", "Ben", "Dylan", "Eve"}

    role = Grant.objects.get(user=cast.liam, pupil__isnull=True)
    told = preview_of(cast.liam.pk, ending=[role.pk])
    assert (told.every_before, told.every_after) == (True, False)
    assert told.lost.count() == 5


def test_saving_a_user_is_all_or_nothing(cast: Cast) -> None:
    before = (Event.objects.count(), seen_by(cast.dora))
    (role,) = Grant.objects.filter(user=cast.ada)
    wrong = [
        UserToSave(cast.dora.pk, {"phone": "1", "email": "d@abbey.example"}, active=False),
        UserToSave(cast.ada.pk, {}, ending=[role.pk]),  # the last LA Super User stays (S32)
    ]
    with pytest.raises(Refusal, match="somebody else LA Super User first"):
        accounts.save_users(wrong, by=cast.as_ada)
    cast.dora.refresh_from_db()
    assert (cast.dora.phone, cast.dora.email) == ("", "dora@abbey.example")
    assert (Event.objects.count(), seen_by(cast.dora)) == before


@pytest.mark.parametrize("name", ["liam", "sara", "dora", "noor"])
def test_s62_only_an_la_super_user_changes_address_status_or_roles(cast: Cast, name: str) -> None:
    by = user_actor(getattr(cast, name).pk)
    own = NewGrant(by.user_id or 0, LA_SUPER_USER.code, None, None, timezone.localdate())
    for change in (
        UserToSave(cast.theo.pk, {"email": "mine@example.org"}),
        UserToSave(cast.theo.pk, {}, active=False),
        UserToSave(by.user_id or 0, {}, adding=[own]),
    ):
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            accounts.save_users([change], by=by)
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        new = UserToAdd(NewUser("n@example.org", "", "N", "N"), [own])
        accounts.add_users([new], by=by)
    cast.theo.refresh_from_db()
    assert cast.theo.email == "theo@brook.example"
