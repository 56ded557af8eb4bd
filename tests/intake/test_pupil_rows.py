"""A pupil file, row by row: identity, faults, questions and warnings (PRODUCT.md, NEW4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM
from schoolgate.intake.columns import URN_HEADING
from schoolgate.kit.records import Source
from schoolgate.schools import actions as schools
from schoolgate.schools.models import Pupil
from tests import factories
from tests.intake.desk import APPLIED, REFUSED, Desk, child, row_of, upn_of

if TYPE_CHECKING:
    from tests.cast import Cast


def held(pupil: Pupil) -> set[tuple[str, str]]:
    """The identifiers that a pupil has now."""
    return set(pupil.identifiers.filter(ended_at=None).values_list("kind", "value"))


def give(pupil: Pupil, kind: str, value: str) -> None:
    """Give a pupil one more identifier."""
    new = schools.NewIdentifier(pupil.pk, kind, value)
    schools.add_identifiers([new], by=SYSTEM, source=Source.BY_HAND)


def test_a_new_pupil_is_put_on_the_register(cast: Cast, desk: Desk) -> None:
    upn = factories.a_upn()
    row = child(
        first="Rowan", last="Ash", born="30/05/2011", upn=upn, internal_id="I-1",
        sync_key="S-1", username="rowan.ash", urn="100001", year="8", class_name="8A",
        since="2024-01-31",
    )  # fmt: skip

    ran = desk.pupils([row])

    assert (ran.status, ran.counts, ran.told, ran.warned) == (APPLIED, (1, 0, 0, 0), [], [])
    # Ada and Liam, who see every pupil, and Abbey's two designated teachers.
    assert (ran.access, ran.linked, ran.unlinked) == ((4, 0), 0, 0)
    pupil = Pupil.objects.get(first_name="Rowan")
    assert (pupil.last_name, str(pupil.date_of_birth)) == ("Ash", "2011-05-30")
    assert (pupil.year, pupil.class_name) == ("8", "8A")
    assert held(pupil) == {
        ("upn", upn), ("internal_id", "I-1"), ("sync_key", "S-1"), ("username", "rowan.ash"),
    }  # fmt: skip
    stay, episode = pupil.enrolments.get(), pupil.care_episodes.get()
    today = timezone.localdate()
    assert (stay.establishment, stay.starts_on, stay.ends_on) == (cast.abbey, today, None)
    assert (str(episode.starts_on), episode.ends_on) == ("2024-01-31", None)

    again = desk.pupils([row])
    assert (again.status, again.counts, again.access) == (APPLIED, (0, 0, 1, 0), (0, 0))


def test_an_empty_mandatory_cell_or_no_identifier_is_a_fault(cast: Cast, desk: Desk) -> None:
    rows = [
        child(first=" ", upn=factories.a_upn()),
        child(last="", sync_key="S-9"),
        child(),
    ]

    ran = desk.pupils(rows, "--yes")

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 3))
    assert ran.told == [
        (2, "First Name", "", "fault"), (3, "Last Name", "", "fault"), (4, "UPN", "", "fault"),
    ]  # fmt: skip
    for name in ("UPN", "Internal Person ID", "Synchronisation Key", "Username"):
        assert name in ran.problems[2]


def test_each_identifier_alone_is_enough(cast: Cast, desk: Desk) -> None:
    rows = [
        child(first="A", internal_id="1"), child(first="B", sync_key="1"),
        child(first="C", username="1"), child(first="D", upn="A801200005001"),
    ]  # fmt: skip
    assert desk.pupils(rows).counts == (4, 0, 0, 0)
    assert desk.pupils(rows).counts == (0, 0, 4, 0)


@pytest.mark.parametrize("heading", ["Date of Birth", "In Care Since", "In Care Until", "Left On"])
def test_a_date_that_cannot_be_read_is_a_fault(cast: Cast, desk: Desk, heading: str) -> None:
    wrong = [
        "30/02/2011", "2011-13-01", "05/30/2011", "30 May", "30/05/11", "2011", "20110530",
        "1.2E+05", "40693", "tomorrow", "３０/05/2011",
    ]  # fmt: skip
    rows = [
        {**child(first=f"Pupil{n}", sync_key=f"K{n}", urn="100001"), heading: value}
        for n, value in enumerate(wrong)
    ]

    ran = desk.pupils(rows, "--yes", "--check")

    found = [place for place in ran.told if place[1] == heading]
    assert found == [(n, heading, value, "fault") for n, value in enumerate(wrong, start=2)]
    assert ran.counts[3] == len(wrong)


def test_dates_are_read_in_both_ways_of_writing_them(cast: Cast, desk: Desk) -> None:
    rows = [
        child(first=f"Pupil{n}", sync_key=f"K{n}", born=value)
        for n, value in enumerate(["2011-05-30", "30/05/2011", "30-05-2011", " 30/5/2011 "])
    ]

    assert desk.pupils(rows).counts == (4, 0, 0, 0)
    born = Pupil.objects.filter(first_name__startswith="Pupil").values_list("date_of_birth")
    assert {str(day) for (day,) in born} == {"2011-05-30"}


def test_a_period_that_ends_before_it_begins_is_a_fault(cast: Cast, desk: Desk) -> None:
    rows = [
        child(first="New", sync_key="K1", since="2025-02-02", until="2025-02-01"),
        row_of(cast.amira, until="2001-01-01"),
    ]

    ran = desk.pupils(rows, "--yes")

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 2))
    assert ran.told == [
        (2, "In Care Until", "2025-02-01", "fault"), (3, "In Care Until", "2001-01-01", "fault"),
    ]  # fmt: skip


def test_a_reason_for_having_no_upn_is_never_a_key(cast: Cast, desk: Desk) -> None:
    codes = ["UN1", "UN2", "un3", "Un4", "UN 5"]
    rows = [child(first=f"P{n}", upn=code, sync_key=f"K{n}") for n, code in enumerate(codes)]

    ran = desk.pupils([*rows, child(first="Last", upn="UN1")], "--yes")

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 6))
    assert ran.told == [(n, "UPN", code, "fault") for n, code in enumerate([*codes, "UN1"], 2)]


def test_a_urn_that_is_not_on_the_register_is_a_fault(cast: Cast, desk: Desk) -> None:
    wrong = ["123456", "0", "12", "abc"]
    rows = [child(first=f"P{n}", sync_key=f"K{n}", urn=urn) for n, urn in enumerate(wrong)]

    ran = desk.pupils(rows, "--yes")

    assert ran.told == [(n, URN_HEADING, urn, "fault") for n, urn in enumerate(wrong, start=2)]


def test_no_school_known_and_at_home_are_warnings(cast: Cast, desk: Desk) -> None:
    rows = [
        child(first="A", sync_key="K1", urn="888888"),
        child(first="B", sync_key="K2", urn="999999"),
        row_of(cast.amira, urn="999999"),
    ]  # fmt: skip

    ran = desk.pupils(rows)

    assert (ran.status, ran.counts, ran.told) == (APPLIED, (2, 1, 0, 0), [])
    assert ran.warned == [
        (2, URN_HEADING, "888888", "warning"), (3, URN_HEADING, "999999", "warning"),
        (4, URN_HEADING, "999999", "warning"),
    ]  # fmt: skip
    assert ran.access == (4, 2)  # Ada and Liam see two more; Dora and Theo Amira no longer
    assert desk.sees("dora@abbey.example") == set()
    assert desk.pupils(rows).counts == (0, 0, 3, 0)


def test_a_upn_of_a_wrong_form_or_letter_is_a_warning(cast: Cast, desk: Desk) -> None:
    rows = [child(first=f"P{n}", upn=upn) for n, upn in enumerate(["A801200005555", "4932"])]

    ran = desk.pupils(rows)

    assert (ran.status, ran.counts) == (APPLIED, (2, 0, 0, 0))
    assert ran.warned == [(2, "UPN", "A801200005555", "warning"), (3, "UPN", "4932", "warning")]


def test_one_pupil_in_two_rows_is_a_fault_named_in_both(cast: Cast, desk: Desk) -> None:
    give(cast.amira, "internal_id", "I-1")
    rows = [
        row_of(cast.amira),
        child(first="New", sync_key="K1"),
        child(first="Amira", last="Haddad", internal_id="I-1"),  # known by another identifier
        child(first="New", sync_key=" k1"),
        row_of(cast.ben),
    ]

    ran = desk.pupils(rows, "--yes")

    assert ran.counts == (0, 0, 1, 4)
    assert ran.told == [
        (2, "UPN", upn_of(cast.amira), "fault"), (3, "Synchronisation Key", "K1", "fault"),
        (4, "Internal Person ID", "I-1", "fault"), (5, "Synchronisation Key", "k1", "fault"),
    ]  # fmt: skip
    for problem, other in zip(ran.problems, (4, 5, 2, 3), strict=True):
        assert f"row {other}" in problem


def test_a_former_and_a_present_number_in_two_rows_are_one_pupil(cast: Cast, desk: Desk) -> None:
    give(cast.amira, "former_upn", "F801200004999")
    rows = [row_of(cast.amira), row_of(cast.amira, upn="F801200004999")]

    ran = desk.pupils(rows, "--yes")

    assert [(row, column, kind) for row, column, _, kind in ran.told] == [
        (2, "UPN", "fault"), (3, "UPN", "fault"),
    ]  # fmt: skip


def test_identifiers_that_fit_two_pupils_are_a_fault(cast: Cast, desk: Desk) -> None:
    give(cast.ben, "internal_id", "I-2")

    ran = desk.pupils([row_of(cast.amira, internal_id="I-2")], "--yes")

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
    assert [kind for *_, kind in ran.told] == ["fault"]
    assert ran.told[0][1] in ("UPN", "Internal Person ID")
    assert "two different pupils" in ran.problems[0]


def test_a_pupil_is_found_by_a_former_number(cast: Cast, desk: Desk) -> None:
    give(cast.amira, "former_upn", "F801200004999")

    ran = desk.pupils([row_of(cast.amira, upn="f801200004999", year="7")])

    assert (ran.status, ran.counts, ran.told) == (APPLIED, (0, 1, 0, 0), [])
    assert ("former_upn", "F801200004999") in held(cast.amira)
    assert upn_of(cast.amira) != "F801200004999"


def test_another_number_is_asked_about_and_yes_makes_the_old_one_former(
    cast: Cast, desk: Desk
) -> None:
    give(cast.amira, "internal_id", "I-1")
    old, new = upn_of(cast.amira), factories.a_upn()
    row = row_of(cast.amira, upn=new, internal_id="I-1")

    ran = desk.pupils([row])

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
    assert ran.told == [(2, "UPN", new, "question")]
    assert old in ran.problems[0]

    ran = desk.pupils([row], "--yes")

    assert (ran.status, ran.counts) == (APPLIED, (0, 1, 0, 0))
    assert held(cast.amira) == {("upn", new), ("former_upn", old), ("internal_id", "I-1")}
    assert desk.pupils([row]).counts == (0, 0, 1, 0)
    assert desk.pupils([{**row, "UPN": old}]).counts == (0, 0, 1, 0)


def test_a_first_number_is_added_without_asking(cast: Cast, desk: Desk) -> None:
    desk.pupils([child(sync_key="K1")])
    new = factories.a_upn()

    assert desk.pupils([child(sync_key="K1", upn=new)]).counts == (0, 1, 0, 0)
    assert held(Pupil.objects.get(first_name="Rowan")) == {("sync_key", "K1"), ("upn", new)}


def test_a_clearly_different_name_is_asked_about_and_yes_keeps_the_stored_one(
    cast: Cast, desk: Desk
) -> None:
    row = row_of(cast.amira, first="Grace", last="Hill", year="7")

    ran = desk.pupils([row])

    assert ran.told == [(2, "UPN", upn_of(cast.amira), "question")]
    assert "Amira Haddad" in ran.problems[0]
    ran = desk.pupils([row], "--yes")
    assert (ran.status, ran.counts) == (APPLIED, (0, 1, 0, 0))
    cast.amira.refresh_from_db()
    assert (cast.amira.first_name, cast.amira.last_name) == ("Amira", "Haddad")
    assert cast.amira.year == "7"


def test_a_different_date_of_birth_is_asked_about_and_yes_keeps_the_stored_one(
    cast: Cast, desk: Desk
) -> None:
    row = row_of(cast.amira, born="2014-05-31")

    ran = desk.pupils([row])

    assert ran.told == [(2, "Date of Birth", "2014-05-31", "question")]
    assert desk.pupils([row], "--yes").counts == (0, 0, 1, 0)
    cast.amira.refresh_from_db()
    assert str(cast.amira.date_of_birth) == "2014-05-30"


def test_a_missing_date_of_birth_is_filled_in(cast: Cast, desk: Desk) -> None:
    nobody = factories.pupil(first_name="Undated", date_of_birth=None)

    assert desk.pupils([row_of(nobody, born="2012-12-12")]).counts == (0, 1, 0, 0)


def test_a_namesake_is_asked_about_and_yes_makes_a_new_pupil(cast: Cast, desk: Desk) -> None:
    row = child(first="AMIRA", last="Háddad", born="30/05/2014", upn=factories.a_upn())

    ran = desk.pupils([row])

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
    assert [kind for *_, kind in ran.told] == ["question"]
    ran = desk.pupils([row], "--yes")
    assert (ran.status, ran.counts) == (APPLIED, (1, 0, 0, 0))
    assert desk.pupils([row]).counts == (0, 0, 1, 0), "asked again"


def test_namesakes_in_one_file_are_asked_about(cast: Cast, desk: Desk) -> None:
    rows = [
        child(sync_key="K1"), child(sync_key="K2"), child(sync_key="K3", born="2014-05-31"),
        child(sync_key="K4", born=""),
    ]  # fmt: skip

    ran = desk.pupils(rows, "--check")

    assert [(row, kind) for row, _, _, kind in ran.told] == [(3, "question")]
    assert desk.pupils(rows, "--yes").counts == (4, 0, 0, 0)


def test_a_blank_cell_changes_nothing(cast: Cast, desk: Desk) -> None:
    give(cast.amira, "internal_id", "I-1")
    before = held(cast.amira)

    ran = desk.pupils([row_of(cast.amira, born="")])

    assert ran.counts == (0, 0, 1, 0)
    cast.amira.refresh_from_db()
    assert (cast.amira.year, cast.amira.class_name) == ("6", "6B")
    assert held(cast.amira) == before
    assert desk.sees("dora@abbey.example") == {upn_of(cast.amira)}


def test_year_class_and_other_identifiers_are_updated(cast: Cast, desk: Desk) -> None:
    row = row_of(cast.amira, year="7", class_name="7C", sync_key="S-1")
    assert desk.pupils([row]).counts == (0, 1, 0, 0)

    assert desk.pupils([{**row, "Synchronisation Key": "S-2"}]).counts == (0, 1, 0, 0)

    cast.amira.refresh_from_db()
    assert (cast.amira.year, cast.amira.class_name) == ("7", "7C")
    assert held(cast.amira) == {("upn", upn_of(cast.amira)), ("sync_key", "S-2")}
