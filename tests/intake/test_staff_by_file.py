"""A user file of School Admins, Leaders or Finance Managers: rows, faults, staff records, undo."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from schoolgate.access import actions as access
from schoolgate.access import scope
from schoolgate.access.models import Grant
from schoolgate.access.roles import LEADER, SCHOOL_ADMIN
from schoolgate.intake import gains, runs
from schoolgate.intake.columns import UPN_HEADING, URN_HEADING, kind_of
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import StaffRecord, User
from schoolgate.schools import classes
from tests import factories
from tests.intake.desk import (
    ADMIN,
    APPLIED,
    FINANCE,
    LEADS,
    REFUSED,
    SOME_REFUSED,
    WRONG_USAGE,
    person,
    upn_of,
)
from tests.intake.standing import difference, standing
from tests.intake.test_kept_preview import all_people
from tests.intake.test_shown import show
from tests.intake.test_statements import asked

if TYPE_CHECKING:
    from tests.intake.desk import Desk, Row
    from tests.school import School


def jo() -> User:
    return User.objects.get(email="jo.day@school.example", gone_at=None)


def held(user: User) -> set[tuple[str, str, str]]:
    """The roles of a user, with school and subject."""
    live = Grant.objects.filter(user=user, ended_at=None)
    return {
        (g.role, g.establishment.name if g.establishment else "", str(g.subject_area or ""))
        for g in live.select_related("establishment", "subject_area")
    }


def led(subjects: list[str], *, urn: str = "100001", **cells: str) -> Row:
    """A row of a file of leaders."""
    return person(urn=urn, subjects=subjects, **cells)  # type: ignore[arg-type]


def sees(user: User) -> set[str]:
    return {pupil.first_name for pupil in scope.pupils_visible_to(user.pk)}


def test_a_school_admin_is_one_at_the_school_of_the_row(school: School, desk: Desk) -> None:
    row = person(urn="100001")
    checked = desk.users([row], "--check", role=ADMIN)
    ran = desk.users([row], role=ADMIN)

    assert (ran.status, ran.counts, ran.told, ran.warned) == (APPLIED, (1, 0, 0, 0), [], [])
    assert held(jo()) == {("school_admin", "Abbey Primary School", "")}
    assert checked.access == ran.access == (3, 0)
    assert sees(jo()) == {"Amira", "Ben", "Dylan"}
    assert jo().workplace == school.cast.abbey
    assert desk.users([row], role=ADMIN).counts == (0, 0, 1, 0)


def test_a_finance_manager_sees_nobody(school: School, desk: Desk) -> None:
    ran = desk.users([person(urn="100001")], role=FINANCE)

    assert (ran.counts, ran.access, sees(jo())) == ((1, 0, 0, 0), (0, 0), set())
    assert held(jo()) == {("finance_manager", "Abbey Primary School", "")}


@pytest.mark.parametrize(
    ("cells", "subjects"),
    [
        (["History"], {"History"}),
        ([" hISTORY ", "Maths"], {"History", "Maths"}),
        (["Maths; history ;"], {"History", "Maths"}),
        (["Humanities"], {"History", "Geography"}),
        (["Humanities", "History;Geography"], {"History", "Geography"}),
        (["all subjects"], {"History", "Geography", "Maths"}),
    ],
)
def test_a_leader_leads_the_subjects_of_the_cells(
    school: School, desk: Desk, cells: list[str], subjects: set[str]
) -> None:
    factories.subject(school.cast.brook, "History")
    factories.subject(school.cast.brook, "Latin")

    ran = desk.users([led(cells)], role=LEADS)

    assert (ran.status, ran.counts, ran.told) == (APPLIED, (1, 0, 0, 0), [])
    assert held(jo()) == {("leader", "Abbey Primary School", name) for name in subjects}
    assert desk.users([led(cells)], role=LEADS).counts == (0, 0, 1, 0)


def test_a_subject_goes_before_a_category_of_its_name(school: School, desk: Desk) -> None:
    factories.subject(school.cast.abbey, "Humanities")
    factories.subject(school.cast.abbey, "All subjects")

    desk.users([led(["Humanities; All subjects"])], role=LEADS)

    assert {name for _, _, name in held(jo())} == {"Humanities", "All subjects"}


def test_a_leader_gains_the_children_of_the_classes(school: School, desk: Desk) -> None:
    rows = [led(["History"]), led(["Maths"], first="Max", email="max@abbey.example")]
    checked = desk.users(rows, "--check", role=LEADS)
    ran = desk.users(rows, role=LEADS)

    assert checked.access == ran.access == (4, 0)
    assert sees(jo()) == {"Amira", "Ben"}
    assert sees(User.objects.get(email="max@abbey.example")) == {"Ben", "Dylan"}


def test_a_subject_that_is_none_is_a_fault_that_names_those_there_are(
    school: School, desk: Desk
) -> None:
    gone = factories.subject(school.cast.abbey, "Latin")
    classes.remove(type(gone), [gone.pk], by=school.as_nia)
    rows = [
        led(["Alchemy", "History"]),
        led(["Latin"], email="b@x.example"),
        led(["History"], email="c@x.example", urn="100002"),
        led(["", " ; "], email="d@x.example"),
    ]
    ran = desk.users(rows, role=LEADS)

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 4))
    assert ran.told == [
        (2, "Subject", "Alchemy", "fault"), (3, "Subject", "Latin", "fault"),
        (4, "Subject", "History", "fault"), (5, "Subject", "", "fault"),
    ]  # fmt: skip
    assert ran.problems == [
        "Enter a subject area of Abbey Primary School, or All subjects: it has Geography, History"
        " and Maths, and this is none of them.",
        "Enter a subject area of Abbey Primary School, or All subjects: it has Geography, History"
        " and Maths, and this is none of them.",
        "Add the subject areas of Brook Academy first, in My school: it has none yet.",
        "Enter the subject areas that this person leads, or All subjects.",
    ]


def test_a_file_of_leaders_without_the_column_is_told_so(school: School, desk: Desk) -> None:
    ran = desk.users([person(urn="100001")], role=LEADS)

    assert (ran.status, ran.told) == (REFUSED, [(None, "Subject", "", "fault")])
    assert "Add a column “Subject”" in ran.problems[0]


def test_the_column_of_leaders_is_unknown_in_other_files(school: School, desk: Desk) -> None:
    ran = desk.users([led(["Alchemy"])], role=ADMIN)

    assert (ran.counts, ran.told) == ((1, 0, 0, 0), [])
    assert [(row, column) for row, column, _, _ in ran.warned] == [(None, "Subject")]


@pytest.mark.parametrize("role", [ADMIN, LEADS, FINANCE])
def test_the_school_must_be_said_and_upns_are_not_used(
    school: School, desk: Desk, role: str
) -> None:
    subjects = ["History"] if role == LEADS else None
    rows = [
        person(email=f"p{n}@x.example", urn=urn, subjects=subjects, upns=[upn_of(school.cast.ben)])
        for n, urn in enumerate(["", "0", "999", "100001"])
    ]
    ran = desk.users(rows, "--skip-faulty", role=role)

    assert (ran.status, ran.counts, ran.linked) == (SOME_REFUSED, (1, 0, 0, 3), 0)
    assert ran.told == [
        (2, URN_HEADING, "", "fault"), (3, URN_HEADING, "0", "fault"),
        (4, URN_HEADING, "999", "fault"),
    ]  # fmt: skip
    assert f"a {role} is one at a school" in ran.problems[0]
    assert {(column, kind) for _, column, _, kind in ran.warned} == {(UPN_HEADING, "warning")}
    assert len(ran.warned) == 4
    assert not Grant.objects.filter(user__email="p3@x.example").exclude(pupil=None).exists()


def test_the_role_of_teachers_comes_from_no_file(school: School, desk: Desk) -> None:
    ran = desk.users([person(urn="100001")], role="Teacher")

    assert ran.status == WRONG_USAGE
    assert '"School Admin", "Leader", "Finance Manager"' in ran.err
    with pytest.raises(Refusal):
        runs.receive(
            kind="users", role="teacher", filename="t.csv", content=io.BytesIO(),
            by=school.cast.as_ada,
        )  # fmt: skip


@pytest.mark.parametrize("role", [ADMIN, LEADS, FINANCE])
def test_whoever_is_given_a_role_at_a_school_is_on_its_staff(
    school: School, desk: Desk, role: str
) -> None:
    subjects = ["Humanities"] if role == LEADS else None
    una = school.una
    rows = [
        person(urn="100001", subjects=subjects),
        person(first="Una", last="Kerr", email=una.email or "", urn="100001", subjects=subjects),
    ]
    before = standing()

    ran = desk.users(rows, role=role)

    (post,) = StaffRecord.objects.filter(user=jo(), ended_at=None)
    assert (post.establishment, post.sync, post.import_id) == (
        school.cast.abbey, "unsynchronised", ran.id,
    )  # fmt: skip
    assert StaffRecord.objects.filter(user=una).count() == 1  # as she was
    assert desk.undo(ran).status == APPLIED
    assert difference(before, standing()) == {}


def test_other_roles_make_nobody_staff(school: School, desk: Desk) -> None:
    desk.users([person(urn="100001")], role="Designated Teacher")

    assert not StaffRecord.objects.filter(user=jo()).exists()


def test_somebody_put_on_the_staff_elsewhere_since_stays_after_undo(
    school: School, desk: Desk
) -> None:
    ran = desk.users([person(urn="100001")], role=ADMIN)
    factories.post(jo(), school.cast.brook)

    undone = desk.undo(ran)

    assert (undone.status, held(jo())) == (SOME_REFUSED, set())
    assert [p.establishment for p in StaffRecord.objects.filter(user=jo(), ended_at=None)] == [
        school.cast.brook
    ]


def test_whoever_is_inactive_at_that_school_is_a_question(school: School, desk: Desk) -> None:
    access.deny([school.lena.pk], by=school.as_nia, establishment_id=school.cast.abbey.pk)
    factories.grant(school.lena, SCHOOL_ADMIN, school=school.cast.brook)
    factories.subject(school.cast.brook, "Art")
    lena = {"first": "Lena", "last": "Fischer", "email": school.lena.email or ""}

    for flags in ([], ["--yes"]):
        ran = desk.users([led(["Maths"], **lena)], *flags, role=LEADS)
        assert (ran.status, ran.told) == (REFUSED, [(2, URN_HEADING, "100001", "question")])
        assert "Reactivate this user at Abbey Primary School first" in ran.problems[0]
    # Elsewhere she is at work.
    assert desk.users([led(["Art"], urn="100002", **lena)], role=LEADS).status == APPLIED


def test_whoever_cannot_sign_in_any_more_is_a_question_at_any_school(
    school: School, desk: Desk
) -> None:
    """All that Lena has is at Abbey: asleep, she is inactive."""
    access.deny([school.lena.pk], by=school.as_nia, establishment_id=school.cast.abbey.pk)
    lena = person(first="Lena", last="Fischer", email=school.lena.email or "", urn="100002")

    ran = desk.users([lena], role=ADMIN)

    assert (ran.status, ran.told) == (REFUSED, [(2, "Email", school.lena.email, "question")])


def test_a_subject_that_somebody_took_away_is_asked_about(school: School, desk: Desk) -> None:
    row = led(["Humanities; Maths"], first="Lena", last="Fischer", email=school.lena.email or "")
    grant = Grant.objects.get(user=school.lena, subject_area=school.history)
    access.revoke([grant.pk], by=school.as_nia)

    ran = desk.users([row], role=LEADS)

    assert ran.told == [(2, "Subject", "History", "question")]
    assert "somebody has removed the subject History" in ran.problems[0]
    ran = desk.users([row], "--yes", role=LEADS)
    assert (ran.status, ran.counts) == (APPLIED, (0, 1, 0, 0))
    assert {name for _, _, name in held(school.lena)} == {"History", "Geography", "Maths"}


def test_a_closed_school_is_asked_about_once(school: School, desk: Desk) -> None:
    closed = factories.establishment(name="Old School", status="Closed")
    factories.subject(closed, "Art")
    factories.subject(closed, "Music")

    ran = desk.users([led(["All subjects"], urn=closed.urn)], role=LEADS)

    assert ran.told == [(2, URN_HEADING, closed.urn, "question")]
    assert desk.users([led(["Art"], urn=closed.urn)], "--yes", role=LEADS).status == APPLIED


def test_what_the_file_gives_is_told_subject_by_subject(school: School) -> None:
    run = show([led(["Humanities"])], "users", by=school.cast.as_ada, role="leader")

    (line,) = all_people(run, school.cast.ada.pk)
    assert line.places == ["Leader of Geography and History at Abbey Primary School"]
    assert (line.gained, {c.name for c in line.children}) == (
        2, {str(school.cast.amira), str(school.cast.ben)},
    )  # fmt: skip
    page = gains.children_gained(run.pk, reader=school.cast.ada.pk)
    assert {c.label for c in page.children} == {str(school.cast.amira), str(school.cast.ben)}


@pytest.mark.parametrize("role", ["school_admin", "leader", "finance_manager"])
def test_s31_only_an_la_super_user_brings_such_a_file(school: School, role: str) -> None:
    for by in (school.as_nia, school.as_lena):
        with pytest.raises(Refusal):
            show([person(urn="100001")], "users", by=by, role=role)


def test_the_template_of_leaders_has_their_column(school: School, desk: Desk) -> None:
    headings = desk.run("template", "users", "--role", "Leader").out.strip().split(",")

    assert headings.count("Subject") == 2
    assert "Subject" not in desk.run("template", "users").out
    assert desk.run("template", "users", "--role", "Head").status == WRONG_USAGE
    assert kind_of("users", LEADER.code).column("subject").required


def test_as_many_statements_for_one_leader_as_for_many(school: School, desk: Desk) -> None:
    def counted(count: int) -> list[int]:
        rows = [
            led(["Humanities", "Alchemy" if n % 4 == 3 else "Maths"], first=f"P{n}",
                email=f"p{n}.{count}@x.example")
            for n in range(count)
        ]  # fmt: skip
        found = []
        for flags in (["--check"], ["--skip-faulty"]):
            with CaptureQueriesContext(connection) as seen:
                ran = desk.users(rows, *flags, role=LEADS)
            found.append(asked(seen))
        with CaptureQueriesContext(connection) as seen:
            desk.undo(ran)
        return [*found, asked(seen)]

    counted(4)
    assert counted(8) == counted(400)
