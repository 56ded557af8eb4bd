"""However many rows: the same number of statements (DESIGN.md, "Built for many rows")."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.intake.desk import (
    APPLIED,
    DT,
    LA,
    REFUSED,
    SUPER,
    SW,
    Desk,
    Row,
    child,
    parent,
    person,
    row_of,
    upn_of,
)

if TYPE_CHECKING:
    from tests.cast import Cast


def asked(seen: CaptureQueriesContext) -> int:
    """How many statements there were, but for those that tell PostgreSQL how to work."""
    how = ("ANALYZE", "SET", "RESET")
    return sum(not query["sql"].startswith(how) for query in seen.captured_queries)


def statements(desk: Desk, kind: str, rows: list[Row], *flags: str, status: int = APPLIED) -> int:
    """How many statements an import of the rows takes."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        ran = desk.take_in(kind, rows, *flags)
    assert ran.status == status, ran.problems[:3]
    assert ran.rows == len(rows)
    return asked(seen)


def people(count: int, upns: list[str]) -> list[Row]:
    return [
        person(first=f"Jo{n}", last=f"Day{n}", email=f"p{n}.{count}@x.example", urn="100001",
               phone=f"0117 {n:06}", upns=[upns[n % len(upns)]] if upns else [])
        for n in range(count)
    ]  # fmt: skip


