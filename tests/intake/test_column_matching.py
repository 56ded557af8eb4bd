"""Which column is which: suggested, matched by a person, remembered for the next file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from schoolgate.audit.actions import user_actor
from schoolgate.intake import decisions, runs, shown
from schoolgate.intake.columns import KINDS
from schoolgate.intake.models import ColumnMatching, Import, ImportFault, State
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from tests.intake.desk import Desk, upn_of
from tests.intake.standing import difference, standing
from tests.intake.test_answers import checked, whole
from tests.intake.test_shown import ask

if TYPE_CHECKING:
    from tests.cast import Cast

THEIRS = "Forename,Surname,E-mail address,School,Telephone,Notes\r\n"
ROW = "Jo,Day,jo@x.example,100001,0117 496 0000,likes tea\r\n"
OURS = {
    "Forename": "User First Name",
    "Surname": "User Last Name",
    "E-mail address": "Email",
    "School": "School Reference Number (URN)",
    "Telephone": "Phone",
    "Notes": "",
}


def uploaded(
    cast: Cast, content: str, kind: str = "users", role: str = "designated_teacher"
) -> Import:
    run = runs.receive(
        kind=kind, role=role, filename="f.csv", content=io.BytesIO(content.encode()),
        by=cast.as_ada,
    )  # fmt: skip
    runs.check(run.pk)
    run.refresh_from_db()
    return run


def suggested(run: Import, cast: Cast) -> dict[str, str]:
    return {c.heading: c.suggestion for c in shown.columns_of(run.pk, reader=cast.ada.pk)}


def test_columns_under_other_names_are_suggested_with_samples(cast: Cast) -> None:
    run = uploaded(cast, THEIRS + ROW + ROW.replace("jo@", "kim@"))

    assert run.state == State.NEEDS_PERSON
    assert run.summary["columns_missing"] == ["User First Name", "User Last Name", "Email"]
    assert suggested(run, cast) == OURS
    columns = shown.columns_of(run.pk, reader=cast.ada.pk)
    assert columns[2].samples == ["jo@x.example", "kim@x.example"]
    assert columns[0].samples == ["Jo"]
    assert [c.field_heading for c in columns] == [""] * 6


@pytest.mark.parametrize(
    ("kind", "theirs", "ours"),
    [
        ("users", "Given name", "User First Name"),
        ("users", "E-Mail", "Email"),
        ("users", "User Frist Name", "User First Name"),
        ("users", "URN", "School Reference Number (URN)"),
        ("users", "UPN", "Pupil Reference Number (UPN)"),
        ("users", "UPN 3", "Pupil Reference Number (UPN)"),
        ("users", "Position", "Job Title"),
        ("users", "Shoe size", ""),
        ("users", "Name", ""),
        ("pupils", "DOB", "Date of Birth"),
        ("pupils", "Surname", "Last Name"),
        ("pupils", "Year Group", "Year"),
        ("pupils", "What to mend", ""),
    ],
)
def test_names_that_people_use(cast: Cast, kind: str, theirs: str, ours: str) -> None:
    run = uploaded(cast, f"{theirs}\r\nx\r\n", kind)
    assert suggested(run, cast) == {theirs: ours}


def test_a_person_matches_them_and_the_next_file_goes_the_same_way(cast: Cast) -> None:
    run = uploaded(cast, THEIRS + ROW)

    decisions.match_columns(run.pk, by=cast.as_ada, headings=OURS)
    checked(run)

    assert (run.state, whole(run)) == (State.READY, (1, 0, 0, 0))
    columns = shown.columns_of(run.pk, reader=cast.ada.pk)
    assert [c.field_heading for c in columns] == list(OURS.values())
    assert columns[5].ignored
    assert not ImportFault.objects.filter(run=run, code="unknown-column").exists()
    ask(run, by=cast.as_ada, skip_faulty=False)
    assert User.objects.get(email="jo@x.example").phone == "0117 496 0000"

    # In another order and case it is the same set of headings.
    again = uploaded(
        cast,
        "notes,E-Mail Address,surname,forename,telephone,school\r\n"
        "x,kim@x.example,Hill,Kim,,100001\r\n",
    )
    assert (again.state, whole(again)) == (State.READY, (1, 0, 0, 0))
    assert all(c.remembered for c in shown.columns_of(again.pk, reader=cast.ada.pk))
    note = ImportFault.objects.get(run=again, code="columns-remembered")
    assert note.kind == "warning"
    assert ask(again, by=cast.as_ada, skip_faulty=False).state == State.DONE
    assert User.objects.get(email="kim@x.example").last_name == "Hill"

    other = uploaded(cast, THEIRS.replace("Notes", "Remarks") + ROW)
    assert other.state == State.NEEDS_PERSON


def test_an_optional_column_that_is_likely_meant_is_asked_about_too(cast: Cast) -> None:
    run = uploaded(
        cast,
        "User First Name,User Last Name,Email,School Reference Number (URN),Mobile\r\n"
        "Jo,Day,jo@x.example,100001,0117 496 0000\r\n",
    )
    assert run.state == State.NEEDS_PERSON
    assert run.summary["columns_unsure"] == ["Mobile"]
    with pytest.raises(Refusal, match=r"what these columns of the file hold.*Mobile"):
        ask(run, by=cast.as_ada)

    decisions.match_columns(run.pk, by=cast.as_ada, headings={"Mobile": ""})
    checked(run)

    assert (run.state, run.summary["columns_unsure"]) == (State.READY, [])


def test_headings_that_match_ask_nothing_and_remember_nothing(cast: Cast) -> None:
    text = KINDS["users"].template() + "Jo,Day,,jo@x.example,,100001,,,,\r\n"
    run = uploaded(cast, text)
    assert (run.state, run.summary["columns_unsure"]) == (State.READY, [])

    names = {c.heading: c.field_heading for c in shown.columns_of(run.pk, reader=cast.ada.pk)}
    decisions.match_columns(run.pk, by=cast.as_ada, headings=names)
    assert checked(run).state == State.READY
    assert not ColumnMatching.objects.exists()


def test_every_column_of_upns_can_be_matched(cast: Cast) -> None:
    upns = [upn_of(cast.amira), upn_of(cast.ben), upn_of(cast.carys)]
    run = uploaded(
        cast,
        "User First Name,User Last Name,Email,Child,Child,Second child\r\n"
        f"Jo,Day,jo@x.example,{','.join(upns)}\r\n",
        role="social_worker",
    )
    upn = "Pupil Reference Number (UPN)"
    decisions.match_columns(run.pk, by=cast.as_ada, headings={"Child": upn, "Second child": upn})
    checked(run)
    assert run.summary["linked"] == 3


def test_what_cannot_be_matched_is_refused_in_words(cast: Cast) -> None:
    run = uploaded(cast, THEIRS + ROW)
    for headings, words in (
        ({"Shoe size": "Email"}, "Choose a column that the file has"),
        ({"Forename": "Shoe size"}, "Choose one of our columns"),
        ({"Forename": "Email", "Surname": "Email"}, "Choose one column for “Email”"),
    ):
        with pytest.raises(Refusal, match=words):
            decisions.match_columns(run.pk, by=cast.as_ada, headings=headings)
    with pytest.raises(Refusal, match="LA Super User"):
        decisions.match_columns(run.pk, by=user_actor(cast.sara.pk), headings=OURS)
    assert not ColumnMatching.objects.exists()


def test_a_later_matching_of_the_same_headings_goes_before(cast: Cast) -> None:
    run = uploaded(cast, THEIRS + ROW)
    decisions.match_columns(run.pk, by=cast.as_ada, headings=OURS)
    checked(run)
    decisions.match_columns(run.pk, by=cast.as_ada, headings={**OURS, "Telephone": ""})
    checked(run)

    again = uploaded(cast, THEIRS + ROW)

    assert ColumnMatching.objects.count() == 1
    ask(again, by=cast.as_ada, skip_faulty=False)
    assert User.objects.get(email="jo@x.example").phone == ""


def test_a_matching_is_for_one_kind_of_file(cast: Cast) -> None:
    content = "School,Notes\r\n100001,x\r\n"
    ours = {"School": "School Reference Number (URN)", "Notes": ""}
    decisions.match_columns(uploaded(cast, content).pk, by=cast.as_ada, headings=ours)

    for kind, is_remembered in (("users", True), ("pupils", False)):
        run = uploaded(cast, content, kind)
        columns = shown.columns_of(run.pk, reader=cast.ada.pk)
        assert {c.remembered for c in columns} == {is_remembered}


def test_the_command_line_remembers_nothing_and_recalls_nothing(cast: Cast, desk: Desk) -> None:
    run = uploaded(cast, THEIRS + ROW)
    decisions.match_columns(run.pk, by=cast.as_ada, headings=OURS)
    before = standing()

    ran = desk.users(THEIRS + ROW, role="Designated Teacher")

    assert (ran.status, ran.counts) == (1, (0, 0, 0, 1))
    assert difference(before, standing()) == {}
    flags = [f"--map={theirs}={ours}" for theirs, ours in OURS.items() if ours]
    assert desk.users(THEIRS + ROW, *flags, role="Designated Teacher").counts == (1, 0, 0, 0)
    assert ColumnMatching.objects.count() == 1


def test_a_matching_that_names_a_column_we_no_longer_have_is_let_be(cast: Cast) -> None:
    run = uploaded(cast, THEIRS + ROW)
    decisions.match_columns(run.pk, by=cast.as_ada, headings=OURS)
    ColumnMatching.objects.update(matching={**OURS, "Notes": "Remarks"})

    assert uploaded(cast, THEIRS + ROW).summary["columns_missing"]
