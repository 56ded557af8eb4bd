"""`previews`: the pages of a preview of 100,000 rows, and what keeping them adds to a check."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import databases, files, results
from tests.bench.child import measure

ROWS = 100_000
KINDS = (
    ("designated teachers", "teachers.csv", "users", "designated_teacher"),
    ("social workers, two children each", "workers.csv", "users", "social_worker"),
    ("pupils who all change school", "moved.csv", "pupils", ""),
)


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench previews")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeat", type=int, default=3, help="times each page; the median counts")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one database only")
    told = parser.parse_args(words)
    facts: dict[str, Any] = {
        "machine": results.machine(), "rows": told.rows, "databases": {}, "steps": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_pupils(folder / "pupils.csv", everywhere=True)
        files.write_pupils(folder / "moved.csv", told.rows, everywhere=True, moved=1)
        files.write_teachers(folder / "teachers.csv", told.rows)
        files.write_users(folder / "workers.csv", told.rows)
        files.write_faulty(folder / "faulty.csv", told.rows)
        for server in databases.servers(folder):
            if told.on in (None, server.name.lower()):
                facts["databases"][server.name] = server.version()
                _on(server, folder, told.repeat, facts)
    results.keep("previews", facts, full=told.rows == ROWS and not told.on)
    print(report(facts))


def _on(server: databases.Server, folder: Path, repeat: int, facts: dict[str, Any]) -> None:
    try:
        url = server.make("base")
        measure("import_steps:migrate", url)
        measure("import_steps:establishments", url, path=str(folder / "establishments.csv"))
        measure("import_steps:pupils", url, path=str(folder / "pupils.csv"))
        measure("preview_steps:reader", url)
        measure("import_steps:analyse", url)
        for what, name, kind, role in KINDS:
            if kind == "pupils":  # whose teachers gain and lose
                measure("preview_steps:teachers", url, path=str(folder / "teachers.csv"))
            server.settle("base")
            path = str(folder / name)
            check = measure("preview_steps:stored_check", url, path=path, kind=kind, role=role)
            _keep(facts, server, what, "check", [check.seconds])
            _keep(facts, server, what, "of which keeping the preview", [check.answer["keeping"]])
            summary = check.answer["summary"]
            pairs = summary["gained"] + summary["lost"]
            print(f"{server.name} {what}: {pairs:,} pairs", file=sys.stderr)
            _pages(server, url, check.answer["import"], what, repeat, facts)
        _findings(server, url, folder, repeat, facts)
    finally:
        server.drop("base")


def _pages(
    server: databases.Server, url: str, run_id: int, what: str, repeat: int, facts: dict[str, Any]
) -> None:
    for page in ("people", "children", "rows"):
        following = _page(server, url, run_id, what, page, "first page", 0, repeat, facts)
        if following:
            middle = following if page == "children" else max(following, facts["rows"] // 2)
            _page(server, url, run_id, what, page, "a later page", middle, repeat, facts)


def _findings(
    server: databases.Server, url: str, folder: Path, repeat: int, facts: dict[str, Any]
) -> None:
    """The page of an import with a fault in every second row, and pages of one kind of fault."""
    what, path = "designated teachers, every second row faulty", str(folder / "faulty.csv")
    check = measure(
        "preview_steps:stored_check", url, path=path, kind="users", role="designated_teacher"
    )
    _keep(facts, server, what, "check", [check.seconds])
    run_id = check.answer["import"]
    fault = measure("preview_steps:middle_fault", url, run_id=run_id, code="not-an-address").answer
    for page, rest in (
        ("page of the import", ""),
        ("a kind of fault, first page", "findings/fault/not-an-address/"),
        ("a kind of fault, a later page", f"findings/fault/not-an-address/?after={fault}"),
        ("questions, first page", "findings/question/closed-school/"),
    ):
        times = [
            measure("preview_steps:opened", url, run_id=run_id, rest=rest) for _ in range(repeat)
        ]
        page += ": {statements} statements, {size} KB, {controls} controls".format(
            **times[0].answer
        )
        _keep(facts, server, what, page, [one.seconds for one in times])


def _page(
    server: databases.Server, url: str, run_id: int, what: str, page: str, which: str, after: int,
    repeat: int, facts: dict[str, Any],
) -> int | None:  # fmt: skip
    times = [
        measure("preview_steps:page", url, run_id=run_id, what=page, after=after)
        for _ in range(repeat)
    ]
    _keep(facts, server, what, f"{page}, {which}", [one.seconds for one in times])
    following: int | None = times[0].answer[0]
    return following


def _keep(
    facts: dict[str, Any], server: databases.Server, what: str, step: str, times: list[float]
) -> None:
    facts["steps"].append(
        {
            "database": server.name, "what": what, "step": step,
            "seconds": statistics.median(times), "slowest": max(times),
        }
    )  # fmt: skip
    print(f"{server.name} {what} {step}: {statistics.median(times):.3f} s", file=sys.stderr)


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    parts = [
        results.said(facts["machine"], list(facts["databases"].values())),
        f"Files of {facts['rows']:,} rows against a register of {files.ESTABLISHMENTS} schools and"
        f" {files.PUPILS:,} pupils, every tenth of each school in care: the designated teachers"
        " come to see some five million pairs. Each page is computed cold, by a process of its"
        " own that has just connected (where its statements are told, it is the whole page, shown"
        " for the second time); the table shows the median and the slowest.",
    ]
    for database in facts["databases"]:
        rows = [
            [s["what"], s["step"], f"{s['seconds']:.3f}", f"{s['slowest']:.3f}"]
            for s in facts["steps"]
            if s["database"] == database
        ]
        parts += [
            f"### {database}", results.table(["file", "step", "seconds", "slowest"], rows, left=2),
        ]  # fmt: skip
    return "\n\n".join(parts) + "\n"
