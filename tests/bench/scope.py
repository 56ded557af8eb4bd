"""`scope`: the questions of who may see whom on a large register, on PostgreSQL."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import databases, results
from tests.bench.child import measure

PUPILS, QUESTIONS = 1_000_000, 200
SETTINGS = "tests.bench.settings"


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench scope")
    parser.add_argument("--pupils", type=int, default=PUPILS)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    told = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as folder:
        servers = [one for one in databases.servers(Path(folder)) if one.name == "PostgreSQL"]
    if not servers:
        print("Not measured: scope needs a PostgreSQL server, and none was found.", file=sys.stderr)
        return
    facts: dict[str, Any] = {"machine": results.machine(), "questions": told.questions}
    server = servers[0]
    facts["databases"] = [server.version()]
    try:
        url = server.make("scope")
        given = {"settings": SETTINGS, "pupils": told.pupils}
        loaded = measure("scope_load:load", url, **given)
        print(f"loaded in {loaded.seconds:.0f} s: {loaded.answer}", file=sys.stderr)
        facts["load_seconds"] = loaded.seconds
        facts["megabytes"] = measure("scope_steps:size", url, settings=SETTINGS).answer / 1e6
        asked = measure("scope_steps:ask", url, questions=told.questions, **given)
        facts["answers"], facts["peak_mb"] = asked.answer, asked.peak_mb
        facts["pupils"] = told.pupils
    finally:
        server.drop("scope")
    results.keep("scope", facts, full=(told.pupils, told.questions) == (PUPILS, QUESTIONS))
    print(report(facts))


# The report


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    from tests.bench.scope_sizes import sizes

    many = sizes(facts["pupils"])
    parts = [
        results.said(facts["machine"], facts["databases"]),
        f"{many['pupils']:,} pupils at {many['schools']:,} schools, {many['in_care']:,} of them in"
        f" care; {many['grants']:,} grants: {many['wide']:,} users who see every pupil,"
        f" {many['teachers']:,} designated teachers, {many['social_workers']:,} social workers"
        f" with 20 children each; {many['restrictions']:,} restrictions, {many['inactive']:,}"
        f" inactive users. Made in {facts['load_seconds']:.0f} s (django-guardian's rows"
        f" included), {facts['megabytes']:,.0f} MB.",
        f"Each question was asked about {facts['questions']} users and children chosen by chance"
        " (half of the children are ones that the user is likely to see), by each way in turn,"
        " one after the other over one connection, warm; every answer of ours was held against"
        " that of the bare SQL. A way of asking stops after a minute of one question: the last"
        " column says how often it was asked. Times in milliseconds, the making of objects"
        " included. The bare"
        " SQL is written by hand for the role in question; django-guardian keeps the social"
        " workers' links only, in its own generic table, and knows neither dates, restrictions"
        " nor inactive users.",
    ]
    rows = []
    for one in facts["answers"]:
        key = (one["question"], one["kind"])
        by_hand = next(
            a for a in facts["answers"]
            if (a["question"], a["kind"]) == key and a["way"] == "bare SQL"
        )  # fmt: skip
        rows.append(
            [
                one["question"], one["kind"], one["way"], f"{one['p50']:.2f}",
                f"{one['p99']:.2f}", f"{one['worst']:.2f}", f"{one['p50'] / by_hand['p50']:.1f}",
                str(one["asked"]),
            ]
        )  # fmt: skip
    parts.append(
        results.table(
            ["question", "of", "way", "p50", "p99", "slowest", "p50 beside bare SQL", "asked"],
            rows,
            left=3,
        )
    )
    parts.append(
        "No figure was set beforehand. Where ours takes longer than the bare SQL or"
        " django-guardian, the table says so; nothing was left out."
    )
    return "\n\n".join(parts) + "\n"
