"""`search`: users found by surname or e-mail address among a million, on PostgreSQL."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.bench import databases, results
from tests.bench.browser import Browser
from tests.bench.child import measure
from tests.jobs.programs import started

USERS, QUESTIONS = 1_000_000, 200
IN_THE_DATABASE, A_PAGE = 50.0, 150.0  # milliseconds at p95
OURS, PLAIN = "Schoolgate", "icontains and COUNT(*)"
PAGE = "the whole page"


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench search")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    told = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as folder:
        servers = [one for one in databases.servers(Path(folder)) if one.name == "PostgreSQL"]
    if not servers:
        print("Not measured: search needs a PostgreSQL server: none was found.", file=sys.stderr)
        return
    server = servers[0]
    facts: dict[str, Any] = {
        "machine": results.machine(), "databases": [server.version()], "users": told.users,
        "questions": told.questions,
    }  # fmt: skip
    try:
        url = server.make("search")
        loaded = measure("search_steps:load", url, users=told.users)
        facts["load_seconds"], facts["held"] = loaded.seconds, loaded.answer
        server.settle("search")
        asked = measure("search_steps:ask", url, users=told.users, questions=told.questions)
        facts["answers"] = asked.answer["answers"]
        facts["pages"] = _pages(url, asked.answer["wanted"], loaded.answer["signs_in"])
    finally:
        server.drop("search")
    results.keep("search", facts, full=(told.users, told.questions) == (USERS, QUESTIONS))
    print(report(facts))


def _pages(
    url: str, wanted: dict[str, list[str]], signs_in: tuple[str, str]
) -> list[dict[str, Any]]:
    """The table of users searched for the same words, through the web server."""
    answers = []
    with started(url=url, SCHOOLGATE_URL="http://localhost") as program:
        program.wait_for("Schoolgate is at", seconds=180)
        browser = Browser(program.port)
        browser.sign_in(*signs_in)
        for question, words in wanted.items():
            times = []
            for number, word in enumerate([*words[:5], *words]):
                began = time.perf_counter()
                status = browser.get(f"/settings/users/?{urlencode({'q': word})}")
                took = time.perf_counter() - began
                if status != 200 or 'name="q"' not in browser.text:
                    raise SystemExit(f"The page for {word!r} did not come: {status}.")
                if number >= 5:  # the first warm up both processes
                    times.append(took)
            answers.append({"question": question, "way": PAGE, **results.spread(times)})
    return answers


# The report


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    held = facts["held"]
    parts = [
        results.said(facts["machine"], facts["databases"]),
        f"{facts['users']:,} users with {held['surnames']:,} surnames, {held['grants']:,} roles,"
        f" {held['denials']:,} inactive users and {held['invitations']:,} invitations, one in a"
        f" hundred of them bounced; made in {facts['load_seconds']:.0f} s. Each question was asked"
        f" for {facts['questions']} words chosen by chance, by both ways over one connection, warm."
        " Schoolgate reads the first page of the table, 25 rows and one more, with the status of"
        " each, in the order of names; the yardstick reads 25 rows in the same order by"
        " `icontains` in surname or address, and counts all that match. Then the page itself, from"
        " the request to the last byte, through `schoolgate start`, with what each of the 25"
        " holds and how many children they see. Times in milliseconds.",
        results.table(
            ["question", "way", "p50", "p95", "slowest", "asked"],
            [
                [
                    one["question"], one["way"], f"{one['p50']:.1f}", f"{one['p95']:.1f}",
                    f"{one['worst']:.1f}", str(one["asked"]),
                ]
                for one in (*facts["answers"], *facts["pages"])
            ],
            left=2,
        ),
        _judged("In the database", IN_THE_DATABASE, facts["answers"]),
        _judged("The whole page", A_PAGE, facts["pages"]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _judged(what: str, aim: float, answers: list[dict[str, Any]]) -> str:
    slowest = max(one["p95"] for one in answers if one["way"] != PLAIN)
    word = "met" if slowest <= aim else "**missed**"
    return f"{what}: within {aim:.0f} ms at p95: {slowest:.1f} ms by the slowest question, {word}."
