"""Who sees a child, in the parts that pages show, against the reference model (S34)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import seen_by
from schoolgate.access.roles import ROLES
from schoolgate.kit.dates import end_of
from tests.access import worlds
from tests.access.reference import reasons
from tests.access.test_reference import ENDS, a_seed

WIDE = ("la_super_user", "la_user")


def a_maker(number: int, end: object) -> worlds.Maker:
    rng = random.Random(a_seed(number))
    maker = worlds.Maker(rng, end or timezone.now(), humans=16, children=10)  # type: ignore[arg-type]
    worlds.write(maker.make())
    return maker


@pytest.mark.django_db
@pytest.mark.parametrize("end", ENDS)
def test_s34_near_and_everybody_are_who_sees_the_child(end: object) -> None:
    maker = a_maker(1, end)
    world = maker.world
    roles = {role.id: role.role for role in world.roles}
    moments = [*maker.telling_moments(8), *([None] if end is None else [])]
    for as_at in moments:
        for child in maker.children:
            right = {
                human: found
                for human in maker.humans
                if (found := reasons(world, human, child, as_at or timezone.now()))
            }
            wide = {h for h, found in right.items() if any(roles[id_] in WIDE for id_ in found)}
            told = seen_by.through(child, list(maker.humans), as_at)
            counts = seen_by.how_many_see_everybody(child, as_at)

            near = set(seen_by.near(child, as_at).values_list("pk", flat=True))
            assert near == right.keys() - wide
            assert set(seen_by.everybody(child, as_at).values_list("pk", flat=True)) == wide
            assert {h: {g.pk for g in grants} for h, grants in told.items()} == right
            assert counts == {
                code: number
                for code in ROLES
                if (number := sum(_has(right[h], roles, code) for h in wide)) and code in WIDE
            }


def _has(found: set[int], roles: dict[int, str], code: str) -> bool:
    return any(roles[id_] == code for id_ in found)


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(3))
def test_what_changes_later_is_what_the_model_says_of_those_days(number: int) -> None:
    maker = a_maker(number, None)
    world, today = maker.world, timezone.localdate()
    told_of = 0
    for child in maker.children:
        days = seen_by._days_of_change(child)
        last = days[-1] if len(days) == seen_by.DAYS_AHEAD else today + timedelta(days=80)
        right, before = set(), None
        for ahead in range((last - today).days + 1):
            day = today + timedelta(days=ahead)
            seen = {h for h in maker.humans if reasons(world, h, child, end_of(day))}
            if before is not None:
                right |= {(day, human, human in seen) for human in seen ^ before}
            before = seen
        changes = seen_by.later(child)

        assert {(c.day, c.user.pk, c.begins) for c in changes} == right
        assert len(changes) == len(right)
        told_of += len(right)
    if number == 0:  # a world made up by chance may have nothing to tell
        assert told_of
