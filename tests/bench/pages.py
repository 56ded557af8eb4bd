"""`pages`: how long pages take while 100,000 rows are applied, beside the same pages at rest."""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import databases, files, results
from tests.bench.browser import Browser
from tests.bench.child import measure
from tests.jobs.programs import started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.jobs.programs import Started

ROWS = 100_000
READERS = 2
PAUSE = 0.05  # between two pages of a reader, in seconds
AT_REST = 20.0
AIM = 0.2
Times = dict[str, list[float]]


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench pages")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one database only")
    told = parser.parse_args(words)
    facts: dict[str, Any] = {"machine": results.machine(), "rows": told.rows, "found": []}
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_pupils(folder / "pupils.csv")
        files.write_users(folder / "users.csv", told.rows)
        for server in databases.servers(folder):
            if told.on in (None, server.name.lower()):
                facts["found"].append(_on(server, folder))
    results.keep("pages", facts, full=told.rows == ROWS and not told.on)
    print(report(facts))


def _on(server: databases.Server, folder: Path) -> dict[str, Any]:
    try:
        url = server.make("base")
        with started("--demo", url=url) as first:
            first.wait_for("Schoolgate is at", seconds=180)
        measure("import_steps:establishments", url, path=str(folder / "establishments.csv"))
        measure("import_steps:pupils", url, path=str(folder / "pupils.csv"))
        measure("import_steps:analyse", url)
        server.settle("base")
        with started("--demo", url=url) as program:
            program.wait_for("Schoolgate is at", seconds=180)
            return {"database": server.version(), **_read_while_applying(program, url, folder)}
    finally:
        server.drop("base")


def _read_while_applying(program: Started, url: str, folder: Path) -> dict[str, Any]:
    given = measure("page_steps:upload", url, path=str(folder / "users.csv")).answer
    run_id = given["import"]
    _wait(url, run_id, "checking")
    pages = {
        "start page": "/",
        "my pupils": "/pupils/",
        "search for a child": "/pupils/?q=ash",
        "a child (leaves an event)": f"/pupils/{given['pupil']}/",
        "table of users": "/settings/users/",
        "search for a user": "/settings/users/?q=ash",
        "a user": f"/settings/users/{given['user']}/",
        "the import": f"/settings/imports/{run_id}/",
    }
    with Readers(program.port, pages, (given["name"], given["password"])) as readers:
        readers.begin()
        time.sleep(AT_REST)
        rest = readers.taken()
        began = time.monotonic()
        measure("page_steps:ask_to_apply", url, run_id=run_id)
        _wait(url, run_id, "applying")
        took = time.monotonic() - began
        applying = readers.taken()
    if measure("page_steps:state", url, run_id=run_id).answer != "done":
        raise SystemExit("The import was not applied.")
    return {"seconds": took, "pages": list(pages), "rest": rest, "applying": applying}


def _wait(url: str, run_id: int, state: str) -> None:
    while measure("page_steps:state", url, run_id=run_id).answer == state:
        time.sleep(0.2)


class Readers:
    """People who look at one page after another, with a short pause, and how long each took."""

    def __init__(self, port: int, pages: dict[str, str], signs_in: tuple[str, str]) -> None:
        self._port, self._pages, self._signs_in = port, pages, signs_in
        self._stopping, self._lock = threading.Event(), threading.Lock()
        self._times: Times = {name: [] for name in pages}
        self._failed: list[str] = []
        self._threads = [threading.Thread(target=self._read, args=(n,)) for n in range(READERS)]

    def __enter__(self) -> Readers:
        return self

    def begin(self) -> None:
        """Sit down and read."""
        for thread in self._threads:
            thread.start()
        time.sleep(3.0)  # signed in, and each page once
        self.taken()

    def taken(self) -> Times:
        """The seconds that each page took since this was last asked."""
        with self._lock:
            if self._failed:
                raise SystemExit(self._failed[0])
            times, self._times = self._times, {name: [] for name in self._pages}
        return times

    def _read(self, number: int) -> None:
        browser = Browser(self._port)
        browser.sign_in(*self._signs_in)
        for name in self._in_turn(number):
            began = time.perf_counter()
            status = browser.get(self._pages[name])
            took = time.perf_counter() - began
            with self._lock:
                if status != 200:
                    self._failed.append(f"{name}: {status}")
                self._times[name].append(took)
            time.sleep(PAUSE)

    def _in_turn(self, number: int) -> Iterator[str]:
        names = list(self._pages)
        place = number * len(names) // READERS
        while not self._stopping.is_set():
            yield names[place % len(names)]
            place += 1

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)


# The report


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    versions = [found["database"] for found in facts["found"]]
    parts = [
        results.said(facts["machine"], versions),
        f"`schoolgate start` serves the demonstration with {files.PUPILS:,} more pupils."
        f" {READERS} people signed in as LA Super User open one page after another, with a pause of"
        f" {_ms(PAUSE)} ms; first for {AT_REST:.0f} seconds at rest (the yardstick), then"
        f" while the worker applies a file of {facts['rows']:,} users. Times in milliseconds, from"
        " the request to the last byte.",
    ]
    for found in facts["found"]:
        parts.append(f"### {found['database']}: applied in {found['seconds']:.1f} s")
        parts.append(_table(found))
    parts.append(_judged(facts))
    return "\n\n".join(parts) + "\n"


def _table(found: dict[str, Any]) -> str:
    rows = []
    for name in [*found["pages"], "all of them"]:
        rest, busy = (_of(found[when], name) for when in ("rest", "applying"))
        rows.append(
            [
                name,
                *(_ms(_share(times, part)) for times in (rest, busy) for part in (50, 95)),
                _ms(max(busy, default=0)),
                f"{_share(busy, 95) / _share(rest, 95):.1f}" if rest and busy else "",
                str(len(busy)),
            ]
        )  # fmt: skip
    return results.table(
        [
            "page",
            "at rest p50",
            "p95",
            "applying p50",
            "p95",
            "slowest",
            "p95 beside rest",
            "asked",
        ],
        rows,
    )


def _judged(facts: dict[str, Any]) -> str:
    lines = []
    for found in facts["found"]:
        times = _of(found["applying"], "all of them")
        p95, slowest = _share(times, 95), max(times)
        if found["database"].startswith("PostgreSQL"):
            word = "met" if p95 <= AIM else "**missed**"
            lines.append(f"PostgreSQL: within {_ms(AIM)} ms at p95: {_ms(p95)} ms, {word}.")
        else:
            lines.append(
                f"SQLite: one writer at a time, so what leaves an event waits: the longest wait was"
                f" {slowest:.1f} s; p95 of all pages {_ms(p95)} ms."
            )
    return "\n".join(lines)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _of(times: Times, name: str) -> list[float]:
    if name in times:
        return times[name]
    return [took for each in times.values() for took in each]


def _share(times: list[float], percent: int) -> float:
    """The time within which so many of a hundred were answered."""
    if not times:
        return 0.0
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]
