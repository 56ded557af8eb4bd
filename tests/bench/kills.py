"""`kills [N]`: `schoolgate import users` killed with -9 at N random moments on each database.

Afterwards nothing of it or everything is there, and the audit log is whole; at the end the same
file goes in, and once more without a change.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import databases, files, results
from tests.bench.child import OURS, ROOT, measure

ROWS, TIMES = 100_000, 10
PROGRAM = "from schoolgate.jobs.command import main; raise SystemExit(main())"


def main(words: list[str]) -> None:
    """Kill, look, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench kills")
    parser.add_argument("times", nargs="?", type=int, default=TIMES)
    parser.add_argument("--rows", type=int, default=ROWS)
    told = parser.parse_args(words)
    facts: dict[str, Any] = {
        "machine": results.machine(), "times": told.times, "rows": told.rows,
        "databases": [], "found": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_pupils(folder / "pupils.csv")
        files.write_users(folder / "users.csv", told.rows)
        for server in databases.servers(folder):
            facts["databases"].append(server.version())
            facts["found"].append(_on(server, folder, told.times))
    results.keep("kills", facts, full=told.rows == ROWS)
    print(report(facts))


def _start(url: str, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "import", "users", str(path), "--role", "Social Worker",
         "--json"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": OURS},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def _whole(url: str, path: Path) -> tuple[dict[str, Any], float]:
    """Let the import come to its end; what it said, and how long it took."""
    began = time.monotonic()
    program = _start(url, path)
    out, err = program.communicate()
    if program.returncode:
        raise SystemExit(f"The import could not be applied: {err.decode()}")
    return json.loads(out), time.monotonic() - began


def _look(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = measure("kill_steps:standing", url).answer
    if answer["breaks"]:
        raise SystemExit(f"The audit log is not whole: {answer['breaks'][0]}")
    rows: dict[str, Any] = answer["rows"]
    return rows


def _on(server: databases.Server, folder: Path, times: int) -> dict[str, Any]:
    """Kill it on one database so many times. Stops at the first half-done import."""
    chance = random.Random()
    found: dict[str, Any] = {
        "database": server.name, "nothing": 0, "everything": 0, "too_late": 0, "moments": [],
    }  # fmt: skip
    path = folder / "users.csv"
    try:
        base = server.make("base")
        measure("import_steps:migrate", base)
        measure("import_steps:establishments", base, path=str(folder / "establishments.csv"))
        measure("import_steps:pupils", base, path=str(folder / "pupils.csv"))
        measure("import_steps:analyse", base)
        nothing = _look(base)
        server.settle("base")
        url = server.make("work", like="base")
        _, took = _whole(url, path)
        everything = _look(url)
        server.settle("work")
        url = server.make("work", like="base")
        while found["nothing"] + found["everything"] < times:
            moment = chance.uniform(0.05, 1.02) * took
            program = _start(url, path)
            time.sleep(moment)
            program.kill()
            program.communicate()
            there = _look(url)
            if program.returncode != -signal.SIGKILL:
                found["too_late"] += 1
            elif there == nothing:
                found["nothing"] += 1
                found["moments"].append(round(moment / took, 2))
            elif there == everything:
                found["everything"] += 1
                found["moments"].append(round(moment / took, 2))
            else:
                raise SystemExit(f"Half done on {server.name}: {there}, before {nothing}")
            print(f"{server.name}: killed at {moment / took:.0%}: {there}", file=sys.stderr)
            if there != nothing:
                url = server.make("work", like="base")
        last, found["seconds"] = _whole(url, path)
        if _look(url) != everything:
            raise SystemExit(f"After the kills the import did something else on {server.name}.")
        again, _ = _whole(url, path)
        if again["unchanged"] != again["rows"] or last["created"] != last["rows"]:
            raise SystemExit(f"The repeat was not without changes on {server.name}: {again}")
        found["unchanged"] = again["unchanged"]
    finally:
        server.drop("work")
        server.drop("base")
    return found


# The report


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    parts = [
        results.said(facts["machine"], facts["databases"]),
        f"`schoolgate import users` of {facts['rows']:,} rows, killed with -9 at moments chosen by"
        " chance between its start and its end. After each kill the rows of users, grants,"
        " events and the register were counted, and `audit verify` looked through the whole log; it"
        " was clean each time. The run stops at the first import that is found half done: there"
        " was none. At the end the same file was applied to what the kills had left, and once"
        " more, when every row was unchanged.",
        results.table(
            ["database", "kills", "nothing was there", "everything was there", "ended before",
             "earliest and latest kill", "half done", "applied afterwards, s", "repeat unchanged"],
            [
                [
                    one["database"], str(one["nothing"] + one["everything"]), str(one["nothing"]),
                    str(one["everything"]), str(one["too_late"]),
                    f"{min(one['moments']):.0%} to {max(one['moments']):.0%} of its time", "0",
                    f"{one['seconds']:.1f}", f"{one['unchanged']:,} rows",
                ]
                for one in facts["found"]
            ],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"
