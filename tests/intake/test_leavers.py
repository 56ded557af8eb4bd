"""An offboarding file, row by row: whom it makes inactive, and what stops it (PP11, NEW4, S32)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Denial
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.intake import decisions
from schoolgate.intake.models import ImportFault, State
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.people.models import User
from tests import factories
from tests.cast import seen_by
from tests.intake.desk import APPLIED, REFUSED, SOME_REFUSED, Desk, Row
from tests.intake.test_answers import checked
from tests.intake.test_shown import ask, show

if TYPE_CHECKING:
    from tests.cast import Cast


def leaver(email: str = "", *, username: str = "", first: str = "", last: str = "") -> Row:
    """A row of an offboarding file."""
    return {"Email": email, "User Name": username, "User First Name": first, "User Last Name": last}


def inactive() -> set[str]:
    """The first names of the users who are denied over the organisation."""
    live = Denial.objects.filter(ended_at=None, establishment=None)
    return set(live.values_list("user__first_name", flat=True))


def test_each_row_makes_its_user_inactive(cast: Cast, desk: Desk) -> None:
    factories.user(first_name="Umi", email="", username="umi.moss")
    assert (seen_by(cast.sara), seen_by(cast.dora)) == ("Amira Eve", "Amira")

    ran = desk.take_in(
        "leavers",
        [leaver(" SARA@council.example"), leaver(cast.dora.email), leaver(username="Umi.Moss")],
    )

    assert (ran.status, ran.counts, ran.told, ran.warned) == (APPLIED, (0, 3, 0, 0), [], [])
    assert (ran.access, ran.linked, ran.unlinked) == ((0, 3), 0, 0)
    assert inactive() == {"Sara", "Dora", "Umi"}
    assert (seen_by(cast.sara), seen_by(cast.dora), seen_by(cast.theo)) == ("", "", "Amira Carys")
    denied = Event.objects.filter(verb="denied").values_list("user_id")
    assert {user_id for (user_id,) in denied} == set(
        User.objects.filter(first_name__in=["Sara", "Dora", "Umi"]).values_list("pk", flat=True)
    )


def test_a_check_writes_nothing(cast: Cast, desk: Desk) -> None:
    ran = desk.take_in("leavers", [leaver(cast.sara.email)], "--check")

    assert (ran.status, ran.counts, ran.access) == (APPLIED, (0, 1, 0, 0), (0, 2))
    assert inactive() == set()
    assert not Event.objects.filter(verb__in=["denied", "uploaded"]).exists()


def test_who_sees_every_pupil_loses_every_one_but_those_kept_from_them(
    cast: Cast, desk: Desk
) -> None:
    factories.restriction(cast.liam, cast.carys)

    ran = desk.take_in("leavers", [leaver(cast.liam.email), leaver(cast.noor.email)])

    assert (ran.counts, ran.access) == ((0, 2, 0, 0), (0, 4))


def test_an_address_or_user_name_that_nobody_has_is_a_fault(cast: Cast, desk: Desk) -> None:
    gone = factories.user(first_name="Gus", email="gus@x.example")
    people.remove_users([gone.pk], by=SYSTEM, how=Ending.REMOVED)
    rows = [
        leaver("nobody@x.example"), leaver(username="nobody"), leaver("gus@x.example"),
        leaver("no address"), leaver(), leaver(cast.noor.email, username="nobody"),
        leaver(cast.sara.email),
    ]  # fmt: skip
    rows[4]["User First Name"] = "Blank"

    ran = desk.take_in("leavers", rows, "--skip-faulty", "--yes")

    assert ran.told == [
        (2, "Email", "nobody@x.example", "fault"),
        (3, "User Name", "nobody", "fault"),
        (4, "Email", "gus@x.example", "fault"),
        (5, "Email", "no address", "fault"),
        (6, "Email", "", "fault"),
        (7, "User Name", "nobody", "fault"),
    ]
    assert "no user has it" in ran.problems[0]
    assert "deleted this user already" in ran.problems[2]
    assert (ran.status, ran.counts, inactive()) == (SOME_REFUSED, (0, 1, 0, 6), {"Sara"})


def test_an_address_that_a_deleted_user_had_is_the_living_ones(cast: Cast, desk: Desk) -> None:
    gone = factories.user(first_name="Gus", email="gus@x.example")
    people.remove_users([gone.pk], by=SYSTEM, how=Ending.REMOVED)
    factories.user(first_name="Greta", email="gus@x.example")

    ran = desk.take_in("leavers", [leaver("gus@x.example")])

    assert (ran.status, ran.told, inactive()) == (APPLIED, [], {"Greta"})


def test_an_address_that_only_looks_like_anothers_is_a_question_and_never_a_match(
    cast: Cast, desk: Desk
) -> None:
    ran = desk.take_in("leavers", [leaver("sаra@council.example")], "--yes")  # a Cyrillic а

    assert ran.told == [(2, "Email", "sаra@council.example", "question")]
    assert "looks like “sara@council.example”" in ran.problems[0]
    assert (ran.status, inactive()) == (REFUSED, set())


def test_one_person_in_two_rows_is_a_fault_that_names_both(cast: Cast, desk: Desk) -> None:
    factories.user(first_name="Umi", email="umi@x.example", username="umi")
    rows = [
        leaver(cast.sara.email), leaver(cast.noor.email), leaver(" Sara@Council.example"),
        leaver("umi@x.example"), leaver(username="umi"),
    ]  # fmt: skip

    ran = desk.take_in("leavers", rows, "--skip-faulty")

    assert [(row, kind) for row, _, _, kind in ran.told] == [
        (2, "fault"), (4, "fault"), (5, "fault"), (6, "fault"),
    ]  # fmt: skip
    assert ["row 4" in ran.problems[0], "row 2" in ran.problems[1]] == [True, True]
    assert inactive() == {"Noor"}


def test_an_address_and_a_user_name_of_two_people_are_a_fault(cast: Cast, desk: Desk) -> None:
    factories.user(first_name="Umi", email="", username="umi")

    ran = desk.take_in("leavers", [leaver(cast.sara.email, username="umi")], "--yes")

    assert ran.told == [(2, "User Name", "umi", "fault")]
    assert inactive() == set()


@pytest.mark.parametrize(
    ("first", "last", "differs"),
    [
        ("Sara", "Singh", False), ("sára", "", False), ("Sara-Jane", "Other", False),
        ("Bob", "Singh", False), ("Bob", "Stone", True), ("Bob", "", True), ("", "Stone", True),
        ("", "SINGH", False),
    ],
)  # fmt: skip
def test_a_name_that_clearly_differs_is_a_question(
    cast: Cast, desk: Desk, first: str, last: str, differs: bool
) -> None:
    people.change_users([(cast.sara.pk, "last_name", "Singh")], by=SYSTEM)
    rows = [leaver(cast.sara.email, first=first, last=last)]

    ran = desk.take_in("leavers", rows)

    assert [kind for *_, kind in ran.told] == (["question"] if differs else [])
    assert inactive() == (set() if differs else {"Sara"})
    if differs:
        assert "Sara Singh" in ran.problems[0]
        assert desk.take_in("leavers", rows, "--yes").status == APPLIED
        assert inactive() == {"Sara"}


def test_a_name_that_differs_can_be_answered_on_the_page(cast: Cast) -> None:
    rows = [leaver(cast.sara.email, first="Bob", last="Stone"), leaver(cast.noor.email)]
    run = show(rows, "leavers", by=cast.as_ada)
    assert (run.state, run.summary["questions"]) == (State.NEEDS_PERSON, 1)

    decisions.answer(run.pk, by=cast.as_ada, code="name-differs", row=2, accept=True)
    checked(run)
    assert run.state == State.READY

    ask(run, by=cast.as_ada)
    assert (run.state, inactive()) == (State.DONE, {"Sara", "Noor"})


def test_nobody_hands_in_a_file_that_makes_themselves_inactive(cast: Cast) -> None:
    factories.grant(cast.noor, LA_SUPER_USER)
    run = show([leaver(cast.ada.email), leaver(cast.sara.email)], "leavers", by=cast.as_ada)

    fault = ImportFault.objects.get(run=run, kind="fault")
    assert (fault.row, fault.code) == (2, "yourself")
    ask(run, by=cast.as_ada)
    assert inactive() == {"Sara"}


def test_s32_the_last_la_super_user_stays(cast: Cast, desk: Desk) -> None:
    second = factories.user(first_name="Sunil", email="sunil@x.example")
    factories.grant(second, LA_SUPER_USER)
    both = [leaver(cast.ada.email), leaver(second.email), leaver(cast.sara.email)]

    ran = desk.take_in("leavers", both, "--skip-faulty", "--yes")

    assert [(row, kind) for row, _, _, kind in ran.told] == [(2, "fault"), (3, "fault")]
    assert inactive() == {"Sara"}
    ran = desk.take_in("leavers", [leaver(cast.ada.email)])
    assert (ran.status, inactive()) == (APPLIED, {"Sara", "Ada"})
    assert desk.take_in("leavers", [leaver(second.email)], "--skip-faulty").status == REFUSED


def test_s32_a_refused_row_leaves_its_la_super_user(cast: Cast, desk: Desk) -> None:
    second = factories.user(first_name="Sunil", last_name="Rao", email="sunil@x.example")
    factories.grant(second, LA_SUPER_USER)
    rows = [leaver(cast.ada.email), leaver(second.email, first="Bob", last="Stone")]

    assert desk.take_in("leavers", rows, "--skip-faulty").status == SOME_REFUSED
    assert inactive() == {"Ada"}


def test_who_is_inactive_already_is_unchanged(cast: Cast, desk: Desk) -> None:
    access.deny([cast.sara.pk], by=SYSTEM)
    access.deny([cast.dora.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    rows = [leaver(cast.sara.email), leaver(cast.dora.email)]

    first = desk.take_in("leavers", rows)
    again = desk.take_in("leavers", rows)

    assert (first.counts, first.access) == ((0, 1, 1, 0), (0, 0))
    assert (again.status, again.counts) == (APPLIED, (0, 0, 2, 0))
    assert Denial.objects.filter(ended_at=None, establishment=None).count() == 2


def test_who_has_signed_in_since_yesterday_is_warned_of(cast: Cast, desk: Desk) -> None:
    now = timezone.localtime()
    yesterday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    User.objects.filter(pk=cast.sara.pk).update(last_login=yesterday)
    User.objects.filter(pk=cast.dora.pk).update(last_login=yesterday - timedelta(minutes=1))
    User.objects.filter(pk=cast.noor.pk).update(last_login=now)
    access.deny([cast.noor.pk], by=SYSTEM)

    ran = desk.take_in("leavers", [leaver(u.email) for u in (cast.sara, cast.dora, cast.noor)])

    assert ran.warned == [(2, "Email", cast.sara.email, "warning")]
    assert (ran.status, inactive()) == (APPLIED, {"Sara", "Dora", "Noor"})


@pytest.mark.parametrize(
    "content",
    ["", "Email\r\n", "Email,User Name\r\n,\r\n \r\n", 'Email\r\nsara@council.example\r\n"x'],
)  # fmt: skip
def test_an_empty_or_truncated_file_removes_nobody(cast: Cast, desk: Desk, content: str) -> None:
    ran = desk.take_in("leavers", content, "--skip-faulty", "--yes", "--over-brakes", "yes")

    assert (ran.status, inactive()) == (REFUSED, set())
    assert ran.told


def test_a_file_without_a_column_that_tells_who_it_is_is_refused(cast: Cast, desk: Desk) -> None:
    ran = desk.take_in("leavers", "User First Name\r\nSara\r\n", "--skip-faulty")

    assert "identifies the person" in ran.problems[0]
    assert (ran.status, inactive()) == (REFUSED, set())
    mapped = desk.take_in(
        "leavers", "Work e-mail\r\nsara@council.example\r\n", "--map", "Work e-mail=Email"
    )
    assert (mapped.status, inactive()) == (APPLIED, {"Sara"})


def test_the_template_has_the_columns(desk: Desk) -> None:
    ran = desk.run("template", "leavers")
    assert ran.out.strip() == "Email,User Name,User First Name,User Last Name"
