"""What columns are called elsewhere: from the headings that people use to ours."""

import difflib
from collections.abc import Iterable

from schoolgate.intake.columns import REASON_HEADING, Column, Kind
from schoolgate.kit.names import heading_key

# Names that files of other systems have for our fields, by field.
_KNOWN_AS: dict[str, tuple[str, ...]] = {
    "first_name": (
        "Forename", "Given Name", "Christian Name", "First", "Preferred Forename", "Legal Forename",
        "Pupil First Name", "Pupil Forename", "Child First Name", "Staff First Name", "FName",
    ),
    "last_name": (
        "Surname", "Family Name", "Second Name", "Last", "Preferred Surname", "Legal Surname",
        "Pupil Last Name", "Pupil Surname", "Child Last Name", "Staff Last Name", "LName",
    ),
    "job_title": ("Job", "Position", "Post", "Role Title", "Title of Post"),
    "email": (
        "E-mail", "E-mail Address", "Email Address", "Mail", "Work Email", "Work E-mail",
        "User Email", "Contact Email",
    ),
    "phone": (
        "Telephone", "Telephone Number", "Phone Number", "Tel", "Tel No", "Mobile",
        "Contact Number", "Work Phone",
    ),
    "urn": (
        "URN", "School URN", "Establishment URN", "School", "School Number", "School Reference",
        "School Reference Number", "Establishment", "Unique Reference Number",
    ),
    "subject": ("Subjects", "Subject Area", "Subject Areas", "Department", "Leads", "Leader of"),
    "upn": (
        "UPN", "Pupil UPN", "Unique Pupil Number", "Pupil Reference Number", "Pupil",
        "Pupil Reference",
    ),
    "date_of_birth": ("DOB", "D.O.B.", "Birth Date", "Birthday", "Born"),
    "internal_id": ("Person ID", "Internal ID", "Pupil ID", "Student ID", "MIS ID", "System ID"),
    "sync_key": ("Sync Key", "SyncID", "Sync ID"),
    "username": ("User Name", "Login", "Sign-in Name"),
    "year": ("Year Group", "NC Year", "National Curriculum Year", "NCY"),
    "class_name": ("Form", "Tutor Group", "Registration Group", "Reg Group", "Form Group"),
    "in_care_since": (
        "Date Entered Care", "Care Start Date", "Start of Care", "Came Into Care", "LAC Start Date",
        "Date Became Looked After",
    ),
    "in_care_until": (
        "Date Left Care", "Care End Date", "End of Care", "LAC End Date",
        "Date Ceased to be Looked After",
    ),
    "sync": ("Sync Key", "Synchronisation Key", "Sync Number", "Parent ID", "Contact ID"),
    "password": ("Initial Password", "First Password", "Pass Word"),
    "relationship": ("Relation", "Relationship to Child", "Relationship to Pupil"),
    "left_on": ("Leaving Date", "Date of Leaving", "Date Left", "Leave Date", "DOL"),
}  # fmt: skip


def suggestions(kind: Kind, headings: list[str], open_fields: Iterable[str]) -> dict[int, Column]:
    """For places of the file whose heading is none of ours: the column of ours it likely is.

    Only ``open_fields``; each of them once, unless it is repeated.
    """
    left = [column for column in kind.columns if column.field in set(open_fields)]
    found: dict[int, Column] = {}
    for near in (False, True):
        for place, heading in enumerate(headings):
            key = heading_key(heading)
            if place in found or not key or key in kind.keys or key == heading_key(REASON_HEADING):
                continue
            column = _meant(key, left, near=near)
            if column is not None:
                found[place] = column
                if not column.repeated:
                    left.remove(column)
    return found


def likely(
    kind: Kind, headings: list[str], places: dict[str, list[int]], ignored: list[int]
) -> list[str]:
    """The headings that nothing is taken from, though they may well be meant for one of ours."""
    missing = [column.field for column in kind.columns if column.field not in places]
    found = suggestions(kind, headings, missing)
    return [headings[place] for place in ignored if place in found]


def _meant(key: str, columns: list[Column], *, near: bool) -> Column | None:
    """The column that is called so; ``near``: or nearly so."""
    names = {
        heading_key(name): column
        for column in reversed(columns)
        for name in (column.heading, *_KNOWN_AS.get(column.field, ()))
    }
    without_number = key.rstrip("0123456789")
    for wanted in (key, without_number):
        if wanted in names and (wanted == key or names[wanted].repeated):
            return names[wanted]
    if near and len(key) > 5:
        close = difflib.get_close_matches(key, list(names), n=1, cutoff=0.84)
        if close:
            return names[close[0]]
    return None
