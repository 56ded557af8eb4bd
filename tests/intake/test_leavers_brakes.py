"""Brakes: a file that would make too many inactive at once waits for a person's word (NEW8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schoolgate.access import actions as access
from schoolgate.access.models import Denial
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    LA_USER,
    LEADER,
    SCHOOL_ADMIN,
    SOCIAL_WORKER,
)
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.intake import brakes, runs
from schoolgate.intake.models import Import, State
from schoolgate.kit.refusal import Refusal
from tests import factories
from tests.intake.desk import APPLIED, REFUSED, Desk, Row
from tests.intake.test_leavers import leaver
from tests.intake.test_shown import show

if TYPE_CHECKING:
    from schoolgate.access.roles import Role
    from schoolgate.people.models import User
    from schoolgate.schools.models import Establishment
    from tests.cast import Cast


def of_role(count: int, role: Role, school: Establishment | None = None) -> list[User]:
    """So many users who hold it, each over a child of their own where it is over pupils."""
    made = []
    for n in range(count):
        user = factories.user(first_name=f"{role.code}{n}")
        pupil = factories.pupil() if role is SOCIAL_WORKER else None
        factories.grant(user, role, school=school, pupil=pupil)
        made.append(user)
    return made


def rows(users: list[User]) -> list[Row]:
    return [leaver(user.email) for user in users]


def denied() -> int:
    return Denial.objects.filter(ended_at=None, establishment=None).count()


@pytest.mark.parametrize(
    ("removed", "active", "held"),
    [
        (5, 5, False), (6, 6, True), (6, 59, True), (6, 60, False), (7, 60, True), (0, 0, False),
        (100, 1_000, False), (101, 1_000, True), (5, 10, False),
    ],
)  # fmt: skip
def test_more_than_ten_percent_and_more_than_five(removed: int, active: int, held: bool) -> None:
    assert brakes.is_held(removed, active) is held


def test_the_settings_say_how_many(settings: Any) -> None:
    settings.BRAKE_COUNT, settings.BRAKE_PERCENT = 2, 50
    assert [brakes.is_held(n, 5) for n in (2, 3)] == [False, True]
    assert not brakes.is_held(3, 6)


def test_too_many_of_a_role_wait_for_a_word(cast: Cast, desk: Desk) -> None:
    workers = of_role(7, SOCIAL_WORKER)  # and Sara

    held = desk.take_in("leavers", rows(workers[:6]))

    assert (held.status, denied()) == (REFUSED, 0)
    assert held.told == [(None, "", "6 of 8 active Social Workers", "question")]
    assert "--over-brakes" in held.problems[0]
    assert held.counts == (0, 6, 0, 0)  # what it would do
    for flags in (["--check"], ["--yes", "--skip-faulty"], ["--over-brakes", "  "]):
        again = desk.take_in("leavers", rows(workers[:6]), *flags)
        assert (again.status, again.told, denied()) == (REFUSED, held.told, 0)

    assert desk.take_in("leavers", rows(workers[:5])).status == APPLIED
    assert denied() == 5


def test_with_the_word_and_its_reason_it_is_applied_and_recorded(cast: Cast, desk: Desk) -> None:
    workers = of_role(6, SOCIAL_WORKER)

    ran = desk.take_in("leavers", rows(workers), "--over-brakes", "The agency’s contract ended")

    assert (ran.status, ran.told, denied()) == (APPLIED, [], 6)
    kept = Import.objects.get(pk=ran.id).options["over_brakes"]
    assert kept == {
        "brakes": ["6 of 7 active Social Workers"],
        "reason": "The agency’s contract ended",
        "by": ["command line", None],
    }
    assert Event.objects.filter(verb="let through", kind="import", object_id=ran.id).count() == 1
    small = desk.take_in("leavers", rows([cast.noor]), "--over-brakes", "Nothing is held")
    assert Import.objects.get(pk=small.id).options.get("over_brakes", {}) == {}
    assert Event.objects.filter(verb="let through").count() == 1


def test_the_command_says_so_in_words(cast: Cast, desk: Desk) -> None:
    workers = of_role(6, SOCIAL_WORKER)

    ran = desk.run("import", "leavers", str(desk.file(rows(workers))))

    assert ran.status == REFUSED
    assert "“6 of 7 active Social Workers”: Look at who" in ran.out
    assert "Nothing was applied." in ran.out


def test_the_place_of_a_role_in_schools_is_the_school_and_the_organisation(
    cast: Cast, desk: Desk
) -> None:
    elsewhere = of_role(60, SCHOOL_ADMIN, cast.brook)
    here = of_role(6, SCHOOL_ADMIN, cast.abbey)

    held = desk.take_in("leavers", rows(here), "--check")
    assert (
        held.answer["faults"][0]["value"] == "6 of 6 active School Admins at Abbey Primary School"
    )

    # One of each of seven schools: too many of the organisation's, though of no school's.
    spread = [
        of_role(1, DESIGNATED_TEACHER, factories.establishment(name=f"School {n}"))[0]
        for n in range(7)
    ]
    held = desk.take_in("leavers", rows(spread), "--check")
    assert held.answer["faults"][0]["value"] == "7 of 9 active Designated Teachers"
    assert desk.take_in("leavers", rows(elsewhere[:6]), "--check").status == APPLIED


def test_leaders_are_counted_once_at_their_school(cast: Cast, desk: Desk) -> None:
    subjects = [factories.subject(cast.abbey, name) for name in ("History", "Maths")]
    leaders = [factories.user(first_name=f"L{n}") for n in range(6)]
    for user in leaders:
        for subject in subjects:
            factories.grant(user, LEADER, subject=subject)

    held = desk.take_in("leavers", rows(leaders), "--check")

    assert held.answer["faults"][0]["value"] == (
        "6 of 6 active Leaders; 6 of 6 active Leaders at Abbey Primary School"
    )


def test_who_is_inactive_or_asleep_or_only_assigned_is_not_among_the_active(
    cast: Cast, desk: Desk
) -> None:
    workers = of_role(60, SOCIAL_WORKER)
    assert desk.take_in("leavers", rows(workers[:6]), "--check").status == APPLIED  # 6 of 61
    access.deny([user.pk for user in workers[10:12]], by=SYSTEM)
    held = desk.take_in("leavers", rows(workers[:6]), "--check")
    assert held.answer["faults"][0]["value"] == "6 of 59 active Social Workers"

    admins = of_role(6, SCHOOL_ADMIN, cast.abbey)
    access.deny([admins[0].pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    assert desk.take_in("leavers", rows(admins), "--check").status == APPLIED  # 5 awake

    for user in workers[20:26]:
        factories.grant(user, LA_USER, pupil=factories.pupil())  # puts a child first, no role
    assert brakes.that_hold(f"SELECT {workers[20].pk} AS user_id") == []
    few = desk.take_in("leavers", rows(workers[20:26]), "--check")
    assert few.answer["faults"][0]["value"] == "6 of 59 active Social Workers"


def test_a_refused_row_counts_for_no_brake(cast: Cast, desk: Desk) -> None:
    workers = of_role(6, SOCIAL_WORKER)
    content = rows(workers)
    content[0] |= {"User First Name": "Bob", "User Last Name": "Stone"}

    ran = desk.take_in("leavers", content, "--skip-faulty")

    assert denied() == 5
    assert [kind for *_, kind in ran.told] == ["question"]


def test_on_the_page_it_needs_a_person_who_says_why(cast: Cast) -> None:
    run = show(rows(of_role(6, SOCIAL_WORKER)), "leavers", by=cast.as_ada)
    assert (run.state, run.summary["brakes"]) == (
        State.NEEDS_PERSON, ["6 of 7 active Social Workers"],
    )  # fmt: skip

    for reason in ("", "  "):
        with pytest.raises(Refusal, match="say why"):
            runs.request_apply(
                run.pk, by=cast.as_ada, skip_faulty=True, shown_digest=run.plan_digest,
                over_brakes=reason,
            )  # fmt: skip
    assert denied() == 0
    runs.request_apply(
        run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest,
        over_brakes="They have left",
    )  # fmt: skip
    runs.apply(run.pk)

    run.refresh_from_db()
    assert (run.state, denied()) == (State.DONE, 6)
    assert run.options["over_brakes"]["by"] == ["user", cast.ada.pk]
    assert run.options["over_brakes"]["reason"] == "They have left"


def test_s42_a_word_counts_for_the_brakes_that_were_shown(cast: Cast) -> None:
    workers = of_role(8, SOCIAL_WORKER)
    run = show(rows(workers[:6]), "leavers", by=cast.as_ada)
    runs.request_apply(
        run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest, over_brakes="Yes"
    )
    access.deny([workers[7].pk], by=SYSTEM)  # 6 of 8 now, no longer 6 of 9

    runs.apply(run.pk)

    run.refresh_from_db()
    assert (run.state, denied()) == (State.NEEDS_PERSON, 1)
    assert run.summary["brakes"] == ["6 of 8 active Social Workers"]
    with pytest.raises(Refusal, match="say why"):
        runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)


def test_s42_a_file_that_the_brakes_hold_only_now_is_asked_about(cast: Cast) -> None:
    workers = of_role(60, SOCIAL_WORKER)
    run = show(rows(workers[:6]), "leavers", by=cast.as_ada)
    assert run.state == State.READY
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    access.deny([user.pk for user in workers[50:]], by=SYSTEM)

    runs.apply(run.pk)

    run.refresh_from_db()
    assert (run.state, denied()) == (State.NEEDS_PERSON, 10)
