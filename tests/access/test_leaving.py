"""What goes with those who leave: scope before minus scope after, and the children left alone."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from django.db import transaction
from django.utils import timezone

from schoolgate.access import leaving, scope
from schoolgate.access.actions import deny
from schoolgate.access.relations import Relations, at
from schoolgate.access.roles import LA_SUPER_USER, SCHOOL_ADMIN
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit import bulk
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil
from tests import factories
from tests.access import worlds
from tests.cast import Cast
from tests.school import School


def seen_in(stand: Relations) -> set[tuple[int, int]]:
    """The pairs of user and child, asked one user at a time."""
    there = Pupil.objects.filter(gone_at__isnull=True)
    return {
        (user_id, pk)
        for user_id in User.objects.values_list("pk", flat=True)
        for pk in scope.pupils_seen_in(stand, user_id, there).values_list("pk", flat=True)
    }


def without_wide(stand: Relations) -> Relations:
    """The relations without the grants that open every pupil, or every one of a school."""
    wide = "g.role IN ('la_super_user', 'la_user', 'school_admin') AND g.pupil_id IS NULL"
    return replace(stand, grants=f"(SELECT g.* FROM {stand.grants} g WHERE NOT ({wide}))")


def a_reader(rng: random.Random, register: bool) -> User:
    """A School Admin, who is told by the register alone, or an LA Super User; with a restriction
    now and then."""
    reader = factories.user(first_name="Reader")
    if register:
        factories.grant(reader, SCHOOL_ADMIN, school=Establishment.objects.get(pk=1))
    else:
        factories.grant(reader, LA_SUPER_USER)
    for child in rng.sample(list(Pupil.objects.all()), 3):
        factories.restriction(reader, child)
    return reader


@pytest.mark.django_db
@pytest.mark.parametrize("register", [False, True], ids=["super user", "school admin"])
@pytest.mark.parametrize("place", [None, 1], ids=["everywhere", "at a school"])
@pytest.mark.parametrize("number", range(2))
def test_what_goes_equals_scope_before_minus_scope_after(
    number: int, place: int | None, register: bool
) -> None:
    seed = number if number == 0 else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    rng = random.Random(seed)
    maker = worlds.Maker(rng, timezone.now(), humans=16, children=24)
    worlds.write(maker.make())
    if bulk.on_postgresql():  # the world has numbers of its own
        for table in ("access_grant", "people_user"):
            bulk.select(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100000)")
    factories.grant(factories.user(), LA_SUPER_USER)  # the last one cannot be removed
    reader = a_reader(rng, register)
    theirs = set(scope.pupils_visible_to(reader.pk).values_list("pk", flat=True))
    told, found_alone, found_lost = scope.of_register if register else _all_of, 0, 0
    for size in (1, 2, 5, 10, 15, 16):
        leavers = set(rng.sample(list(maker.humans), size))
        found = leaving.of(leavers, reader_id=reader.pk, establishment_id=place)
        with transaction.atomic():
            before, narrow = seen_in(told(at())), seen_in(without_wide(told(at())))
            wide = {pk for pk in leavers if scope.is_wide(told(at()), pk)}
            wide -= {pk for pk in wide if not [pair for pair in before if pair[0] == pk]}
            deny(leavers, by=SYSTEM, establishment_id=place)
            lost, still = before - seen_in(told(at())), seen_in(without_wide(told(at())))
            transaction.set_rollback(True)
        right = Counter(user for user, child in lost if user not in wide and child in theirs)
        every = dict.fromkeys(wide if place is None else ())
        assert found.losses == {**right, **every}
        gone, kept = {child for _, child in narrow - still}, {child for _, child in still}
        assert set(found.alone) == (gone - kept) & theirs
        found_alone += len(found.alone)
        found_lost += found.lost
    assert (found_lost and found_alone) or number  # the first world is always the same one


def _all_of(stand: Relations) -> Relations:
    return stand


def test_a_child_with_somebody_else_is_not_left_alone(cast: Cast) -> None:
    found = leaving.of([cast.sara.pk], reader_id=cast.ada.pk)
    assert found.losses == {cast.sara.pk: 2}
    assert found.alone == [cast.eve.pk]  # Dora sees Amira too; Liam, who sees everyone, is no one's
    found = leaving.of([cast.sara.pk, cast.dora.pk], reader_id=cast.ada.pk)
    assert found.alone == [cast.eve.pk]  # so does Theo
    found = leaving.of([cast.sara.pk, cast.dora.pk, cast.theo.pk], reader_id=cast.ada.pk)
    assert found.alone == [cast.amira.pk, cast.carys.pk, cast.eve.pk]
    factories.restriction(cast.ada, cast.carys)
    found = leaving.of([cast.theo.pk, cast.liam.pk], reader_id=cast.ada.pk)
    assert found.losses == {cast.theo.pk: 1, cast.liam.pk: None}
    assert found.alone == []


def test_a_school_admin_is_told_by_the_register_alone(school: School) -> None:
    cast = school.cast
    everybody = [u.pk for u in (*cast.users, school.lena, school.tariq, school.bo)]
    found = leaving.of(everybody, reader_id=school.nia.pk, establishment_id=cast.abbey.pk)
    # Nothing of Dora, Theo and Sara, who see Amira because she is in care.
    assert found.losses == {school.lena.pk: 2, school.tariq.pk: 2}
    assert found.alone == [cast.amira.pk, cast.ben.pk, cast.dylan.pk]
    found = leaving.of([school.lena.pk], reader_id=school.nia.pk)
    assert found.alone == [
        cast.amira.pk
    ]  # Tariq has Ben, and Nia, who has them all, does not count


def test_who_sees_every_pupil_loses_nobody_with_what_they_hold_at_one_school(cast: Cast) -> None:
    factories.grant(cast.liam, SCHOOL_ADMIN, school=cast.abbey)
    found = leaving.of([cast.liam.pk], reader_id=cast.ada.pk, establishment_id=cast.abbey.pk)
    assert found.losses == {}
    found = leaving.of([cast.liam.pk], reader_id=cast.ada.pk)
    assert found.losses == {cast.liam.pk: None}
