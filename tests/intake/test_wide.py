"""Rows shorter than the headings: cells that are not there are blank, and cost nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from schoolgate.audit.actions import COMMAND_LINE
from schoolgate.intake import runs
from schoolgate.intake.columns import UPN_HEADING
from tests.intake.desk import APPLIED, SW, Desk, upn_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cast import Cast

HEADINGS = "User First Name,User Last Name,Email"


def seconds_to_stage(file: Path, kind: str, role: str) -> float:
    """The processor time that reading a file takes, row by row."""
    with runs.plan_for(kind, role=role, by=COMMAND_LINE) as plan:
        begun = time.process_time()
        plan.stage(str(file))
        spent = time.process_time() - begun
        assert plan.rows
        assert not plan.staged.whole_file
    return spent


def test_a_row_may_end_before_the_headings_do(cast: Cast, desk: Desk) -> None:
    text = (
        f"{HEADINGS},Phone,{UPN_HEADING},{UPN_HEADING},{UPN_HEADING}\r\n"
        "Jo,Day,jo@x.example\r\n"
        f"Bo,Day,bo@x.example,,,{upn_of(cast.ben)}\r\n"
        f"Mo,Day,mo@x.example,,,,{upn_of(cast.eve)}\r\n"
        "Lo,Day\r\n"
        f"Zo,{'y' * 200}\r\n"
    )

    ran = desk.users(text, "--skip-faulty", role=SW)

    assert (ran.counts, ran.linked) == ((3, 0, 0, 2), 2)
    assert [(row, column) for row, column, _, _ in ran.told] == [
        (5, "Email"), (6, "User Last Name"), (6, "Email"),
    ]  # fmt: skip
    pupil = "First Name,Last Name,Internal Person ID,UPN,In Care Since\r\nRowan,Ash,I-1\r\n"
    assert desk.pupils(pupil).status == APPLIED
    place = "URN,EstablishmentName,EstablishmentStatus (name)\r\n300001,Mill School\r\n"
    assert desk.take_in("establishments", place).status == APPLIED


def test_short_rows_beneath_thousands_of_headings_cost_what_they_hold(db: None, desk: Desk) -> None:
    rows = "".join(f"Jo,Day{n},p{n}@x.example\r\n" for n in range(3_000))
    narrow = desk.file(f"{HEADINGS},{UPN_HEADING}\r\n{rows}", "narrow.csv")
    wide = desk.file(f"{HEADINGS}{f',{UPN_HEADING}' * 16_381}\r\n{rows}", "wide.csv")

    usual = seconds_to_stage(narrow, "users", "social_worker")

    assert seconds_to_stage(wide, "users", "social_worker") < usual + 1
