"""`offboarding`: 5,000 leavers among 100,000 users, at once and one by one."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import databases, files, results
from tests.bench.child import measure

USERS, LEAVERS, SINGLY = 100_000, 5_000, 500
WAYS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("what goes with them, before anything is done", "look", {}),
    ("make inactive", "many", {"what": "make-inactive"}),
    ("delete", "many", {"what": "delete"}),
    ("make inactive, the same action one by one", "one_by_one", {}),
    ("a row each by the ORM: no log, no rule", "by_rows", {}),
)


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench offboarding")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--leavers", type=int, default=LEAVERS)
    parser.add_argument("--repeat", type=int, default=3, help="times each way; the median counts")
    told = parser.parse_args(words)
    facts: dict[str, Any] = {
        "machine": results.machine(), "users": told.users, "leavers": told.leavers,
        "databases": {}, "steps": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_pupils(folder / "pupils.csv", everywhere=True)
        files.write_users(folder / "workers.csv", told.users)
        for server in databases.servers(folder):
            facts["databases"][server.name] = server.version()
            _on(server, folder, told.leavers, told.repeat, facts)
    full = (told.users, told.leavers) == (USERS, LEAVERS)
    results.keep("offboarding", facts, full=full)
    print(report(facts))


def _on(
    server: databases.Server, folder: Path, leavers: int, repeat: int, facts: dict[str, Any]
) -> None:
    try:
        url = server.make("base")
        measure("import_steps:migrate", url)
        measure("import_steps:establishments", url, path=str(folder / "establishments.csv"))
        measure("import_steps:pupils", url, path=str(folder / "pupils.csv"))
        measure("import_steps:take_in", url, path=str(folder / "workers.csv"))
        measure("preview_steps:reader", url)
        measure("import_steps:analyse", url)
        server.settle("base")
        for what, step, given in WAYS:
            count = min(SINGLY, leavers) if step == "one_by_one" else leavers
            times = []
            for _ in range(repeat):
                copy = server.make("copy", like="base")
                server.settle("copy")
                done = measure(f"offboarding_steps:{step}", copy, count=count, **given)
                if done.answer.get("active"):
                    raise SystemExit(f"{what}: {done.answer['active']} are still active.")
                times.append(done.seconds)
            facts["steps"].append(
                {
                    "database": server.name, "what": what, "users": count,
                    "seconds": statistics.median(times), "slowest": max(times),
                    "answer": done.answer,
                }
            )  # fmt: skip
            print(f"{server.name} {what}: {statistics.median(times):.2f} s", file=sys.stderr)
    finally:
        server.drop("copy")
        server.drop("base")


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    looked = next(one["answer"] for one in facts["steps"] if "lost" in one["answer"])
    parts = [
        results.said(facts["machine"], list(facts["databases"].values())),
        f"{facts['leavers']:,} of {facts['users']:,} social workers with two children each leave"
        f" ({looked['lost']:,} pairs of user and child lost, {looked['alone']:,} children left with"
        " nobody). Each way in a process of its own on a fresh copy of the database; the median"
        " counts. Wanted: under 5 s for 5,000 at once, log and rules included.",
        results.table(
            ["way", "database", "users", "seconds", "slowest", "users a second"],
            [
                [
                    one["what"], one["database"], f"{one['users']:,}", f"{one['seconds']:.2f}",
                    f"{one['slowest']:.2f}", f"{one['users'] / one['seconds']:,.0f}",
                ]
                for one in facts["steps"]
            ],
            left=2,
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"
