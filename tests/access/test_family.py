"""A fixture family: who sees whom (S35)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.access import scope
from tests.cast import seen_by
from tests.family import TABLE, Family, assemble
from tests.house.test_files import ROOT

if TYPE_CHECKING:
    from schoolgate.schools.models import Pupil


@pytest.fixture
def family(db: None) -> Family:
    return assemble()


def children(family: Family) -> list[Pupil]:
    return [family.jack, family.ella, family.tom, family.amy, family.luis]


def test_s35_the_table_of_the_family(family: Family) -> None:
    told = [seen_by(adult) for adult in family.adults]

    assert told == [" ".join(sorted(sees.split())) for _, _, sees in TABLE]
    assert [str(adult) for adult in family.adults] == [who for who, _, _ in TABLE]


def test_s35_who_sees_a_child_is_the_same_table_read_the_other_way(family: Family) -> None:
    for child in children(family):
        seers = {opening.user.pk for opening in scope.users_who_can_see(child.pk)}
        wanted = {
            adult.pk
            for adult, (_, _, sees) in zip(family.adults, TABLE, strict=True)
            if child.first_name in sees.split()
        }
        assert seers == wanted, child


def test_by_work_and_by_licence_are_told_apart(family: Family) -> None:
    by_work = set(scope.pupils_by_work(family.rosa.pk))
    by_licence = set(scope.pupils_by_licence(family.rosa.pk))

    assert (by_work, by_licence) == ({family.jack}, {family.luis})
    assert not set(scope.pupils_by_work(family.karen.pk))
    assert set(scope.pupils_by_licence(family.karen.pk)) == {family.jack, family.ella}


def test_no_licence_tells_that_a_child_is_in_care(family: Family) -> None:
    assert not scope.pupils_told_of_care(family.brenda.pk).exists()
    assert not scope.pupils_told_of_care(family.karen.pk).exists()


def test_the_guide_has_the_same_table() -> None:
    text = (ROOT / "docs" / "guide" / "parents.md").read_text("utf-8")
    rows = [f"| {who} | {what} | {', '.join(sees.split())} |" for who, what, sees in TABLE]

    assert "\n".join(rows) in text
