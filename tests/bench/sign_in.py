"""`sign_in`: the sign-in page under load, how soon a denial bites, and whether times tell (S10)."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import databases, door_times, files, results
from tests.bench.arrivals import Stream, run
from tests.bench.browser import Browser
from tests.bench.child import measure
from tests.bench.door_people import Deniers, Readers, SigningIn
from tests.jobs.programs import started

if TYPE_CHECKING:
    from tests.jobs.programs import Started

SECONDS, TRIES, WARM_UP = 120, 1000, 10
# How many of a kind come in a second, and the milliseconds within which 99 of 100 are to be done.
SIGN_IN, PAGE, DENY, HEALTH = "signing in", "a page", "from deny to dead", "/healthz"
A_SECOND = {SIGN_IN: 20.0, PAGE: 50.0, DENY: 1.0, HEALTH: 5.0}
AIMS = {SIGN_IN: 500, PAGE: 300, DENY: 1000}
SIGNING_IN = 600
AT_REST = 100
BEYOND = 4.5


def main(words: list[str]) -> None:
    """Measure, keep the results and print them."""
    parser = argparse.ArgumentParser(prog="bench sign_in")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--tries", type=int, default=TRIES, help="of each class, for S10")
    parser.add_argument("--pupils", type=int, default=files.PUPILS)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one database only")
    parser.add_argument("--share", type=float, default=1.0, help="of the load: 0.5 for half of it")
    parser.add_argument("--only", choices=["load", "times"], help="one half only")
    told = parser.parse_args(words)
    facts: dict[str, Any] = {
        "machine": results.machine(), "seconds": told.seconds, "tries": told.tries,
        "pupils": told.pupils, "share": told.share, "found": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = Path(name)
        files.write_establishments(folder / "establishments.csv")
        files.write_pupils(folder / "pupils.csv", told.pupils, everywhere=True)
        for server in databases.servers(folder):
            if told.on in (None, server.name.lower()):
                facts["found"].append(_on(server, folder, told))
    asked = (told.seconds, told.tries, told.pupils, told.share)
    whole = asked == (SECONDS, TRIES, files.PUPILS, 1.0)
    results.keep("sign_in", facts, full=whole and not told.on and not told.only)
    print(report(facts))


def _on(server: databases.Server, folder: Path, told: argparse.Namespace) -> dict[str, Any]:
    try:
        url = server.make("base")
        measure("import_steps:migrate", url)
        measure("import_steps:establishments", url, path=str(folder / "establishments.csv"))
        measure("import_steps:pupils", url, path=str(folder / "pupils.csv"))
        # Half as many again as are expected: chance decides how many there are.
        victims = int((told.seconds + WARM_UP) * A_SECOND[DENY] * 1.5) + 10
        known = measure(
            "sign_in_steps:load",
            url,
            signing_in=SIGNING_IN,
            victims=victims,
            of_a_class=max(1, told.tries // door_times.OF_A_NAME),
        ).answer
        measure("import_steps:analyse", url)
        server.settle("base")
        found: dict[str, Any] = {"database": server.version()}
        checked = measure("sign_in_steps:verify", url, times=AT_REST)
        found["argon2"] = checked.seconds / AT_REST
        mail = f"file:{folder / 'mail'}"
        with started(url=url, SCHOOLGATE_URL="http://localhost", SCHOOLGATE_MAIL=mail) as program:
            program.wait_for("Schoolgate is at", seconds=180)
            if told.only != "times":
                found |= _load(program, known, told.seconds, told.share)
            if told.only != "load":
                found["doors"] = door_times.measured(program.port, known["emails"], told.tries)
        return found
    finally:
        server.drop("base")


def _load(program: Started, known: dict[str, Any], seconds: int, share: float) -> dict[str, Any]:
    emails, port = known["emails"], program.port
    readers = Readers(port, emails, door_times.PASSWORD)
    deniers = Deniers(port, emails, known["victims"], door_times.PASSWORD)
    signing_in = SigningIn(port, emails["signing in"], door_times.PASSWORD)
    health = Browser(port)
    rest = {
        SIGN_IN: _one_by_one(signing_in),
        PAGE: _one_by_one(readers),
        HEALTH: _one_by_one(lambda: "" if health.get("/healthz") == 200 else "not up"),
    }
    streams = [
        Stream(SIGN_IN, share * A_SECOND[SIGN_IN], signing_in),
        Stream(PAGE, share * A_SECOND[PAGE], readers),
        Stream(DENY, A_SECOND[DENY], deniers),
        Stream(HEALTH, A_SECOND[HEALTH], lambda: _health(port)),
    ]
    run(streams, seconds=seconds, warm_up=WARM_UP)
    failed = [f"{stream.name}: {problem}" for stream in streams for problem in stream.failed]
    if failed:
        raise SystemExit("\n".join([f"{len(failed)} did not come about:", *failed[:5]]))
    busy = {stream.name: stream.seconds for stream in streams}
    # From the moment at which the deny was sent; the look at the page before is the denier's.
    busy[DENY] = deniers.seconds[-len(busy[DENY]) :]
    return {"rest": rest, "busy": busy, "pages": readers.seconds}


def _health(port: int) -> str:
    browser = Browser(port)
    status = browser.get("/healthz")
    browser.close()
    return "" if status == 200 else f"{status}"


def _one_by_one(work: Any) -> list[float]:
    times = []
    for _ in range(AT_REST):
        began = time.perf_counter()
        if problem := work():
            raise SystemExit(problem)
        times.append(time.perf_counter() - began)
    return times


# The report


def report(facts: dict[str, Any]) -> str:
    """The results in Markdown."""
    # Denials and looks at /healthz come as often, whatever the share.
    shares = {SIGN_IN: facts.get("share", 1.0), PAGE: facts.get("share", 1.0)}
    rates = ", ".join(
        f"{each * shares.get(name, 1):g} of {name}" for name, each in A_SECOND.items()
    )
    parts = [
        results.said(facts["machine"], [found["database"] for found in facts["found"]]),
        f"`schoolgate start` serves an organisation with {facts['pupils']:,} pupils; the program"
        " that asks runs on the same machine. First each kind alone, one after the other, then for"
        f" {facts['seconds']} seconds all of them at moments of chance: {rates} a second. Each is"
        " timed from the moment at which it was to begin, over a connection of its own. Signing in"
        " is: open the form, send it. Pages are those of four roles in turn: start page, my"
        " pupils, a search, a child (leaves an event), and for an LA Super User the users and one"
        " of them. From deny to dead: from sending the form that makes somebody inactive to the"
        " first refusal in their open session, which asks for a page without pause. Times in"
        " milliseconds.",
    ]
    for found in facts["found"]:
        parts.append(f"### {found['database']}")
        parts.append(
            f"The yardstick: one password checked by Argon2id alone, {_ms(found['argon2'])} ms"
            f" ({1 / found['argon2']:.0f} a second on one core)."
        )
        if "busy" in found:
            parts += [_table(found), _judged(found)]
        for door in found.get("doors", []):
            parts.append(door_times.report(door, facts["tries"], BEYOND))
    return "\n\n".join(parts) + "\n"


def _table(found: dict[str, Any]) -> str:
    rows = []
    for name in A_SECOND:
        rest, busy = found["rest"].get(name, []), found["busy"][name]
        rows.append(
            [
                name,
                *(_ms(_share(rest, part)) if rest else "" for part in (50, 99)),
                *(_ms(_share(busy, part)) for part in (50, 99)),
                _ms(max(busy)),
                str(len(busy)),
                str(AIMS.get(name, "")),
            ]
        )
    headings = ["what", "alone p50", "p99", "together p50", "p99", "slowest", "asked", "aim p99"]
    by_page = [
        [name, _ms(_share(times, 50)), _ms(_share(times, 99)), str(len(times))]
        for name, times in found["pages"].items()
    ]
    return "\n\n".join(
        [
            results.table(headings, rows),
            results.table(["page, together", "p50", "p99", "asked"], by_page),
        ]
    )


def _judged(found: dict[str, Any]) -> str:
    lines = []
    for name, aim in AIMS.items():
        p99 = _share(found["busy"][name], 99) * 1000
        word = "met" if p99 <= aim else "**missed**"
        lines.append(f"{name}: within {aim} ms at p99: {p99:.0f} ms, {word}.")
    return "\n".join(lines)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _share(times: list[float], percent: int) -> float:
    """The time within which so many of a hundred were done; 0 for none."""
    ranked = sorted(times)
    return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)] if ranked else 0.0
