"""`parents`: a file of parents, two of each child, by our import and at the floor."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import databases, files, results
from tests.bench.child import measure

if TYPE_CHECKING:
    from tests.bench.child import Measured

ROWS = 100_000
Steps = dict[str, list["Measured"]]


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench parents")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeat", type=int, default=3, help="times each; the median counts")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one database only")
    told = parser.parse_args(words)
    facts: dict[str, Any] = {
        "machine": results.machine(), "repeat": told.repeat, "rows": told.rows, "databases": {},
        "steps": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_children(folder / "children.csv", told.rows // 2)
        files.write_parents(folder / "parents.csv", told.rows)
        for server in databases.servers(folder):
            if told.on in (None, server.name.lower()):
                _on(server, folder, told.rows, told.repeat, facts)
    results.keep("parents", facts, full=told.rows == ROWS and not told.on)
    print(report(facts))


def _on(
    server: databases.Server, folder: Path, rows: int, repeat: int, facts: dict[str, Any]
) -> None:
    facts["databases"][server.name] = server.version()
    steps: Steps = {}
    try:
        url = server.make("base")
        measure("import_steps:migrate", url)
        measure("import_steps:establishments", url, path=str(folder / "establishments.csv"))
        measure("import_steps:pupils", url, path=str(folder / "children.csv"))
        measure("import_steps:analyse", url)
        for _ in range(repeat):
            _once(server, str(folder / "parents.csv"), rows, steps)
    finally:
        server.drop("work")
        server.drop("base")
    facts["steps"] += [
        {
            "database": server.name,
            "step": step,
            "seconds": statistics.median(one.seconds for one in times),
            "slowest": max(one.seconds for one in times),
            "peak_mb": max(one.peak_mb for one in times),
        }
        for step, times in steps.items()
    ]


def _once(server: databases.Server, path: str, rows: int, steps: Steps) -> None:
    """Every step once; each way of writing begins with the same register and no users."""

    def new() -> str:
        return server.make("work", like="base")

    def step(name: str, work: str, url: str, **given: Any) -> Any:
        server.settle("work")
        measured = measure(work, url, **given)
        steps.setdefault(name, []).append(measured)
        print(f"{server.name} {name}: {measured.seconds:.2f} s", file=sys.stderr)
        return measured.answer

    def whole(answer: dict[str, int], count: int = rows) -> None:
        if (answer["users"], answer["grants"]) != (count, count):
            raise SystemExit(f"{answer}, where {count} parents with a child each were to be.")

    of = {"path": path, "kind": "parents"}
    whole(step("bare floor", "yardsticks:parents_floor", new(), rows=rows))
    url = new()
    step("--check", "import_steps:check_only", url, **of)
    run_id = step("stored check", "import_steps:stored_check", url, **of)["import"]
    whole(step("apply", "import_steps:apply", url, run_id=run_id))
    whole(step("check and apply", "import_steps:take_in", new(), **of))
    again = step("re-import", "import_steps:take_in", url, **of)
    if again["created"] or again["updated"]:
        raise SystemExit("The re-import wrote users.")
    whole(step("undo", "import_steps:undo", url, run_id=run_id), 0)


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    at = {(s["database"], s["step"]): s for s in facts["steps"]}
    parts = [
        results.said(facts["machine"], list(facts["databases"].values())),
        f"A file of {facts['rows']:,} parents, each with a SyncID, a user name and one child, two"
        f" of each of {facts['rows'] // 2:,} children. Each step ran {facts['repeat']} times, as"
        " in “Importing users”; the floor is the finished rows of the three tables (users, links,"
        " SyncIDs) and nothing else, in one transaction. `check and apply` is `schoolgate import"
        " parents`.",
    ]
    judged = []
    for database in facts["databases"]:
        steps = [s for s in facts["steps"] if s["database"] == database]
        floor = at[database, "bare floor"]["seconds"]
        lines = [
            [
                s["step"], f"{s['seconds']:.2f}", f"{s['slowest']:.2f}",
                f"{facts['rows'] / s['seconds']:,.0f}", f"{s['seconds'] / floor:.1f}",
                f"{s['peak_mb']:.0f}",
            ]
            for s in steps
        ]  # fmt: skip
        headings = ["step", "seconds", "slowest", "rows a second", "times the floor", "peak MB"]
        parts += [f"### {database}, {facts['rows']:,} rows", results.table(headings, lines)]
        if database == "PostgreSQL" and facts["rows"] == ROWS:
            ratio = at[database, "check and apply"]["seconds"] / floor
            judged += [
                [
                    f"{database}: check and apply within {most:g} times the floor ({what})",
                    f"{ratio:.2f} times", "met" if ratio <= most else "**missed**",
                ]
                for most, what in ((2.5, "the stretch"), (5.0, "at the most"))
            ]  # fmt: skip
    if judged:
        parts += ["### Aims", results.table(["aim (100,000 rows)", "measured", ""], judged, left=3)]
    return "\n\n".join(parts) + "\n"