def children(count: int) -> list[Row]:
    return [
        child(first=f"Child{n}", last=f"Of{n} {count}", internal_id=f"{count}-{n}", urn="100001",
              since="2025-01-01", upn=factories.a_upn(), class_name=f"{n % 3}A")
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("role", [DT, SW, LA, SUPER])
def test_users(cast: Cast, desk: Desk, role: str) -> None:
    upns = [] if role == DT else [upn_of(cast.amira), upn_of(cast.ben)]
    few, many = people(10, upns), people(1_000, upns)
    words = ["--role", role]
    desk.take_in("users", people(1, upns), *words)  # what only the first run of all does

    assert statements(desk, "users", few, "--check", *words) == statements(
        desk, "users", many, "--check", *words
    )
    first = [desk.take_in("users", rows, "--check", *words).counts for rows in (few, many)]
    assert first == [(10, 0, 0, 0), (1_000, 0, 0, 0)]
    assert statements(desk, "users", few, *words) == statements(desk, "users", many, *words)
    assert statements(desk, "users", few, *words) == statements(desk, "users", many, *words)
    changed = [[{**row, "Job Title": "Head"} for row in rows] for rows in (few, many)]
    assert statements(desk, "users", changed[0], *words) == statements(
        desk, "users", changed[1], *words
    )


def test_pupils(cast: Cast, desk: Desk) -> None:
    few, many = children(10), children(1_000)
    desk.pupils(children(3))  # and the three classes

    assert statements(desk, "pupils", few) == statements(desk, "pupils", many)
    assert statements(desk, "pupils", few) == statements(desk, "pupils", many)
    moved = [
        [{**row, "School Reference Number (URN)": "100002", "Class": "9B"} for row in rows]
        for rows in (few, many)
    ]
    desk.pupils(moved[0][:1])
    assert statements(desk, "pupils", moved[0]) == statements(desk, "pupils", moved[1])


def test_rows_full_of_faults_and_questions(cast: Cast, desk: Desk) -> None:
    def wrong_people(count: int) -> list[Row]:
        rows = people(count, ["A801200005999"])
        return [{**row, "School Reference Number (URN)": "123456"} for row in rows] + [
            person(first="Grace", last="Hill", email="noor@example.org"),
            person(email="twice@x.example"), person(email="twice@x.example"),
        ]  # fmt: skip

    words = ["--role", SW, "--check"]
    assert statements(desk, "users", wrong_people(10), *words, status=REFUSED) == statements(
        desk, "users", wrong_people(300), *words, status=REFUSED
    )

    def wrong_children(count: int) -> list[Row]:
        both = [
            {**row_of(cast.amira, upn=row["UPN"]), "Internal Person ID": row["Internal Person ID"]}
            for row in known[:count]
        ]
        crossed = [
            {**row, "UPN": other["UPN"], "First Name": "Crossed"}
            for row, other in itertools.pairwise(known[: count + 1])
        ]
        return both + crossed

    known = children(301)
    desk.pupils(known)
    assert statements(desk, "pupils", wrong_children(10), "--check", status=REFUSED) == statements(
        desk, "pupils", wrong_children(300), "--check", status=REFUSED
    )


def test_parents(cast: Cast, desk: Desk) -> None:
    def families(count: int, *, wrong: bool = False) -> list[Row]:
        rows = [
            parent(first=f"Jo{n}", last=f"Day{n}", username=f"jo{count}-{n}", sync=f"{count}-{n}",
                   email=f"jo{n}.{count}@x.example", phone=f"0117 {n:06}", relationship="Mother",
                   child=f"{'x' * wrong}{n % 5}")
            for n in range(count)
        ]  # fmt: skip
        if wrong:
            rows[0]["ChildID"] = "0"
            rows[1] = {**rows[0], "User name": "other", "ChildID": "1"}
        return rows

    words = ["--sync-field", "ChildID", "--match-by", "Synchronisation key"]
    desk.pupils([child(first=f"C{n}", last=f"Of{n}", sync_key=str(n)) for n in range(5)])
    few, many = families(10), families(1_000)
    desk.take_in("parents", families(1), *words)

    for flags, status in ((["--check"], APPLIED), ([], APPLIED), ([], APPLIED)):
        assert statements(desk, "parents", few, *words, *flags, status=status) == statements(
            desk, "parents", many, *words, *flags, status=status
        )
    other = [
        [{**row, "Phone": "0117 99", "E-mail": f"new.{row['E-mail']}"} for row in rows]
        for rows in (few, many)
    ]
    for flags, status in (([], REFUSED), (["--yes"], APPLIED)):
        assert statements(desk, "parents", other[0], *words, *flags, status=status) == statements(
            desk, "parents", other[1], *words, *flags, status=status
        )
    assert statements(
        desk, "parents", families(11, wrong=True), *words, status=REFUSED
    ) == statements(desk, "parents", families(300, wrong=True), *words, status=REFUSED)


def test_undo_of_parents(cast: Cast, desk: Desk) -> None:
    def counted(count: int) -> int:
        rows = [
            parent(first=f"Jo{n}", last=f"Day{n}", username=f"jo{n}", sync=f"p{n}", child="1")
            for n in range(count)
        ]
        ran = desk.parents(rows)
        with CaptureQueriesContext(connection) as seen:
            assert desk.undo(ran).status == APPLIED
        return asked(seen)

    desk.pupils([child(sync_key="1")])
    counted(1)
    assert counted(10) == counted(1_000)


def test_establishments(cast: Cast, desk: Desk) -> None:
    def places(count: int) -> list[Row]:
        return [{"URN": str(300_000 + n), "EstablishmentName": f"School {n}"} for n in range(count)]

    desk.take_in("establishments", places(1))
    assert statements(desk, "establishments", places(11)) == statements(
        desk, "establishments", places(1_000)
    )


def test_undo(cast: Cast, desk: Desk) -> None:
    def counted(count: int) -> int:
        ran = desk.users(people(count, [upn_of(cast.amira)]), role=SW)
        with CaptureQueriesContext(connection) as seen:
            assert desk.undo(ran).status == APPLIED
        return asked(seen)

    counted(1)
    assert counted(10) == counted(1_000)


def test_leavers(cast: Cast, desk: Desk, settings: Any) -> None:
    settings.BRAKE_PERCENT = 0  # few and many are held alike

    def leavers(count: int) -> list[Row]:
        rows = people(count, [upn_of(cast.amira), upn_of(cast.ben)])
        desk.users(rows, role=SW)
        named = [{"Email": row["Email"], "User First Name": "Other"} for row in rows[: count // 2]]
        return [*named, *({"Email": r["Email"], "User First Name": ""} for r in rows[count // 2 :])]

    few, many = leavers(10), leavers(1_000)
    yes = ["--yes", "--over-brakes", "Everybody leaves"]
    desk.take_in("leavers", leavers(2), *yes)

    for flags in (["--check", *yes], yes, yes):
        assert statements(desk, "leavers", few, *flags) == statements(desk, "leavers", many, *flags)
    assert statements(desk, "leavers", few, "--check", status=REFUSED) == statements(
        desk, "leavers", many, "--check", status=REFUSED
    )


def test_undo_of_leavers(cast: Cast, desk: Desk) -> None:
    def counted(count: int) -> int:
        rows = people(count, [upn_of(cast.amira)])
        desk.users(rows, role=SW)
        emails: list[Row] = [{"Email": row["Email"]} for row in rows]
        ran = desk.take_in("leavers", emails, "--over-brakes", "Everybody leaves")
        with CaptureQueriesContext(connection) as seen:
            assert desk.undo(ran).status == APPLIED
        return asked(seen)

    counted(1)
    assert counted(10) == counted(1_000)


def test_undo_of_class_lists(cast: Cast, desk: Desk) -> None:
    def counted(count: int) -> int:
        changed = [{**row, "Class": "9C"} for row in known[:count]]
        ran = desk.pupils(changed)
        assert ran.counts == (0, count, 0, 0)
        with CaptureQueriesContext(connection) as seen:
            assert desk.undo(ran).status == APPLIED
        return asked(seen)

    known = children(300)
    desk.pupils(known)
    counted(3)
    assert counted(9) == counted(300)
