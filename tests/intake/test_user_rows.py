"""A user file, row by row: what is a fault (PRODUCT.md "What a file does", LAC3 to LAC7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schoolgate.access.models import Grant
from schoolgate.access.own_roles import role_named
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake.columns import UPN_HEADING, URN_HEADING
from schoolgate.kit.records import Source
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from tests import factories
from tests.intake.desk import (
    APPLIED,
    DT,
    LA,
    REFUSED,
    ROLES,
    SUPER,
    SW,
    Desk,
    person,
    upn_of,
)

if TYPE_CHECKING:
    from tests.cast import Cast


def test_a_new_user_has_the_role_of_the_file_and_its_workplace(cast: Cast, desk: Desk) -> None:
    for number, role in enumerate(ROLES):
        email = f"jo{number}@school.example"
        row = person(first="Jo", last="Day", job="Head", phone="0117 496 0000", email=email)

        ran = desk.users([{**row, URN_HEADING: "100001"}], role=role)

        assert (ran.status, ran.counts, ran.told, ran.warned) == (APPLIED, (1, 0, 0, 0), [], [])
        user = User.objects.get(email=email)
        assert (user.first_name, user.last_name, user.job_title) == ("Jo", "Day", "Head")
        assert (user.phone, user.workplace) == ("0117 496 0000", cast.abbey)
        grant = Grant.objects.get(user=user)
        found = role_named(role)
        assert found is not None
        assert (grant.role, grant.import_id, grant.pupil) == (found.code, ran.id, None)
        assert grant.establishment == (cast.abbey if role == DT else None)
        assert (ran.linked, ran.unlinked) == (0, 0)


def test_an_empty_mandatory_cell_is_a_fault(cast: Cast, desk: Desk) -> None:
    mandatory = ["User First Name", "User Last Name", "Email"]
    rows = [
        {**person(email=f"jo{n}@x.example", urn="100001"), heading: "  "}
        for n, heading in enumerate(mandatory)
    ]
    for role in ROLES:
        for flags in ([], ["--yes"], ["--check"]):
            ran = desk.users(rows, *flags, role=role)

            assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 3))
            assert ran.told == [(n, h, "", "fault") for n, h in enumerate(mandatory, start=2)]
            assert ran.problems[0] == "Enter the User First Name: it must not be empty."
    assert not User.objects.filter(first_name="Jo").exists()


def test_an_email_that_is_none_is_a_fault(cast: Cast, desk: Desk) -> None:
    wrong = [
        "jo", "jo@", "@x.example", "jo@x", "jo @x.example", "jo@x..example", "jo@@x.example",
        "a@x.example;b@x.example", "a@x.example, b@x.example", "Jo Day <jo@x.example>",
        "jo@x.example.", ".jo@x.example", "jo.@x.example", "jo@-x.example", "mailto:jo@x.example",
        "jo@x.example\u200bx y",
    ]  # fmt: skip
    right = [
        "o'brien@x.example", "jo+school@x.example", "JO@X.EXAMPLE", "jo@sub.x.example",
        "jo-day_1@x-y.example", "jörg@müller.example",
    ]  # fmt: skip

    ran = desk.users([person(email=email) for email in wrong + right], "--check")

    assert [(row, kind) for row, _, _, kind in ran.told] == [
        (n, "fault") for n in range(2, len(wrong) + 2)
    ]
    assert {column for _, column, _, _ in ran.told} == {"Email"}
    assert ran.told[0][2] == "jo"
    assert "name@school.sch.uk" in ran.problems[0]
    assert ran.counts == (len(right), 0, 0, len(wrong))


def test_a_urn_that_is_not_on_the_register_is_a_fault_for_every_role(
    cast: Cast, desk: Desk
) -> None:
    wrong = ["123456", "12", "1000011", "abc", "100 001", "-1", "１００００１", "888888", "00"]
    rows = [person(email=f"jo{n}@x.example", urn=urn) for n, urn in enumerate(wrong)]
    for role in ROLES:
        ran = desk.users(rows, "--yes", "--check", role=role)

        assert ran.told == [
            (n, URN_HEADING, urn, "fault") for n, urn in enumerate(wrong, start=2)
        ], role
        assert "not on" in ran.problems[0]


def test_a_five_digit_urn_is_one(cast: Cast, desk: Desk) -> None:
    factories.establishment(name="Rose Children’s Centre", urn="20001")

    assert desk.users([person(urn="20001")], role=DT).status == APPLIED


def test_only_a_designated_teacher_needs_a_urn(cast: Cast, desk: Desk) -> None:
    for role in ROLES:
        ran = desk.users([person()], "--yes", "--check", role=role)

        assert ran.told == ([(2, URN_HEADING, "", "fault")] if role == DT else [])

    headings = "User First Name,User Last Name,Email\r\n"
    without_column = headings + "Jo,Day,jo@x.example\r\n"
    assert desk.users(without_column, "--check", role=SW).status == APPLIED
    ran = desk.users(without_column, "--check", role=DT)
    assert (ran.status, ran.counts[0]) == (REFUSED, 0)


def test_urn_zero_is_a_warning_and_the_user_sees_nobody(cast: Cast, desk: Desk) -> None:
    for number, role in enumerate(ROLES):
        ran = desk.users([person(email=f"jo{number}@x.example", urn="0")], role=role)

        assert (ran.status, ran.counts, ran.told) == (APPLIED, (1, 0, 0, 0), [])
        assert ran.warned == [(2, URN_HEADING, "0", "warning")]
        user = User.objects.get(email=f"jo{number}@x.example")
        assert user.workplace is None
        assert Grant.objects.filter(user=user, establishment=None).count() == 1
        if role in (DT, SW):
            assert ran.access == (0, 0)
            assert desk.sees(user.email) == set()


def test_a_waiting_designated_teacher_sees_their_pupils_once_the_school_is_known(
    cast: Cast, desk: Desk
) -> None:
    desk.users([person(urn="0")], role=DT)
    assert desk.users([person(urn="0")], role=DT).counts == (0, 0, 1, 0)

    ran = desk.users([person(urn="100001")], role=DT)

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (1, 0))
    assert desk.sees("jo.day@school.example") == {upn_of(cast.amira)}
    assert Grant.objects.filter(user__email="jo.day@school.example", ended_at=None).count() == 1
    assert desk.users([person(urn="0")], role=DT).counts == (0, 0, 1, 0)
    assert desk.sees("jo.day@school.example") == {upn_of(cast.amira)}


def test_a_upn_that_nobody_has_is_a_fault_but_for_an_la_super_user(cast: Cast, desk: Desk) -> None:
    rows = [person(urn="100001", upns=["A801200005999", "9875"])]
    for role in ROLES:
        ran = desk.users(rows, "--yes", "--check", role=role)

        places = [(2, UPN_HEADING, "A801200005999"), (2, UPN_HEADING, "9875")]
        if role == SUPER:
            assert ran.told == []
            assert ran.warned == [(*place, "warning") for place in places]
        else:
            assert ran.told == [(*place, "fault") for place in places]


def test_a_reason_for_having_no_upn_is_never_a_key(cast: Cast, desk: Desk) -> None:
    codes = ["UN1", "UN2", "un3", "Un4", "UN 5"]
    rows = [
        person(email=f"jo{n}@x.example", urn="100001", upns=[code]) for n, code in enumerate(codes)
    ]
    for role in (DT, LA, SW):
        ran = desk.users(rows, "--yes", "--check", role=role)

        assert ran.told == [
            (n, UPN_HEADING, code, "fault") for n, code in enumerate(codes, start=2)
        ]


def test_a_designated_teacher_is_never_linked_to_a_pupil(cast: Cast, desk: Desk) -> None:
    here, elsewhere = upn_of(cast.amira), upn_of(cast.carys)
    rows = [
        person(email="a@x.example", urn="100001", upns=[here, ""]),
        person(email="b@x.example", urn="100001", upns=[here, elsewhere]),
        person(email="c@x.example", urn="0", upns=[here]),
        person(email="d@x.example", urn="100001", upns=["", upn_of(cast.eve)]),
    ]

    ran = desk.users(rows, "--skip-faulty", "--yes", role=DT)

    assert ran.told == [
        (3, UPN_HEADING, elsewhere, "fault"),
        (4, UPN_HEADING, here, "fault"),
        (5, UPN_HEADING, upn_of(cast.eve), "fault"),
    ]
    assert [place for place in ran.warned if place[1] == UPN_HEADING] == [
        (2, UPN_HEADING, here, "warning"),
        (3, UPN_HEADING, here, "warning"),
    ]
    assert (ran.counts, ran.linked) == ((1, 0, 0, 3), 0)
    assert not Grant.objects.filter(import_id=ran.id, pupil__isnull=False).exists()


def test_one_email_in_two_rows_is_a_fault_named_in_both(cast: Cast, desk: Desk) -> None:
    rows = [
        person(email="jo@x.example", urn="100001"),
        person(email="other@x.example", urn="100001"),
        person(email=" JO@X.example ", urn="100001", first="Jo", last="Day"),
        person(email="ｊｏ@x.example", urn="100002"),
    ]
    for role in ROLES:
        ran = desk.users(rows, "--yes", "--check", role=role)

        assert [(row, kind) for row, _, _, kind in ran.told] == [
            (2, "fault"), (4, "fault"), (5, "fault"),
        ]  # fmt: skip
        assert "row 4 and 5" in ran.problems[0]
        assert "row 2 and 5" in ran.problems[1]
        assert ran.counts == (1, 0, 0, 3)


def test_one_email_in_every_row_is_told_shortly(cast: Cast, desk: Desk) -> None:
    ran = desk.users([person(email="jo@x.example")] * 3_000, "--check")

    assert ran.counts == (0, 0, 0, 3_000)
    assert "row 2, 3, 4, 5, 6 and 2,994 more." in ran.problems[-1]


def test_a_number_that_fits_two_pupils_is_a_fault(cast: Cast, desk: Desk) -> None:
    number = "A801200005123"
    for pupil, kind in ((cast.amira, "former_upn"), (cast.carys, "upn")):
        new = schools.NewIdentifier(pupil.pk, kind, number)
        schools.add_identifiers([new], by=SYSTEM, source=Source.BY_HAND)

    ran = desk.users([person(upns=[number])], "--yes", role=SW)

    assert ran.told == [(2, UPN_HEADING, number, "fault")]
    assert "two pupils" in ran.problems[0]


def test_all_faults_of_a_row_are_named_and_none_stops_the_rest(cast: Cast, desk: Desk) -> None:
    row = person(first="", email="nobody", phone="n/a", urn="999", upns=["UN1", "B999", ""])

    ran = desk.users([row, person(email="fine@x.example")], "--check", role=SW)

    assert ran.told == [
        (2, "User First Name", "", "fault"),
        (2, "Email", "nobody", "fault"),
        (2, UPN_HEADING, "UN1", "fault"),
        (2, URN_HEADING, "999", "fault"),
        (2, UPN_HEADING, "B999", "fault"),
    ]
    assert ran.counts == (1, 0, 0, 1)
