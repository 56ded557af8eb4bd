"""S10: whether how long a door takes tells who has an account. Welch's t over interleaved tries."""

from __future__ import annotations

import itertools
import math
import random
import statistics
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.bench import results
from tests.bench.browser import Browser

PASSWORD = "lantern-orchard-ferry-quilt"  # everybody's
WRONG = "quilt-ferry-orchard-lantern"
# No name and no network address is tried so often that a limit is met (S24).
OF_A_NAME = 5
OF_AN_ADDRESS = 40
# The slowest are left out of a second comparison: whoever measures does so too.
KEPT = 90


@dataclass(frozen=True)
class Door:
    """A form at which names are tried. ``classes``: a name for each class, the group of people in
    it, and the password that they try."""

    name: str
    path: str
    answer: int
    classes: dict[str, tuple[str, str]]


PASSWORD_DOOR = Door(
    "The password",
    "/sign-in/",
    200,
    {
        "unknown": ("unknown", WRONG),
        "denied, right password": ("denied", PASSWORD),
        "denied, wrong password": ("denied too", WRONG),
        "right user, wrong password": ("right", WRONG),
        "not set up": ("not set up", WRONG),
    },
)
# Whoever asks by mail gives no password.
MAIL_DOOR = Door(
    "Asking for a new password",
    "/sign-in/forgotten/",
    302,
    {
        "unknown": ("unknown", ""),
        "denied": ("denied", ""),
        "right user": ("right", ""),
        "not set up": ("not set up", ""),
    },
)
DOORS = [PASSWORD_DOOR, MAIL_DOOR]


def measured(port: int, emails: dict[str, list[str]], tries: int) -> list[dict[str, Any]]:
    """For each door the milliseconds of every try, by class."""
    sources = (f"127.0.{net}.{host}" for net in range(2, 250) for host in range(1, 251))
    return [
        {"door": door.name, "times": _tried(port, door, emails, tries, sources)} for door in DOORS
    ]


def _tried(
    port: int, door: Door, emails: dict[str, list[str]], tries: int, sources: Any
) -> dict[str, list[float]]:
    chance = random.Random(10)
    names = {kind: itertools.cycle(emails[group]) for kind, (group, _) in door.classes.items()}
    times: dict[str, list[float]] = {kind: [] for kind in door.classes}
    browser, hidden, asked = Browser(port), {}, OF_AN_ADDRESS
    for _ in range(tries):
        for kind in chance.sample(list(door.classes), len(door.classes)):
            if asked >= OF_AN_ADDRESS:
                browser.close()
                browser, asked = Browser(port, source=next(sources)), 0
                for _ in range(2):  # the connection is there, and warm
                    browser.get(door.path)
                hidden = browser.hidden()
            filled = {"name": next(names[kind]), "password": door.classes[kind][1]}
            times[kind].append(_once(browser, door, {**hidden, **filled}))
            asked += 1
    return times


def _once(browser: Browser, door: Door, fields: dict[str, str]) -> float:
    """How many milliseconds the answer to a form took."""
    form = urlencode(fields)
    began = time.perf_counter()
    status = browser.send(door.path, form)
    took = time.perf_counter() - began
    if status != door.answer or "too many" in browser.text:
        raise SystemExit(f"{door.name}: {status} for {fields['name']}.")
    return took * 1000


def welch(one: list[float], other: list[float]) -> float:
    """Welch's t of two samples."""
    spread = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(spread)


def _cropped(times: dict[str, list[float]]) -> dict[str, list[float]]:
    """The samples without what is slower than most of all of them."""
    every = sorted(itertools.chain.from_iterable(times.values()))
    limit = every[len(every) * KEPT // 100]
    return {kind: [took for took in sample if took <= limit] for kind, sample in times.items()}


# The report


def report(found: dict[str, Any], tries: int, beyond: float) -> str:
    """Means, and how far apart any two classes are."""
    times: dict[str, list[float]] = found["times"]
    cropped = _cropped(times)
    first = next(iter(times))
    rows = [
        [
            kind,
            f"{statistics.fmean(sample):.2f}",
            f"{statistics.median(sample):.2f}",
            f"{statistics.stdev(sample):.2f}",
            "" if kind == first else f"{welch(sample, times[first]):.2f}",
            "" if kind == first else f"{welch(cropped[kind], cropped[first]):.2f}",
        ]
        for kind, sample in times.items()
    ]
    far = {
        (one, other): max(
            abs(welch(*(part[kind] for kind in (one, other)))) for part in (times, cropped)
        )
        for one, other in itertools.combinations(times, 2)
    }
    (one, other), farthest = max(far.items(), key=lambda pair: pair[1])
    word = "met" if farthest < beyond else "**missed**"
    return "\n\n".join(
        [
            f"S10, {found['door']}: {tries:,} tries of each class, interleaved at random; t against"
            f" the first class, of all and of the quickest {KEPT} of 100. Milliseconds.",
            results.table(["class", "mean", "median", "s.d.", "t", f"t of {KEPT} %"], rows),
            f"{found['door']}: below {beyond} between any two: {farthest:.2f} between {one} and"
            f" {other}, {word}.",
        ]
    )
