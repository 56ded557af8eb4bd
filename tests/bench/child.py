"""One measurement in a process of its own: `python -m tests.bench.child STEP`, facts on stdin.

A step prepares what is not measured and returns what is. Time is the wall clock around that;
memory is the process's own peak, Django included, the database server's not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = "schoolgate.config.settings"


@dataclass(frozen=True)
class Measured:
    """What a step took and what it answered."""

    seconds: float
    peak_mb: float
    start_mb: float
    answer: Any


def measure(step: str, url: str, *, settings: str = OURS, **facts: Any) -> Measured:
    """Run a step (``module:function`` beside this file) in a new process on a database."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.bench.child", step],
        cwd=ROOT,
        input=json.dumps(facts),
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if process.returncode:
        raise SystemExit(f"{step} did not finish: see the traceback above.")
    return Measured(**json.loads(process.stdout.splitlines()[-1]))


def memory(name: str) -> float:
    """A line of this process's status in MB: VmHWM is the peak, VmRSS is now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Run the step named on the command line and print what it took as one line of JSON."""
    import django

    django.setup()
    module, _, function = sys.argv[1].partition(":")
    facts = json.loads(sys.stdin.read() or "{}")
    work = getattr(import_module(f"tests.bench.{module}"), function)(**facts)
    start = memory("VmRSS")
    began = time.perf_counter()
    answer = work()
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {"seconds": seconds, "peak_mb": memory("VmHWM"), "start_mb": start, "answer": answer}
        )
    )


if __name__ == "__main__":
    main()
