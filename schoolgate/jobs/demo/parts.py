"""The children and adults of the demonstration, before they are written."""

from dataclasses import dataclass, field
from datetime import date

from schoolgate.jobs.demo.places import LA_CODE
from schoolgate.schools.models import IdentifierKind
from schoolgate.schools.upn import check_letter

# From a first day to a last one, or still.
Span = tuple[date, date | None]

NOT_KNOWN, AT_HOME = "888888", "999999"  # in place of a URN


@dataclass(eq=False)
class Child:
    """A pupil to be. ``year`` counts school years: 0 is Reception, -1 Nursery."""

    first: str
    last: str
    born: date
    year: int
    upn: str = ""
    others: list[tuple[IdentifierKind, str]] = field(default_factory=list)
    on_roll: list[tuple[str, Span]] = field(default_factory=list)
    in_care: list[Span] = field(default_factory=list)
    form: str = ""

    @property
    def year_name(self) -> str:
        return {-1: "Nursery", 0: "Reception"}.get(self.year, str(self.year))

    def is_in_care(self, today: date) -> bool:
        return any(start <= today and (end is None or end >= today) for start, end in self.in_care)

    def schools(self, today: date) -> list[str]:
        """The URNs at which the child is on roll today."""
        return [
            urn
            for urn, (start, end) in self.on_roll
            if start <= today and (end is None or end >= today) and urn not in (NOT_KNOWN, AT_HOME)
        ]


@dataclass(eq=False)
class Adult:
    """A user to be, with what they are granted: a role code and where (None: no place).

    An ``email`` without @ is a user name. ``relationships``: of licences, what they are to a child.
    """

    first: str
    last: str
    email: str
    job: str
    workplace: str = ""
    phone: str = ""
    inactive: bool = False
    grants: list[tuple[str, "str | Child | None", Span]] = field(default_factory=list)
    kept_from: list[tuple[Child, str, Span]] = field(default_factory=list)
    relationships: dict[Child, str] = field(default_factory=dict)


def upn(establishment: int, joined: int, serial: int) -> str:
    """A UPN given out by one of Northshire's schools, with the right check letter."""
    rest = f"{LA_CODE}{establishment:04d}{joined % 100:02d}{serial:03d}"
    return check_letter(rest) + rest


def school_year(today: date) -> int:
    """The calendar year in which the school year of ``today`` began (on 1 September)."""
    return today.year if today.month >= 9 else today.year - 1
