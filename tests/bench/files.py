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
    """A GIAS extract in small: 200 open schools, and behind them a closed one."""
    with path.open("w", newline="", encoding="cp1252") as file:
        out = csv.writer(file)
        out.writerow(["URN", "EstablishmentName", "EstablishmentStatus (name)", "Town"])
        for number in range(ESTABLISHMENTS):
            out.writerow([FIRST_URN + number, f"School {number}", "Open", "Bristol"])
        out.writerow([FIRST_URN + ESTABLISHMENTS, "School that was", "Closed", "Bristol"])


def write_pupils(
    path: Path, rows: int = PUPILS, *, everywhere: bool = False, moved: int = 0
) -> None:
    """The register: pupils on roll, every fiftieth in care; ``everywhere``: every tenth of each
    school. ``moved``: every pupil so many schools further."""
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
                 upn(number), FIRST_URN + (number + moved) % ESTABLISHMENTS, year, f"{year}A",
                 "2025-09-01" if _in_care(number, everywhere) else ""]
            )  # fmt: skip


def _in_care(number: int, everywhere: bool) -> bool:
    return number // ESTABLISHMENTS % 10 == 0 if everywhere else number % 50 == 0


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


def write_children(path: Path, rows: int) -> None:
    """Children on roll, known by the keys of another system."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["First Name", "Last Name", "Synchronisation Key", "School Reference Number (URN)"]
        )
        for number in range(rows):
            urn = FIRST_URN + number % ESTABLISHMENTS
            out.writerow([*person(number * 7), f"child-{number}", urn])


PARENT_HEADINGS = [
    "SyncID", "User name", "First name", "Last name", "E-mail", "Phone", "Relationship", "ChildID",
]  # fmt: skip


def parents(rows: int) -> Iterator[list[str]]:
    """The cells of a file of parents without its headings: two of each child, one with an
    address."""
    for number in range(rows):
        first, last = person(number)
        mother = number % 2 == 0
        yield [
            f"adult-{number}", f"family.{number}", first, last,
            f"parent.{number}@home.example" if mother else "", f"0117 {number:07d}",
            "Mother" if mother else "Father", f"child-{number // 2}",
        ]  # fmt: skip


def write_parents(path: Path, rows: int) -> None:
    """A file of parents, with headings of ours and ChildID."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(PARENT_HEADINGS)
        out.writerows(parents(rows))


def write_teachers(path: Path, rows: int) -> None:
    """Designated teachers, as many in each school."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["User First Name", "User Last Name", "Email", "School Reference Number (URN)"]
        )
        for number in range(rows):
            urn = FIRST_URN + number % ESTABLISHMENTS
            out.writerow([*person(number), f"teacher.{number}@school.example", urn])


def write_faulty(path: Path, rows: int) -> None:
    """The same with a fault in every second row, of two kinds, and a question in every twentieth:
    an address that is none, a school that is not on the register, and one that is closed."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["User First Name", "User Last Name", "Email", "School Reference Number (URN)"]
        )
        for number in range(rows):
            email, urn = f"teacher.{number}@school.example", FIRST_URN + number % ESTABLISHMENTS
            if number % 4 == 0:
                email = f"teacher.{number}"
            elif number % 4 == 2:
                urn = 999_999
            elif number % 20 == 1:
                urn = FIRST_URN + ESTABLISHMENTS
            out.writerow([*person(number), email, urn])
