"""A user file, row by row: what is asked, what `--yes` answers, and what is only a warning."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake.columns import UPN_HEADING, URN_HEADING
from schoolgate.kit.records import Ending, Source
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import EstablishmentLink
from tests import factories
from tests.intake.desk import (
    APPLIED,
    DT,
    LA,
    REFUSED,
    ROLES,
    SOME_REFUSED,
    SUPER,
    SW,
    Desk,
    person,
    upn_of,
)

if TYPE_CHECKING:
    from tests.cast import Cast


def test_a_clearly_different_name_is_asked_about_and_yes_keeps_the_stored_one(
    cast: Cast, desk: Desk
) -> None:
    row = person(first="Grace", last="Hill", email="NOOR@example.org ", urn="100001")
    for role in ROLES:
        ran = desk.users([row], role=role)

        assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
        assert ran.told == [(2, "Email", "NOOR@example.org", "question")]
        assert "Noor Rahman" in ran.problems[0]

        ran = desk.users([row], "--yes", role=role)

        assert (ran.status, ran.counts) == (APPLIED, (0, 1, 0, 0))
    cast.noor.refresh_from_db()
    assert (cast.noor.first_name, cast.noor.last_name) == ("Noor", "Rahman")
    assert Grant.objects.filter(user=cast.noor, ended_at=None).count() == len(ROLES)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Noor", "Smith"),  # the same first name
        ("Noora", "Smith"), ("No", "Smith"),  # one begins the other
        ("Bea", "RAHMAN"), ("Bea", "Ráhman"), ("Bea", "Rah-man"), ("Bea", "Rah'man"),
    ],
)  # fmt: skip
def test_a_name_that_is_nearly_the_same_is_not_asked_about(
    cast: Cast, desk: Desk, first: str, last: str
) -> None:
    ran = desk.users([person(first=first, last=last, email="noor@example.org")], role=SW)

    assert (ran.status, ran.counts) == (APPLIED, (0, 1, 0, 0))
    cast.noor.refresh_from_db()
    assert cast.noor.last_name == "Rahman"


def test_an_inactive_user_stays_refused_whatever_the_answer(cast: Cast, desk: Desk) -> None:
    access.deny([cast.sara.pk], by=cast.as_ada)
    row = person(first="Sara", last="Lindqvist", email="sara@council.example", urn="100001")
    for role in ROLES:
        for flags in ([], ["--yes"], ["--yes", "--skip-faulty"]):
            ran = desk.users([row], *flags, role=role)

            assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1)), (role, flags)
            assert ran.told == [(2, "Email", "sara@council.example", "question")]


def test_a_deleted_user_stays_refused_whatever_the_answer(cast: Cast, desk: Desk) -> None:
    people.remove_users([cast.noor.pk], how=Ending.REMOVED, by=cast.as_ada)
    row = person(first="Noor", last="Rahman", email="noor@example.org", urn="100001")
    for role in ROLES:
        for flags in ([], ["--yes"], ["--yes", "--skip-faulty"]):
            ran = desk.users([row], *flags, role=role)

            assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1)), (role, flags)
            assert ran.told == [(2, "Email", "noor@example.org", "question")]
    assert not User.objects.filter(email="noor@example.org", gone_at=None).exists()


def remove(cast: Cast, **grant: object) -> None:
    """Ada takes a grant away."""
    found = Grant.objects.filter(ended_at=None, **grant).values_list("pk", flat=True)
    assert found
    access.revoke(found, by=cast.as_ada)


def test_a_removed_link_to_a_pupil_is_restored_only_when_somebody_says_so(
    cast: Cast, desk: Desk
) -> None:
    amira, ben, eve = map(upn_of, (cast.amira, cast.ben, cast.eve))
    remove(cast, user=cast.sara, pupil=cast.amira)
    row = person(
        first="Sara", last="Lindqvist", email="sara@council.example", upns=[ben, amira, eve]
    )

    ran = desk.users([row, person(email="new@x.example", upns=[amira])], "--skip-faulty", role=SW)

    assert ran.status == SOME_REFUSED
    assert ran.told == [(2, UPN_HEADING, amira, "question")]
    assert (ran.counts, ran.linked, ran.access) == ((1, 0, 0, 1), 1, (1, 0))
    assert desk.sees("sara@council.example") == {eve}

    ran = desk.users([row], "--yes", role=SW)

    assert (ran.status, ran.told, ran.counts) == (APPLIED, [], (0, 1, 0, 0))
    assert (ran.linked, ran.access) == (2, (2, 0))
    assert desk.sees("sara@council.example") == {amira, ben, eve}
    again = desk.users([row], role=SW)
    assert (again.status, again.counts, again.linked) == (APPLIED, (0, 0, 1, 0), 0)


def test_a_removed_school_role_or_assignment_is_asked_about(cast: Cast, desk: Desk) -> None:
    remove(cast, user=cast.theo, establishment=cast.brook)
    theo = person(first="Theo", last="Marsh", email="theo@brook.example", urn="100002")
    ran = desk.users([theo], role=DT)
    assert ran.told == [(2, URN_HEADING, "100002", "question")]
    ran = desk.users([theo], "--yes", role=DT)
    assert (ran.counts, ran.linked, ran.access) == ((0, 1, 0, 0), 0, (1, 0))

    remove(cast, user=cast.liam, pupil=cast.ben)
    liam = person(first="Liam", last="Novak", email="liam@council.example", upns=[upn_of(cast.ben)])
    ran = desk.users([liam], role=LA)
    assert ran.told == [(2, UPN_HEADING, upn_of(cast.ben), "question")]
    ran = desk.users([liam], "--yes", role=LA)
    assert (ran.counts, ran.linked, ran.access) == ((0, 1, 0, 0), 1, (0, 0))

    remove(cast, user=cast.liam, pupil=None)
    ran = desk.users([{**liam, UPN_HEADING: []}], role=LA)
    assert ran.told == [(2, "Email", "liam@council.example", "question")]
    ran = desk.users([{**liam, UPN_HEADING: []}], "--yes", role=LA)
    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (5, 0))


def test_a_link_removed_again_after_it_was_restored_is_asked_about_again(
    cast: Cast, desk: Desk
) -> None:
    row = person(
        first="Sara", last="Lindqvist", email="sara@council.example", upns=[upn_of(cast.amira)]
    )
    for _ in range(2):
        remove(cast, user=cast.sara, pupil=cast.amira)
        assert desk.users([row], role=SW).status == REFUSED
        assert desk.users([row], "--yes", role=SW).linked == 1


def test_a_link_that_a_person_removed_is_asked_about_after_the_undo_of_its_restoring(
    cast: Cast, desk: Desk
) -> None:
    remove(cast, user=cast.sara, pupil=cast.amira)
    row = person(
        first="Sara", last="Lindqvist", email="sara@council.example", upns=[upn_of(cast.amira)]
    )
    restoring = desk.users([row], "--yes", role=SW)
    assert desk.undo(restoring).status == APPLIED

    assert desk.users([row], role=SW).told == [(2, UPN_HEADING, upn_of(cast.amira), "question")]


def test_undo_is_no_removal_by_a_person(cast: Cast, desk: Desk) -> None:
    rows = [
        person(first="Sara", last="Lindqvist", email="sara@council.example",
               upns=[upn_of(cast.ben)]),
        person(upns=[upn_of(cast.ben)]),
    ]  # fmt: skip
    for _ in range(2):
        ran = desk.users(rows, role=SW)
        assert (ran.status, ran.counts, ran.linked) == (APPLIED, (1, 1, 0, 0), 2)
        assert desk.undo(ran).status == APPLIED
        assert desk.sees("sara@council.example") == {upn_of(cast.amira), upn_of(cast.eve)}


def test_a_link_that_ran_out_by_its_date_is_nobodys_removal(cast: Cast, desk: Desk) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.carys, until=yesterday)
    row = person(
        first="Sara", last="Lindqvist", email="sara@council.example", upns=[upn_of(cast.carys)]
    )

    assert desk.users([row], role=SW).counts == (0, 1, 0, 0)


def closed(urn: str, name: str) -> None:
    factories.establishment(name=name, urn=urn, status="Closed")


def test_a_closed_establishment_is_asked_about_and_names_its_successor(
    cast: Cast, desk: Desk
) -> None:
    closed("100009", "Old Mill School")
    EstablishmentLink.objects.create(
        urn="100009", link_urn="100001", link_name="Abbey", link_type="Successor"
    )
    for number, role in enumerate(ROLES):
        row = person(email=f"jo{number}@x.example", urn="100009")

        ran = desk.users([row], role=role)

        assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
        assert ran.told == [(2, URN_HEADING, "100009", "question")]
        assert "Abbey Primary School (URN 100001)" in ran.problems[0]
        assert "Old Mill School" in ran.problems[0]

        ran = desk.users([row], "--yes", role=role)

        assert (ran.status, ran.counts) == (APPLIED, (1, 0, 0, 0))
        user = User.objects.get(email=f"jo{number}@x.example")
        assert user.workplace is not None
        assert user.workplace.urn == "100009"
        assert desk.users([row], role=role).counts == (0, 0, 1, 0), "asked again"


def test_successors_are_found_through_closed_ones_and_cycles(cast: Cast, desk: Desk) -> None:
    for urn, name in (("100005", "First"), ("100006", "Second"), ("100007", "Third")):
        closed(urn, name)
    links = [
        ("100005", "100006", "Successor"), ("100006", "100005", "Successor"),
        ("100006", "100007", "Successor - merged"), ("100002", "100007", "Predecessor"),
        ("100007", "100099", "Successor"),
    ]  # fmt: skip
    for urn, to, kind in links:
        EstablishmentLink.objects.create(
            urn=urn, link_urn=to, link_type=kind, link_name="Not here" if to == "100099" else ""
        )

    (problem,) = desk.users([person(urn="100005")], role=DT).problems

    assert "Brook Academy (URN 100002) or Not here (URN 100099)" in problem


def test_an_address_that_only_looks_like_anothers_is_never_a_match(cast: Cast, desk: Desk) -> None:
    lookalikes = ["n00r@example.org", "nооr@example.org", "nóor@example.org", "noor@exarnple.org"]
    for role in ROLES:
        rows = [person(first="Noor", last="Rahman", email=e, urn="100001") for e in lookalikes]
        for flags in ([], ["--yes"]):
            ran = desk.users(rows, *flags, "--check", role=role)

            assert {(column, kind) for _, column, _, kind in ran.told} == {("Email", "question")}
            assert ran.counts == (0, 0, 0, len(lookalikes))
    assert not Grant.objects.filter(user=cast.noor).exists()


def test_two_addresses_in_one_file_that_look_alike_are_asked_about(cast: Cast, desk: Desk) -> None:
    rows = [person(email="bill@x.example"), person(email="bi11@x.example", first="Bo")]

    ran = desk.users(rows, "--check")

    assert [(row, kind) for row, _, _, kind in ran.told] == [(3, "question")]
    assert "row 2" in ran.problems[0]


def test_warnings_never_block(cast: Cast, desk: Desk) -> None:
    odd = factories.pupil(first_name="Odd", last_name="Number", upn="A801200005555")
    wrong_form = factories.pupil(first_name="Short", last_name="Number", upn="4932")
    row = person(
        email="jo@x.example", phone="ask at reception", urn="0",
        upns=[upn_of(odd), upn_of(wrong_form)],
    )  # fmt: skip
    row["Favourite Colour"] = "green"
    row[""] = ""

    ran = desk.users([row], role=SW)

    assert (ran.status, ran.counts, ran.linked, ran.access) == (APPLIED, (1, 0, 0, 0), 2, (2, 0))
    assert ran.warned == [
        (None, "Favourite Colour", "", "warning"),
        (2, "Phone", "ask at reception", "warning"),
        (2, URN_HEADING, "0", "warning"),
        (2, UPN_HEADING, "A801200005555", "warning"),
        (2, UPN_HEADING, "4932", "warning"),
    ]
    assert User.objects.get(email="jo@x.example").phone == "ask at reception"


def test_pupils_are_found_by_their_former_number_too(cast: Cast, desk: Desk) -> None:
    former = schools.NewIdentifier(cast.ben.pk, "former_upn", "F801200004999")
    schools.add_identifiers([former], by=SYSTEM, source=Source.BY_HAND)

    ran = desk.users([person(upns=[" f801200004999", upn_of(cast.ben).lower()])], role=SW)

    assert (ran.counts, ran.linked) == ((1, 0, 0, 0), 1)
    assert desk.sees("jo.day@school.example") == {upn_of(cast.ben)}


def test_numbers_link_social_workers_and_put_pupils_first_for_la_users(
    cast: Cast, desk: Desk
) -> None:
    amira, ben = upn_of(cast.amira), upn_of(cast.ben)

    ran = desk.users([person(email="sw@x.example", upns=["", ben, amira])], role=SW)
    assert (ran.linked, ran.access) == (2, (2, 0))
    assert desk.sees("sw@x.example") == {amira, ben}

    ran = desk.users([person(email="la@x.example", upns=[ben])], role=LA)
    assert (ran.linked, ran.access) == (1, (5, 0))
    assert desk.run("sees", "la@x.example").out.split()[0] == ben

    ran = desk.users([person(email="su@x.example", upns=[ben])], role=SUPER)
    assert (ran.linked, ran.access) == (0, (5, 0))


def test_any_number_of_columns_of_one_heading_is_read(cast: Cast, desk: Desk) -> None:
    pupils = [factories.pupil(first_name=f"P{n}") for n in range(60)]

    ran = desk.users([person(upns=[upn_of(pupil) for pupil in pupils])], role=SW)

    assert (ran.linked, ran.access) == (60, (60, 0))


def test_a_known_user_gains_what_the_file_says_and_loses_nothing(cast: Cast, desk: Desk) -> None:
    dora = person(first="Dora", last="Teague", email="dora@abbey.example", urn="100002")

    ran = desk.users([dora], role=DT)

    assert (ran.counts, ran.access) == ((0, 1, 0, 0), (1, 0))
    assert desk.sees("dora@abbey.example") == {upn_of(cast.amira), upn_of(cast.carys)}

    ran = desk.users([{**dora, URN_HEADING: "", UPN_HEADING: [upn_of(cast.eve)]}], role=SW)

    assert (ran.counts, ran.linked, ran.access) == ((0, 1, 0, 0), 1, (1, 0))
    assert len(desk.sees("dora@abbey.example")) == 3


def test_phone_and_job_title_are_updated_and_a_blank_cell_changes_nothing(
    cast: Cast, desk: Desk
) -> None:
    row = person(first="Sara", last="Lindqvist", email="sara@council.example")
    full = {**row, "Phone": "0117 496 0001", "Job Title": "Manager"}

    assert desk.users([full], role=SW).counts == (0, 1, 0, 0)
    assert desk.users([row], role=SW).counts == (0, 0, 1, 0)
    cast.sara.refresh_from_db()
    assert (cast.sara.phone, cast.sara.job_title) == ("0117 496 0001", "Manager")
    assert desk.users([{**full, "Phone": "0117 496 0002"}], role=SW).counts == (0, 1, 0, 0)
    assert desk.users([{**full, "Phone": "0117 496 0002"}], role=SW).counts == (0, 0, 1, 0)


def test_a_file_removes_nobody_by_being_silent(cast: Cast, desk: Desk) -> None:
    before = {user.email: desk.sees(user.email) for user in cast.users}

    ran = desk.users(
        [person(first="Sara", last="Lindqvist", email="sara@council.example")], role=SW
    )

    assert (ran.counts, ran.unlinked, ran.access) == ((0, 0, 1, 0), 0, (0, 0))
    assert {user.email: desk.sees(user.email) for user in cast.users} == before
