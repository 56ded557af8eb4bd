"""One address, URN or child in a whole file of rows: told shortly, in time that grows with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from schoolgate.audit.actions import COMMAND_LINE
from schoolgate.intake import runs
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import other_rows
from tests.intake.desk import APPLIED, Desk, Row, child, person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from schoolgate.intake.findings import Finding

FEW, BLOCK, MANY = 100, 4_000, 20_000


def same_address(count: int) -> list[Row]:
    return [person(first=f"Jo{n}", email="jo@x.example") for n in range(count)]


def same_urn(count: int) -> list[Row]:
    return [{"URN": "300001", "EstablishmentName": f"School {n}"} for n in range(count)]


def same_new_child(count: int) -> list[Row]:
    return [child(sync_key="K1") for _ in range(count)]


def by_either_number(count: int) -> list[Row]:
    """Each child in two rows, by one identifier here and by another there."""
    return [
        row
        for n in range(count // 2)
        for row in (child(internal_id=f"I{n}"), child(sync_key=f"S{n}"))
    ]


def crossed(count: int) -> list[Row]:
    """Each row with the identifiers of two children."""
    return [child(internal_id=f"I{n}", sync_key=f"S{(n + 1) % count}") for n in range(count)]


def worked_out(file: Path, kind: str) -> tuple[int, list[Finding], float]:
    """How many statements working out the file takes, its faults, and the processor time."""
    role = "social_worker" if kind == "users" else ""
    with runs.plan_for(kind, role=role, by=COMMAND_LINE, decided=Decided(yes=True)) as plan:
        plan.stage(str(file))
        begun = time.process_time()
        with CaptureQueriesContext(connection) as seen:
            plan.work_out()
        return len(seen), plan.findings.faults, time.process_time() - begun


CROWDS = [
    ("users", same_address), ("establishments", same_urn), ("pupils", same_new_child),
    ("pupils", by_either_number), ("pupils", crossed),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "rows"), CROWDS)
def test_a_whole_file_of_one_takes_as_few_statements_as_some_rows(
    db: None, desk: Desk, kind: str, rows: Callable[[int], list[Row]]
) -> None:
    if rows in (by_either_number, crossed):
        known = [child(internal_id=f"I{n}", sync_key=f"S{n}") for n in range(BLOCK)]
        assert desk.pupils(known, "--yes").status == APPLIED
    few, many = desk.file(rows(FEW), "few.csv"), desk.file(rows(BLOCK), "many.csv")
    worked_out(few, kind)  # what only the first time of all does

    statements, faults, _ = worked_out(many, kind)

    assert len(faults) == len({fault.row for fault in faults}) == BLOCK
    assert statements == worked_out(few, kind)[0]


@pytest.mark.parametrize(("kind", "rows"), CROWDS[:3])
def test_a_whole_file_of_one_is_told_in_few_words_and_soon(
    db: None, desk: Desk, kind: str, rows: Callable[[int], list[Row]]
) -> None:
    _, faults, seconds = worked_out(desk.file(rows(MANY)), kind)

    assert len(faults) == MANY
    assert max(len(fault.problem) for fault in faults) < 150
    assert "row 2, 3, 4, 5, 6 and 19,994 more" in faults[-1].problem
    assert seconds < 5  # each row beside all others took minutes


def test_rows_are_named_in_each_other_and_many_only_at_first() -> None:
    assert [other_rows([2, 9], n) for n in (2, 9)] == ["9", "2"]
    assert other_rows([2, 3, 4], 3) == "2 and 4"
    assert [other_rows([2, 3, 4, 5, 6, 7], n) for n in (2, 7)] == [
        "3, 4, 5, 6 and 7", "2, 3, 4, 5 and 6",
    ]  # fmt: skip
    assert other_rows([*range(2, 1_009)], 500) == "2, 3, 4, 5, 6 and 1,001 more"
