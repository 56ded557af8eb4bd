"""Cells mended on the page: part of the check, of the refused rows' file, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.audit.actions import user_actor
from schoolgate.intake import decisions, runs, shown
from schoolgate.intake.models import (
    FileHead,
    Import,
    ImportFault,
    ImportMend,
    ImportRow,
    Proposal,
    State,
)
from schoolgate.intake.unseen import NOBODY, SENTENCE, found_in, mask
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from tests import factories
from tests.intake.desk import Row, child, person, row_of, upn_of
from tests.intake.standing import difference, standing
from tests.intake.test_answers import checked, whole
from tests.intake.test_shown import ask, show

if TYPE_CHECKING:
    from tests.cast import Cast

FIRST, LAST, JOB, EMAIL, PHONE, URN, UPN = range(7)


def a_run(cast: Cast, rows: list[Row] | None = None, role: str = "designated_teacher") -> Import:
    rows = rows or [
        person(first="Jo", email="bad", urn="999999"),
        person(first="Kim", email="kim@x.example", urn="100001"),
    ]
    return show(rows, "users", by=cast.as_ada, role=role)


def mended(run: Import, cast: Cast, cells: dict[tuple[int, int], str]) -> Import:
    decisions.mend(run.pk, by=cast.as_ada, cells=cells)
    return checked(run)


def faults(run: Import) -> list[tuple[int | None, str, int | None]]:
    found = ImportFault.objects.filter(run=run).exclude(kind="warning").order_by("row", "pk")
    return list(found.values_list("row", "code", "place"))


def test_a_mended_row_is_taken(cast: Cast) -> None:
    run = a_run(cast)
    assert faults(run) == [(2, "not-an-address", EMAIL), (2, "unknown-school", URN)]

    mended(run, cast, {(2, EMAIL): "jo@x.example"})
    assert faults(run) == [(2, "unknown-school", URN)]
    mended(run, cast, {(2, URN): "100001"})

    assert (run.state, whole(run)) == (State.READY, (2, 0, 0, 0))
    ask(run, by=cast.as_ada, skip_faulty=False)
    assert User.objects.get(email="jo@x.example").first_name == "Jo"


def test_what_the_file_had_is_shown_beside_and_can_be_had_back(cast: Cast) -> None:
    run = a_run(cast)
    mended(run, cast, {(2, EMAIL): "jo@x.example", (2, URN): "100001", (3, JOB): "Head"})
    cell = shown.row_of(run.pk, 2, reader=cast.ada.pk).cells[EMAIL]
    assert (cell.heading, cell.value, cell.was, cell.is_mended) == (
        "Email", "jo@x.example", "bad", True,
    )  # fmt: skip

    mended(run, cast, {(2, EMAIL): "bad"})  # as it was: no mend any more
    assert ImportMend.objects.filter(run=run).count() == 2
    mended(run, cast, {(2, URN): "999999"})

    assert [m.row for m in ImportMend.objects.filter(run=run)] == [3]
    row = shown.row_of(run.pk, 2, reader=cast.ada.pk)
    assert not any(cell.is_mended for cell in row.cells)
    assert [f.code for f in row.cells[URN].findings] == ["unknown-school"]


def test_a_row_that_is_too_short_can_be_mended_to_its_end(cast: Cast) -> None:
    content = (
        "User First Name,User Last Name,Email,School Reference Number (URN)\r\nJo,Day,jo@x.example"
    )
    run = uploaded(cast, content)
    assert faults(run) == [(2, "urn-missing", 3)]
    assert [c.value for c in shown.row_of(run.pk, 2, reader=cast.ada.pk).cells][3] == ""

    mended(run, cast, {(2, 3): "100001"})

    assert whole(run) == (1, 0, 0, 0)


def uploaded(cast: Cast, content: str) -> Import:
    import io

    run = runs.receive(
        kind="users", role="designated_teacher", filename="f.csv",
        content=io.BytesIO(content.encode()), by=cast.as_ada,
    )  # fmt: skip
    runs.check(run.pk)
    run.refresh_from_db()
    return run


def test_each_of_the_repeated_columns_is_a_cell_of_its_own(cast: Cast) -> None:
    good, bad = upn_of(cast.amira), "A801200005999"
    run = a_run(cast, [person(upns=[good, bad, "UN1"])], role="social_worker")
    assert faults(run) == [(2, "reason-code", UPN + 2), (2, "unknown-pupil", UPN + 1)]

    mended(run, cast, {(2, UPN + 1): upn_of(cast.ben), (2, UPN + 2): ""})

    assert whole(run) == (1, 0, 0, 0)
    assert run.summary["linked"] == 2


def test_the_refused_rows_come_back_as_they_were_mended(cast: Cast) -> None:
    run = a_run(cast)
    mended(run, cast, {(2, EMAIL): "jo@x.example"})

    reasons = runs.refusals(run.pk, reader=cast.ada.pk)
    text = b"".join(runs.refused_csv(run.pk, reasons, reader=cast.ada.pk)).decode()

    assert "jo@x.example" in text
    assert "bad" not in text
    assert "999999" in text


def test_only_cells_that_there_are_can_be_mended(cast: Cast) -> None:
    run = a_run(cast)
    for cells, words in (
        ({(9, EMAIL): "x"}, "there is none with this number"),
        ({(1, EMAIL): "x"}, "there is none with this number"),
        ({(2, 40): "x"}, "has no such cell"),
        ({(2, -1): "x"}, "has no such cell"),
        ({(2, EMAIL): "x" * 1_001}, "Shorten the cell “Email” of row 2"),
        ({(2, EMAIL): "a\x00b"}, "Shorten the cell"),
        ({}, "nothing was mended"),
    ):
        with pytest.raises(Refusal, match=words):
            decisions.mend(run.pk, by=cast.as_ada, cells=cells)  # type: ignore[arg-type]
    with pytest.raises(Refusal):
        decisions.mend(run.pk, by=user_actor(cast.sara.pk), cells={(2, EMAIL): "x@y.example"})
    assert not ImportMend.objects.exists()
    run.refresh_from_db()
    assert run.state == State.NEEDS_PERSON


def test_a_mended_cell_is_as_long_as_its_column_allows(cast: Cast) -> None:
    run = a_run(cast)
    mended(run, cast, {(2, PHONE): "1" * 60})
    assert (2, "too-long", PHONE) in faults(run)


def test_s42_a_mend_between_what_was_shown_and_apply_asks_again(cast: Cast) -> None:
    run = a_run(cast)
    digest = run.plan_digest
    mended(run, cast, {(3, FIRST): "Kimberley"})  # changes no count

    assert run.plan_digest != digest
    with pytest.raises(Refusal, match="Look at the preview again"):
        runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=True, shown_digest=digest)


def test_s42_a_mend_of_a_row_that_stays_refused_is_part_of_what_was_shown(cast: Cast) -> None:
    run = a_run(cast)
    digest, counts = run.plan_digest, run.summary
    mended(run, cast, {(2, JOB): "Head"})

    assert run.summary == counts
    assert run.plan_digest != digest


def test_s43_an_import_that_was_mended_is_undone_exactly(cast: Cast) -> None:
    before = standing()
    rows = [
        person(first="Noor", last="Rahman", email="noor@example.org", phone="0117 1", urn="5"),
        person(first="Jo", email="bad", urn="100001"),
    ]
    run = a_run(cast, rows)
    mended(run, cast, {(2, URN): "100002", (3, EMAIL): "jo@x.example"})
    ask(run, by=cast.as_ada, skip_faulty=False)
    assert len(difference(before, standing())) > 1

    runs.undo(run.pk, by=cast.as_ada)

    assert difference(before, standing()) == {}


def test_s35_a_row_about_a_child_kept_from_the_reader_is_neither_shown_nor_mended(
    cast: Cast,
) -> None:
    pupils = show(
        [row_of(cast.amira, year="9"), row_of(cast.ben, year="9")], "pupils", by=cast.as_ada
    )
    users = a_run(cast, [person(upns=[upn_of(cast.amira)])], role="social_worker")
    factories.restriction(cast.ada, cast.amira)

    for run in (pupils, users):
        with pytest.raises(Refusal, match="a pupil whom you may not see"):
            shown.row_of(run.pk, 2, reader=cast.ada.pk)
        with pytest.raises(Refusal, match="a pupil whom you may not see"):
            decisions.mend(run.pk, by=cast.as_ada, cells={(2, 0): "X"})
        for column in shown.columns_of(run.pk, reader=cast.ada.pk):
            assert upn_of(cast.amira) not in column.samples
            assert "Amira" not in column.samples
    lines = shown.rows_with_outcome(pupils.pk, "updated", reader=cast.ada.pk)
    assert [(line.row, line.label) for line in lines] == [(2, NOBODY), (3, str(cast.ben))]
    assert shown.row_of(pupils.pk, 3, reader=cast.ada.pk).cells[0].value == cast.ben.first_name


def test_s35_a_row_of_a_namesake_of_a_child_kept_from_the_reader_is_not_shown(cast: Cast) -> None:
    born = cast.amira.date_of_birth or ""
    row = child(first=cast.amira.first_name, last=cast.amira.last_name, born=born, sync_key="K9")
    run = show([row], "pupils", by=cast.as_ada)

    def told() -> list[tuple[str, int]]:
        found = shown.row_of(run.pk, 2, reader=cast.ada.pk)
        at_cells = [(f.code, cell.place) for cell in found.cells for f in cell.findings]
        return at_cells + [(f.code, -1) for f in found.findings]

    ((code, place),) = told()
    assert code == "namesake"
    assert place >= 0
    factories.restriction(cast.ada, cast.amira)
    with pytest.raises(Refusal, match="a pupil whom you may not see"):
        told()
    (finding,) = found_in(run.pk, reader=cast.ada.pk)
    assert mask(finding).problem == SENTENCE


def test_nothing_of_it_stays_when_the_import_is_given_up(cast: Cast) -> None:
    run = a_run(cast)
    mended(run, cast, {(3, FIRST): "Kimberley"})

    runs.cancel(run.pk, by=cast.as_ada)

    for model in (ImportMend, ImportRow, Proposal, FileHead):
        assert not model.objects.filter(run=run).exists()
