"""`imports`: a user file in the template's shape, by our import and by three other means."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import databases, files, results
from tests.bench.child import Measured, measure

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 10_000, 100_000)
BY_LOOP = 1_000
Steps = dict[str, list[Measured]]


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench imports")
    parser.add_argument("--rows", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--repeat", type=int, default=3, help="times each; the median counts")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one database only")
    told = parser.parse_args(words)
    facts: dict[str, Any] = {
        "machine": results.machine(), "repeat": told.repeat, "databases": {}, "steps": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_pupils(folder / "pupils.csv")
        for rows in told.rows:
            files.write_users(folder / f"{rows}.csv", rows)
        for server in databases.servers(folder):
            if told.on in (None, server.name.lower()):
                _on(server, folder, told.rows, told.repeat, facts)
    full = tuple(told.rows) == SIZES and not told.on
    results.keep("imports", facts, full=full)
    print(report(facts))


def _on(
    server: databases.Server, folder: Path, sizes: list[int], repeat: int, facts: dict[str, Any]
) -> None:
    facts["databases"][server.name] = server.version()
    try:
        url = server.make("base")
        measure("import_steps:migrate", url)
        measure("import_steps:establishments", url, path=str(folder / "establishments.csv"))
        server.settle("base")
        register = measure("import_steps:pupils", url, path=str(folder / "pupils.csv"))
        _keep(facts, server, "the register: 100,000 pupils", files.PUPILS, [register])
        measure("import_steps:analyse", url)
        for rows in sizes:
            steps: Steps = {}
            for _ in range(repeat):
                _once(server, folder, rows, steps)
            for step, times in steps.items():
                _keep(facts, server, step, rows, times)
    finally:
        server.drop("work")
        server.drop("base")


def _once(server: databases.Server, folder: Path, rows: int, steps: Steps) -> None:
    """Every step once; each way of writing begins with the same register and no users."""
    path = str(folder / f"{rows}.csv")

    def new() -> str:
        return server.make("work", like="base")

    def step(name: str, work: str, url: str, **given: Any) -> Any:
        server.settle("work")
        measured = measure(work, url, **given)
        steps.setdefault(name, []).append(measured)
        print(f"{server.name} {rows} {name}: {measured.seconds:.2f} s", file=sys.stderr)
        return measured.answer

    def whole(answer: dict[str, int], users: int = rows) -> None:
        there = (answer["users"], answer["grants"])
        if there != (users, users * files.LINKS_PER_USER):
            raise SystemExit(f"{there} users and grants, where {users} users were to be.")

    whole(step("bare floor", "yardsticks:floor", new(), rows=rows))
    if rows == BY_LOOP:
        whole(step("get_or_create loop", "yardsticks:loop", new(), rows=rows))
        whole(step("django-import-export", "yardsticks:import_export", new(), rows=rows))
    url = new()
    step("--check", "import_steps:check_only", url, path=path)
    run_id = step("stored check", "import_steps:stored_check", url, path=path)["import"]
    whole(step("apply", "import_steps:apply", url, run_id=run_id))
    whole(step("check and apply", "import_steps:take_in", new(), path=path))
    again = step("re-import", "import_steps:take_in", url, path=path)
    if again["created"] or again["updated"]:
        raise SystemExit("The re-import wrote users.")
    whole(step("undo", "import_steps:undo", url, run_id=run_id), 0)


def _keep(
    facts: dict[str, Any], server: databases.Server, step: str, rows: int, times: list[Measured]
) -> None:
    facts["steps"].append(
        {
            "database": server.name,
            "step": step,
            "rows": rows,
            "seconds": statistics.median(one.seconds for one in times),
            "slowest": max(one.seconds for one in times),
            "peak_mb": max(one.peak_mb for one in times),
        }
    )


# The report


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    at = {(s["database"], s["rows"], s["step"]): s for s in facts["steps"]}
    parts = [
        results.said(facts["machine"], list(facts["databases"].values())),
        f"Users with a school and {files.LINKS_PER_USER} children each, into a register of"
        f" {files.ESTABLISHMENTS} schools and {files.PUPILS:,} pupils. Each step ran"
        f" {facts['repeat']} times, each time in a process of its own on a database of its own;"
        " the tables show the median time of the wall clock and the highest peak memory of the"
        " process (Python and Django included, the database server not). `apply` is what the"
        " worker does after a stored check: it checks again. `check and apply` is"
        " `schoolgate import users`. The floor is the finished rows of both tables and nothing"
        " else, by COPY or `executemany`, into the same tables in one transaction.",
    ]
    for database in facts["databases"]:
        for rows in sorted({r for d, r, s in at if d == database and "register" not in s}):
            parts += [f"### {database}, {rows:,} rows", _table(at, database, rows)]
        one = next(s for s in facts["steps"] if s["database"] == database and "reg" in s["step"])
        parts.append(
            f"Loading {one['step']}, by `schoolgate import pupils`, once:"
            f" {one['seconds']:.1f} s, {one['peak_mb']:.0f} MB."
        )
    judged = aims(facts)
    if judged:
        parts += ["### Aims", results.table(["aim (100,000 rows)", "measured", ""], judged, left=3)]
    return "\n\n".join(parts) + "\n"


def _table(at: dict[tuple[str, int, str], Any], database: str, rows: int) -> str:
    steps = [
        s for (d, r, name), s in at.items() if (d, r) == (database, rows) and "reg" not in name
    ]
    floor = at[database, rows, "bare floor"]["seconds"]
    return results.table(
        ["step", "seconds", "slowest", "rows a second", "times the floor", "peak MB"],
        [
            [
                s["step"], f"{s['seconds']:.2f}", f"{s['slowest']:.2f}",
                f"{rows / s['seconds']:,.0f}", f"{s['seconds'] / floor:.1f}", f"{s['peak_mb']:.0f}",
            ]
            for s in steps
        ],
    )  # fmt: skip


def aims(facts: dict[str, Any]) -> list[list[str]]:
    """Each aim, what was measured and whether it is met; none without the full sizes."""
    at = {(s["database"], s["rows"], s["step"]): s for s in facts["steps"]}
    big, judged = SIZES[-1], []

    def judge(aim: str, value: float, shown: str, met: Callable[[float], bool]) -> None:
        judged.append([aim, shown, "met" if met(value) else "**missed**"])

    for database in facts["databases"]:

        def seconds(step: str, rows: int = big, database: str = database) -> float:
            return float(at[database, rows, step]["seconds"])

        if (database, big, "check and apply") not in at:
            continue
        if database == "PostgreSQL":
            ratio = seconds("check and apply") / seconds("bare floor")
            for most, what in ((2.5, "the stretch"), (5.0, "at the most")):
                judge(
                    f"{database}: check and apply within {most:g} times the floor ({what})",
                    ratio, f"{ratio:.2f} times", lambda v, most=most: v <= most,  # type: ignore[misc]
                )  # fmt: skip
        ours = ("--check", "stored check", "apply", "check and apply", "re-import", "undo")
        peak = max(at[database, big, step]["peak_mb"] for step in ours)
        judge(f"{database}: every step under 150 MB", peak, f"{peak:.0f} MB", lambda v: v < 150)
        for step, least in (("--check", 50_000), ("stored check", 20_000)):
            rate = big / seconds(step)
            judge(
                f"{database}: {step} at {least:,} rows a second",
                rate, f"{rate:,.0f}", lambda v, least=least: v >= least,  # type: ignore[misc]
            )  # fmt: skip
        if (database, big // 10, "check and apply") in at:
            growth = seconds("check and apply") / seconds("check and apply", big // 10)
            judge(
                f"{database}: in proportion (ten times the rows, at most 12 times the time)",
                growth, f"{growth:.1f} times", lambda v: v <= 12,
            )  # fmt: skip
        share = seconds("re-import") / seconds("check and apply")
        judge(
            f"{database}: a re-import takes less than half of the first time, and writes no user",
            share, f"{share:.0%}; no user written", lambda v: v < 0.5,
        )  # fmt: skip
    return judged
