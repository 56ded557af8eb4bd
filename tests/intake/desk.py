"""The desk at which the tests of this room hand in files: through the command, as people do."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolgate.intake.columns import UPN_HEADING, URN_HEADING
from schoolgate.jobs.command import main
from schoolgate.schools.models import Pupil

if TYPE_CHECKING:
    import pytest

SAMPLES = Path(__file__).parent.parent / "samples"

APPLIED, REFUSED, WRONG_USAGE, SOME_REFUSED = 0, 1, 2, 3
DT, LA, SUPER, SW = "Designated Teacher", "LA User", "LA Super User", "Social Worker"
ADMIN, LEADS, FINANCE = "School Admin", "Leader", "Finance Manager"
ROLES = [DT, LA, SUPER, SW]

Row = dict[str, str | list[str]]
Content = str | bytes | Path | list[Row]


def person(
    *,
    first: str = "Jo",
    last: str = "Day",
    job: str = "",
    email: str = "jo.day@school.example",
    phone: str = "",
    urn: str = "",
    upns: list[str] | None = None,
    subjects: list[str] | None = None,
) -> Row:
    """A row of a user file; of leaders with ``subjects``."""
    leads: Row = {} if subjects is None else {"Subject": subjects}
    return {
        "User First Name": first, "User Last Name": last, "Job Title": job, "Email": email,
        "Phone": phone, URN_HEADING: urn, UPN_HEADING: upns or [],
        **leads,
    }  # fmt: skip


def child(
    *,
    first: str = "Rowan",
    last: str = "Ash",
    born: date | str = "2014-05-30",
    upn: str = "",
    internal_id: str = "",
    sync_key: str = "",
    username: str = "",
    urn: str = "",
    year: str = "",
    class_name: str = "",
    since: date | str = "",
    until: date | str = "",
    left: date | str = "",
) -> Row:
    """A row of a pupil file."""
    return {
        "First Name": first, "Last Name": last, "Date of Birth": str(born), "UPN": upn,
        "Internal Person ID": internal_id, "Synchronisation Key": sync_key, "Username": username,
        URN_HEADING: urn, "Year": year, "Class": class_name, "In Care Since": str(since),
        "In Care Until": str(until), "Left On": str(left),
    }  # fmt: skip


def parent(
    *,
    first: str = "Elizabeth",
    last: str = "Dickinson",
    username: str = "",
    email: str = "",
    sync: str = "",
    password: str = "",
    phone: str = "",
    title: str = "",
    relationship: str = "",
    child: str = "1",
) -> Row:
    """A row of a file of parents; ``child``: the synchronisation key of the child."""
    return {
        "First name": first, "Last name": last, "User name": username, "E-mail": email,
        "SyncID": sync, "Password": password, "Phone": phone, "Title": title,
        "Relationship": relationship, "ChildID": child,
    }  # fmt: skip


def upn_of(pupil: Pupil) -> str:
    """The UPN that a pupil has."""
    return pupil.identifiers.get(kind="upn", ended_at=None).value


def row_of(pupil: Pupil, **cells: Any) -> Row:
    """A row of a pupil file for a pupil who is on the register; ``cells`` as for :func:`child`."""
    known = {
        "first": pupil.first_name, "last": pupil.last_name, "born": pupil.date_of_birth or "",
        "upn": upn_of(pupil),
    }  # fmt: skip
    return child(**{**known, **cells})


def text_of(rows: list[Row], delimiter: str = ",", line_end: str = "\r\n") -> str:
    """The rows as a CSV; a list of cells stands in columns of the same heading."""
    wide = {
        heading: max(len(cell) if isinstance(cell := row[heading], list) else 1 for row in rows)
        for heading in rows[0]
    }
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)
    writer.writerow([heading for heading, width in wide.items() for _ in range(width)])
    for row in rows:
        cells: list[str] = []
        for heading, width in wide.items():
            cell = row[heading]
            given = cell if isinstance(cell, list) else [cell]
            cells += given + [""] * (width - len(given))
        writer.writerow(cells)
    return out.getvalue()


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    status: int
    out: str
    err: str
    answer: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """A field of the answer (``created``, ``linked``, ...)."""
        try:
            return self.answer[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def id(self) -> int:
        """The import's number."""
        return int(self.answer["import"])

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Created, updated, unchanged and refused, which are all of the rows (S44)."""
        found = tuple(self.answer[name] for name in ("created", "updated", "unchanged", "refused"))
        assert sum(found) == self.answer["rows"], self.answer
        created, updated, unchanged, refused = found
        return created, updated, unchanged, refused

    @property
    def access(self) -> tuple[int, int]:
        """Gained and lost."""
        return self.answer["gained"], self.answer["lost"]

    @property
    def told(self) -> list[tuple[int | None, str, str, str]]:
        """Row, column, value and kind of every fault and question."""
        return [_place(fault) for fault in self.answer["faults"]]

    @property
    def warned(self) -> list[tuple[int | None, str, str, str]]:
        """The same of every warning."""
        return [_place(warning) for warning in self.answer["warnings"]]

    @property
    def problems(self) -> list[str]:
        """The sentences of the faults and questions."""
        return [fault["problem"] for fault in self.answer["faults"]]


def _place(finding: dict[str, Any]) -> tuple[int | None, str, str, str]:
    return finding["row"], finding["column"], finding["value"], finding["kind"]


class Desk:
    """Hands files to the ``schoolgate`` command, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def run(self, *words: str) -> Ran:
        """Any command."""
        self.capsys.readouterr()
        status = main(words)
        captured = self.capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    def file(self, content: Content, name: str = "people.csv") -> Path:
        """The content as a file (a path is left alone)."""
        if isinstance(content, Path):
            return content
        path = self.folder / name
        if isinstance(content, list):
            content = text_of(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def take_in(self, kind: str, content: Content, *flags: str) -> Ran:
        """``schoolgate import KIND FILE --json`` with flags besides."""
        ran = self.run("import", kind, str(self.file(content)), "--json", *flags)
        if ran.status in (APPLIED, REFUSED, SOME_REFUSED) and ran.out:
            answer = json.loads(ran.out)
            assert not ran.err
            return Ran(ran.status, ran.out, ran.err, answer)
        assert ran.status == WRONG_USAGE, ran.err
        return ran

    def users(self, content: Content, *flags: str, role: str = SW) -> Ran:
        """A user file."""
        return self.take_in("users", content, "--role", role, *flags)

    def pupils(self, content: Content, *flags: str) -> Ran:
        """A pupil file."""
        return self.take_in("pupils", content, *flags)

    def parents(self, content: Content, *flags: str, match_by: str = "Synchronisation key") -> Ran:
        """A file of parents, whose column ChildID names the child."""
        return self.take_in(
            "parents", content, "--sync-field", "ChildID", "--match-by", match_by, *flags
        )

    def undo(self, ran: Ran) -> Ran:
        """Take an import back."""
        return self.run("undo", str(ran.id))

    def sees(self, user: str) -> set[str]:
        """The UPNs of the pupils that a user sees."""
        ran = self.run("sees", user)
        assert ran.status == 0, ran.err
        return set(ran.out.split())
