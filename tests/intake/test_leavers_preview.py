"""What a file of leavers shows is what scope loses by it (NEW1, S33, S41, S42)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.access import actions as access
from schoolgate.access.models import Denial
from schoolgate.access.roles import LA_SUPER_USER, LEADER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import gains, runs
from schoolgate.intake.models import State
from schoolgate.intake.unseen import NOBODY
from schoolgate.people.models import User
from tests import factories
from tests.intake.test_answers import whole
from tests.intake.test_kept_preview import (
    all_children,
    all_people,
    is_wide,
    told_by_child,
    told_by_person,
)
from tests.intake.test_leavers import inactive, leaver
from tests.intake.test_preview import seed_of, seen
from tests.intake.test_shown import ask, show
from tests.intake.worlds import a_world

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.school import School


@pytest.mark.parametrize("number", range(8))
def test_the_pages_tell_what_scope_says_before_and_after(db: None, number: int) -> None:
    world = a_world(seed_of(number))
    root = User.objects.get(first_name="Root")
    for _ in range(3):
        leaving = world.rng.sample(world.users, world.rng.randint(1, 5))
        rows = [leaver(user.email) for user in leaving]
        if world.rng.random() < 0.5:
            rows.append(leaver("nobody@x.example"))
        run = show(rows, "leavers", by=SYSTEM)
        by_person, by_child = told_by_person(run, root.pk), told_by_child(run, root.pk)
        all_lost = {line.label: line.lost for line in all_people(run, root.pk) if line.everything}
        told = {line.label for line in all_people(run, root.pk)}
        before = seen()
        wide = {str(user) for user in leaving if is_wide(str(user))}
        active = {str(user) for user in leaving} - {
            str(denial.user) for denial in Denial.objects.filter(ended_at=None, establishment=None)
        }

        if run.summary["refused"] < run.summary["rows"]:
            ask(run, by=SYSTEM)
            assert run.state == State.DONE

        after = seen()
        assert not after - before
        lost = before - after
        assert {user for user, _ in lost} <= {str(user) for user in leaving}
        narrow = {pair for pair in lost if pair[0] not in wide}
        assert by_person == by_child == (set(), narrow)
        assert (run.summary["gained"], run.summary["lost"]) == (0, len(lost))
        assert all_lost == {user: sum(pair[0] == user for pair in lost) for user in all_lost}
        assert {user for user, _ in lost} & wide <= set(all_lost)
        assert told == active
        assert whole(run)[1] == len(active)


def test_a_line_says_what_the_leaver_holds(cast: Cast, school: School) -> None:
    factories.grant(cast.noor, LEADER, subject=school.maths)
    rows = [leaver(u.email) for u in (cast.noor, cast.sara, cast.liam, school.una, school.nia)]
    run = show(rows, "leavers", by=cast.as_ada)

    lines = {line.label.split()[0]: line for line in all_people(run, cast.ada.pk)}

    assert {name: line.places for name, line in lines.items()} == {
        "Noor": ["Leader of Maths at Abbey Primary School"],
        "Sara": ["Social Worker: 2 children linked"],
        "Liam": ["LA User: 1 child assigned first"],
        "Una": [],
        "Nia": ["School Admin at Abbey Primary School"],
    }
    assert {name: (line.gained, line.lost) for name, line in lines.items()} == {
        "Noor": (0, 2), "Sara": (0, 2), "Liam": (0, 5), "Una": (0, 0), "Nia": (0, 3),
    }  # fmt: skip
    assert [name for name, line in lines.items() if line.everything] == ["Liam"]
    children = all_children(run, cast.ada.pk)
    assert {line.label.split()[0]: line.lost for line in children} == {
        "Amira": 2, "Ben": 2, "Dylan": 2, "Eve": 1,
    }  # fmt: skip
    page = gains.children_gained(run.pk, reader=cast.ada.pk)
    assert (page.everything, page.unseen) == (1, 0)


def test_s35_a_child_kept_from_the_reader_is_counted_and_not_named(cast: Cast) -> None:
    factories.restriction(cast.ada, cast.eve)
    run = show([leaver(cast.sara.email)], "leavers", by=cast.as_ada)

    (line,) = all_people(run, cast.ada.pk)
    page = gains.children_gained(run.pk, reader=cast.ada.pk)

    assert line.lost == 2
    assert {child.name for child in line.children} == {str(cast.amira), NOBODY}
    assert [child.label.split()[0] for child in page.children] == ["Amira"]
    assert page.unseen == 1


def test_s42_another_leaver_of_the_same_number_is_asked_about_again(cast: Cast) -> None:
    run = show([leaver(cast.sara.email), leaver(cast.dora.email)], "leavers", by=cast.as_ada)
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    access.deny([cast.sara.pk], by=cast.as_ada)

    runs.apply(run.pk)

    run.refresh_from_db()
    assert run.state == State.READY
    assert "something has changed" in run.problem
    assert inactive() == {"Sara"}
    ask(run, by=cast.as_ada)
    assert inactive() == {"Sara", "Dora"}


def test_s42_another_child_of_a_leaver_is_asked_about_again(cast: Cast) -> None:
    run = show([leaver(cast.sara.email)], "leavers", by=cast.as_ada)
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.ben)

    runs.apply(run.pk)

    run.refresh_from_db()
    assert (run.state, inactive()) == (State.READY, set())
    assert run.summary["lost"] == 3


def test_s37_who_asked_and_is_no_la_super_user_any_more_removes_nobody(cast: Cast) -> None:
    second = factories.user(first_name="Sunil")
    factories.grant(second, LA_SUPER_USER)
    run = show([leaver(cast.sara.email)], "leavers", by=cast.as_ada)
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    access.deny([cast.ada.pk], by=SYSTEM)

    runs.apply(run.pk)

    run.refresh_from_db()
    assert (run.state, inactive()) == (State.FAILED, {"Ada"})


def test_s41_the_same_import_applied_twice_counts_once(cast: Cast) -> None:
    run = show([leaver(cast.sara.email)], "leavers", by=cast.as_ada)
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)

    runs.apply(run.pk)
    runs.apply(run.pk)

    assert Denial.objects.filter(user=cast.sara).count() == 1
    run.refresh_from_db()
    assert run.state == State.DONE
