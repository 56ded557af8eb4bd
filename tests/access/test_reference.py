"""Scope against the reference model: decisions by the hundred thousand (S33, S34)."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.utils import timezone

from schoolgate.access.holdings import holdings
from schoolgate.access.scope import may_see, pupils_visible_to, users_who_can_see
from schoolgate.access.why import why
from tests.access import worlds
from tests.access.reference import World, held, midnight, on_record, opens, reasons

# Weeks in which a clock changes, weeks in which none does, and (None) the weeks up to now.
ENDS = [
    datetime(2025, 11, 9, 23, 30, tzinfo=UTC),
    datetime(2026, 4, 20, 23, 30, tzinfo=UTC),
    datetime(2024, 7, 31, 12, 0, tzinfo=UTC),
    None,
]
DAY, HAIR = timedelta(days=1), timedelta(microseconds=1)
Answers = dict[tuple[int, int], set[int]]


def a_seed(number: int) -> int:
    """The first world is the same in every run, the others are new; the seed tells which."""
    seed = number if number == 0 else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")  # shown where the test fails
    return seed


def a_world(seed: int, end: datetime | None, *, humans: int, children: int) -> worlds.Maker:
    """A made-up world, written into the tables."""
    maker = worlds.Maker(
        random.Random(seed), end or timezone.now(), humans=humans, children=children
    )
    worlds.write(maker.make())
    return maker


def right_answers(world: World, moment: datetime) -> Answers:
    """For each user and pupil, the grants through which the one may see the other."""
    pairs = product([h.id for h in world.humans], [c.id for c in world.children])
    return {(human, child): reasons(world, human, child, moment) for human, child in pairs}


def given_answers(world: World, as_at: datetime | None) -> tuple[set[tuple[int, int]], Answers]:
    """What the lists of each user's pupils say, and what the lists of each pupil's users say."""
    listed = {
        (human.id, child)
        for human in world.humans
        for child in pupils_visible_to(human.id, as_at).values_list("pk", flat=True)
    }
    through: Answers = defaultdict(set)
    for child in world.children:
        for opening in users_who_can_see(child.id, as_at):
            through[opening.user.pk, child.id].add(opening.grant.pk)
    return listed, through


def explain(maker: worlds.Maker, pair: tuple[int, int], as_at: datetime | None) -> str:
    """Everything that bears on a decision that went wrong."""
    facts = "\n  ".join(map(str, maker.world.about(*pair)))
    return f"user {pair[0]} and pupil {pair[1]} at {as_at or 'now'}:\n  {facts}"


def compare(maker: worlds.Maker, as_at: datetime | None) -> int:
    """Ask scope everything about one moment; returns how many decisions were right."""
    world = maker.world
    right = right_answers(world, as_at or timezone.now())
    listed, through = given_answers(world, as_at)
    for pair, grants in right.items():
        assert (pair in listed) == bool(grants), f"list, {explain(maker, pair, as_at)}"
        assert through.get(pair, set()) == grants, f"who sees, {explain(maker, pair, as_at)}"
    seen = [pair for pair, grants in right.items() if grants]
    asked = {*maker.rng.sample(sorted(right), 20), *maker.rng.sample(seen, min(20, len(seen)))}
    for pair in asked:
        assert may_see(*pair, as_at) == bool(right[pair]), f"check, {explain(maker, pair, as_at)}"
    return 2 * len(right) + len(asked)


@pytest.mark.django_db
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("number", range(2))
def test_s33_scope_equals_the_reference_model(number: int, end: datetime | None) -> None:
    maker = a_world(a_seed(number), end, humans=24, children=36)

    decisions = sum(compare(maker, moment) for moment in maker.telling_moments(16))
    if end is None:
        decisions += compare(maker, None)

    assert decisions > 28_000


@pytest.mark.django_db
@pytest.mark.parametrize("end", ENDS)
def test_s34_list_check_why_and_who_sees_agree(end: datetime | None) -> None:
    maker = a_world(a_seed(1), end, humans=12, children=12)
    world = maker.world
    moments: list[datetime | None] = [*maker.telling_moments(12)]
    if end is None:
        moments.append(None)

    for as_at in moments:
        listed, through = given_answers(world, as_at)
        for human, child in maker.rng.sample(sorted(product(maker.humans, maker.children)), 12):
            told = why(human, child, as_at)
            facts = explain(maker, (human, child), as_at)
            reaching = {bearing.grant.pk for bearing in told.grants if bearing.reaches}
            blocked = told.restrictions or told.denial or not told.user_is_there
            blocked = blocked or not told.pupil_is_there

            assert told.answer == may_see(human, child, as_at), facts
            assert told.answer == ((human, child) in listed), facts
            assert told.answer == (reaching != set() and not blocked), facts
            assert through.get((human, child), set()) == (reaching if told.answer else set()), facts
            assert told.sentence().startswith("Yes, " if told.answer else "No, "), facts


@pytest.mark.django_db
def test_why_names_what_bears_on_the_answer_and_nothing_else() -> None:
    maker = a_world(a_seed(1), ENDS[0], humans=12, children=12)
    world = maker.world

    for block in world.blocks:
        human, child = block.human, block.child
        first, last = midnight(block.first), midnight((block.last or block.first) + DAY)
        for moment in (block.written, first, first - HAIR, last - HAIR, last, maker.moment()):
            told = why(human, child, moment)
            facts = explain(maker, (human, child), moment)

            there = {h.id: on_record(h, moment) for h in world.humans}
            assert told.user_is_there == there[human], facts
            assert bool(told.denial) == any(
                shut.human == human and shut.school is None and on_record(shut, moment)
                for shut in world.shut
            ), facts
            assert len(told.restrictions) == sum(
                (b.human, b.child) == (human, child) and held(b, moment) for b in world.blocks
            ), facts
            assert {bearing.grant.pk for bearing in told.grants} == {
                role.id
                for role in world.roles
                if role.human == human and role.child in (None, child) and role.written <= moment
            }, facts
            if told.pupil_is_there:
                assert {b.grant.pk for b in told.grants if b.reaches} == {
                    role.id
                    for role in world.roles
                    if role.human == human and opens(world, role, child, moment)
                }, facts
            assert all(bearing.reason for bearing in told.grants), facts


@pytest.mark.django_db
def test_s34_the_counts_in_a_list_of_users_agree_with_what_each_sees() -> None:
    maker = a_world(a_seed(1), None, humans=24, children=36)
    told = holdings(list(maker.humans), timezone.localdate())

    now = timezone.now()
    for person in maker.world.humans:
        everywhere = [
            shut for shut in maker.world.shut if shut.human == person.id and shut.school is None
        ]
        active = on_record(person, now) and not any(on_record(shut, now) for shut in everywhere)
        opens_any = any(  # also a child that is not there
            role.human == person.id and opens(maker.world, role, 0, now)
            for role in maker.world.roles
        )
        seen = pupils_visible_to(person.id).count()

        assert told[person.id].pupils == (None if active and opens_any else seen)
