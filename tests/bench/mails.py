"""`mails`: 10,000 invitations into a mail server on this machine, the worker killed twice."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.bench import databases, results
from tests.bench.child import OURS, ROOT, measure
from tests.outbox.sink import Sink, running

COUNT, KILLS, LEAST = 10_000, 2, 100
PROGRAM = """
import threading, django
django.setup()
from schoolgate.jobs import mail_worker
mail_worker.serve(threading.Event())
"""


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench mails")
    parser.add_argument("--mails", type=int, default=COUNT)
    told = parser.parse_args(words)
    facts: dict[str, Any] = {"machine": results.machine(), "databases": [], "found": []}
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        for server in databases.servers(folder):
            facts["databases"].append(server.version())
            with running(folder / f"sink-{server.name}") as sink:
                facts["found"].append(_on(server, sink, told.mails))
    results.keep("mails", facts, full=told.mails == COUNT)
    print(report(facts))


def _on(server: databases.Server, sink: Sink, count: int) -> dict[str, Any]:
    try:
        url = server.make("base")
        measure("import_steps:migrate", url)
        measure("letter_steps:parents", url, count=count, mailed=True)
        measure("import_steps:analyse", url)
        posted = measure("letter_steps:invite_all", url)
        seconds = 0.0
        for part in range(1, KILLS + 2):
            worker, began = _worker(url, sink), time.monotonic()
            # At no round number: in the middle of a lot.
            wanted = count if part > KILLS else count * part // (KILLS + 1) + 17
            while _arrived(sink) < wanted and time.monotonic() - began < 600:
                time.sleep(0.2)  # each look reads the whole folder
            worker.kill()
            worker.wait()
            seconds += time.monotonic() - began
            if part <= KILLS:
                measure("letter_steps:let_leases_run_out", url)
        _finish(url, sink)
        return {
            "database": server.name, "count": count, "seconds": seconds,
            "posting": posted.seconds, **_look(url, sink, count),
        }  # fmt: skip
    finally:
        server.drop("base")


def _worker(url: str, sink: Sink) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={
            **os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": OURS,
            "SCHOOLGATE_MAIL": sink.url, "SCHOOLGATE_MAIL_FROM": "no-reply@gate.example",
            "SCHOOLGATE_URL": "https://gate.example",
        },
    )  # fmt: skip


def _arrived(sink: Sink) -> int:
    return sum(1 for entry in os.scandir(sink.folder) if entry.name.endswith(".mail"))


def _finish(url: str, sink: Sink) -> None:
    """Let a worker send what is left: repeats made the number full before all were sent."""
    worker = _worker(url, sink)
    for _ in range(100):
        measure("letter_steps:let_leases_run_out", url)
        if not measure("letter_steps:mails", url).answer["waiting"]:
            break
        time.sleep(1)
    worker.kill()
    worker.wait()


def _look(url: str, sink: Sink, count: int) -> dict[str, Any]:
    """Nobody without mail, and nobody with two but of one Message-ID, one a kill at most."""
    ids: dict[str, set[str]] = {}
    came: Counter[str] = Counter()
    for raw in sink.raw():
        head = raw.partition(b"\r\n\r\n")[0].decode()
        to = head.splitlines()[0].removeprefix("X-To: ")
        came[to] += 1
        ids.setdefault(to, set()).update(re.findall(r"(?im)^message-id:\s*(\S+)", head))
    states = measure("letter_steps:mails", url).answer
    repeats = sum(came.values()) - len(came)
    if len(came) != count or states["sent"] != count:
        raise SystemExit(f"Lost: {count - len(came)} of {count} did not arrive ({states}).")
    if any(len(known) != 1 for known in ids.values()) or repeats > KILLS + 1:
        raise SystemExit(f"{repeats} repeats, or one with another Message-ID.")
    return {"repeats": repeats}


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    return "\n\n".join(
        [
            results.said(facts["machine"], facts["databases"]),
            "Invitations into a mail server on the same machine (Python, a file a mail), by one"
            f" mail worker, which is killed with -9 {KILLS} times in the middle of a lot. What it"
            " had taken up is made due at once then, where otherwise five minutes go by. Its starts"
            f" are counted in. Asked for: {LEAST} a second at least, none lost, and none twice but"
            " what was handed over and not yet noted when a worker died, with the same Message-ID.",
            results.table(
                ["database", "mails", "posting them, s", "sending them, s", "a second",
                 "kills", "lost", "twice"],
                [
                    [
                        one["database"], f"{one['count']:,}", f"{one['posting']:.1f}",
                        f"{one['seconds']:.1f}", f"{one['count'] / one['seconds']:.0f}",
                        str(KILLS), "0", str(one["repeats"]),
                    ]
                    for one in facts["found"]
                ],
            ),
        ]
    ) + "\n"  # fmt: skip
