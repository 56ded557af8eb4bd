"""The made-up files that are measured: a register, and users in the template's shape.

The same numbers give the same files, so that two runs measure the same thing.
"""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING

from schoolgate.schools.upn import check_letter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ESTABLISHMENTS = 200
PUPILS = 100_000
LINKS_PER_USER = 2
FIRST_URN = 100_001

FIRST_NAMES = [
    "Amara", "Ben", "Chloe", "Dev", "Ella", "Finn", "Grace", "Hamza", "Isla", "Jude", "Kezia",
    "Leo", "Maya", "Noor", "Owen", "Priya", "Quinn", "Rosa", "Sami", "Tara", "Umar", "Vera", "Will",
    "Xanthe", "Yusuf", "Zoë", "Siân", "André", "Beyoncé", "Aoife",
]  # fmt: skip
STARTS = [
    "Ash", "Bar", "Car", "Dal", "El", "Fair", "Gar", "Hal", "In", "Kel", "Lang", "Mar", "Nor",
    "Oak", "Pem", "Rad", "Sal", "Thorn", "Wal", "Yar",
]  # fmt: skip
ENDS = [
    "by", "combe", "den", "field", "ford", "gate", "ham", "hurst", "ley", "low", "mere", "more",
    "ton", "wick", "wood", "worth",
]  # fmt: skip
_JOBS = ("Social Worker", "Senior Social Worker", "Team Manager", "Personal Adviser")


def upn(number: int) -> str:
    """The well-formed UPN of a made-up pupil."""
    rest = f"80{number // 100_000 % 100_000:05d}{number % 100_000:05d}"
    return check_letter(rest) + rest


def person(number: int) -> tuple[str, str]:
    """A first and a last name; about ten thousand pairs."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    rest = number // len(FIRST_NAMES)
    return first, STARTS[rest % len(STARTS)] + ENDS[rest // len(STARTS) % len(ENDS)]


def write_establishments(path: Path) -> None:
    """A GIAS extract in small: 200 open schools."""
    with path.open("w", newline="", encoding="cp1252") as file:
        out = csv.writer(file)
        out.writerow(["URN", "EstablishmentName", "EstablishmentStatus (name)", "Town"])
        for number in range(ESTABLISHMENTS):
            out.writerow([FIRST_URN + number, f"School {number}", "Open", "Bristol"])


def write_pupils(path: Path, rows: int = PUPILS) -> None:
    """The register: pupils on roll, every fiftieth in care."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["First Name", "Last Name", "Date of Birth", "UPN", "School Reference Number (URN)",
             "Year", "Class", "In Care Since"]
        )  # fmt: skip
        for number in range(rows):
            year = number % 13 + 1
            out.writerow(
                [*person(number * 7), f"{2020 - year}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
                 upn(number), FIRST_URN + number % ESTABLISHMENTS, year, f"{year}A",
                 "2025-09-01" if number % 50 == 0 else ""]
            )  # fmt: skip


def users(rows: int) -> Iterator[list[str]]:
    """The cells of a user file without its headings."""
    chance = random.Random(rows)
    for number in range(rows):
        first, last = person(number)
        pupils = chance.sample(range(PUPILS), LINKS_PER_USER)
        yield [
            first, last, _JOBS[number % len(_JOBS)], f"worker.{number}@council.example",
            f"0117 {number:07d}", str(FIRST_URN + number % ESTABLISHMENTS),
            *(upn(pupil) for pupil in pupils),
        ]  # fmt: skip


def write_users(path: Path, rows: int) -> None:
    """A user file in the shape of the template, with two UPN columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["User First Name", "User Last Name", "Job Title", "Email", "Phone",
             "School Reference Number (URN)", *["Pupil Reference Number (UPN)"] * LINKS_PER_USER]
        )  # fmt: skip
        out.writerows(users(rows))
