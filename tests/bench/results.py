"""Results as JSON under var/, and the machine that they were measured on."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.child import ROOT

FOLDER = ROOT / "var" / "bench"


def machine() -> dict[str, Any]:
    """What the times depend on, and how busy it was when the run began."""
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu[0] if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory, 1),
        "python": platform.python_version(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def keep(name: str, facts: dict[str, Any], *, full: bool) -> None:
    """Write a run's results; those of a trial in small sizes go to a file of their own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}{'' if full else '-small'}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n")


def kept(name: str) -> dict[str, Any] | None:
    """The last results in full size, if there are any."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def table(headings: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A table in Markdown: the first ``left`` columns to the left, the others to the right."""
    marks = [*["---"] * left, *["---:"] * (len(headings) - left)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, marks, *rows))


def spread(times: list[float]) -> dict[str, float]:
    """How long it took in the middle, at p95 and at worst, in milliseconds, and how often."""
    ranked = sorted(times)
    return {
        "p50": ranked[len(ranked) // 2] * 1000,
        "p95": ranked[min(len(ranked) - 1, len(ranked) * 95 // 100)] * 1000,
        "worst": ranked[-1] * 1000,
        "asked": len(ranked),
    }


def said(machine: dict[str, Any], databases: list[str]) -> str:
    """The machine in a sentence or two."""
    load = ", ".join(f"{load:.2f}" for load in machine["load"])
    return (
        f"Measured on {machine['at']}: {machine['cpu']}, {machine['cores']} cores,"
        f" {machine['memory_gb']:.0f} GB of memory, Python {machine['python']},"
        f" {' and '.join(databases)} on the same machine. Load average at the start"
        f" (1, 5 and 15 minutes): {load}."
    )
