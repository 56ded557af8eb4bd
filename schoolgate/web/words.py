"""Records in the words that pages show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schoolgate.access.models import Grant
from schoolgate.access.own_roles import role_of
from schoolgate.access.roles import ROLES, Opens, Role
from schoolgate.intake.models import Import
from schoolgate.kit.records import Ending, Known, Source
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people.models import User

# The colour of a status, as parts/tag.html shows it: green for what is well, yellow for what waits
# for somebody, blue for what is under way, red for what failed, grey for what is over.
TAG_COLOURS = {
    "Active": "green",
    "Not invited": "yellow",
    "Not signed in yet": "yellow",
    "Invited": "blue",
    "Invitation expired": "orange",
    "Mail bounced": "red",
    "Inactive": "grey",
    "Being checked": "blue",
    "Being applied": "blue",
    "Being undone": "blue",
    "Ready to apply": "yellow",
    "Needs a person": "yellow",
    "Done": "green",
    "Failed": "red",
    "Cancelled": "grey",
    "Undone": "grey",
    "Waiting": "blue",
    "Sent": "green",
    "Gained": "green",
    "Lost": "red",
    "Yes": "green",
    "No": "grey",
    "Open": "green",
    "Closed": "grey",
    "In care": "teal",
    "Signed in": "green",
    "First factor right": "blue",
    "Not signed in": "orange",
    "Second factor wrong": "orange",
    "Refused: too many tries": "red",
    "Asked for mail": "grey",
}


def invitation_sent(whose: str) -> str:
    """That an invitation goes out, or (where no mail is set up) that it waits."""
    if mail_is_set_up():
        return f"{whose} is on its way."
    return f"{whose} waits: mail is not set up here yet."


def invitations_sent(count: int) -> str:
    """That many invitations go out, or wait."""
    if count == 1:
        return invitation_sent("1 invitation")
    if mail_is_set_up():
        return f"{count:,} invitations are on their way."
    return f"{count:,} invitations wait: mail is not set up here yet."


def role_name(code: str, known: Mapping[str, Role] | None = None) -> str:
    """The name of a role; for a list, ``known`` has the roles looked up once."""
    return (known[code] if known is not None else role_of(code)).name


def held_as(grant: Grant, known: Mapping[str, Role] | None = None) -> str:
    """The name of a role; of a licence with what its holder is to the child, where it is known."""
    name = role_name(grant.role, known)
    return f"{name} ({grant.relationship})" if grant.relationship else name


def place(grant: Grant) -> str:
    """What a grant is over, in words. The pupil is not named: the page says which."""
    if grant.establishment is not None:
        inside = grant.subject_area or grant.school_class
        return f"{inside}, {grant.establishment.name}" if inside else grant.establishment.name
    if grant.pupil_id is not None:
        return "This pupil"
    role = ROLES.get(grant.role)  # one of the organisation's own is over pupils
    if role is not None and role.opens is Opens.EVERY_PUPIL:
        return "Every pupil"
    if role is not None and role.opens is Opens.IN_CARE_ON_ROLL:
        return "No school known yet"
    return "Pupils linked to them"


@dataclass(frozen=True)
class Origin:
    """Where a record came from, in words; ``import_id`` when an import brought it."""

    words: str
    import_id: int | None = None


_ENDINGS: dict[str, str] = {
    Ending.REMOVED: "Taken away",
    Ending.REPLACED: "Replaced by a newer record",
    Ending.UNDONE: "Undone with its import",
    Ending.MERGED: "Merged with another user",
    Ending.SEVERED: "Severed for good",
}


class Origins:
    """Where many records came from, and who ended them: in two queries however many they are."""

    def __init__(self, records: Iterable[Known]) -> None:
        records = list(records)
        people = {r.recorded_by_id for r in records} | {r.ended_by_id for r in records}
        imports = {r.import_id for r in records} | {r.ended_import_id for r in records}
        self._people = User.objects.in_bulk(people - {None})
        self._imports = Import.objects.in_bulk(imports - {None})

    def ending(self, record: Known) -> str:
        """How a record was ended and by whom, in words; blank for one that is still on record."""
        if record.ended_at is None:
            return ""
        how = _ENDINGS.get(record.ended_how, "Ended")
        if found := self._imports.get(record.ended_import_id or 0):
            return f"{how}, file {found.filename}"
        person = self._people.get(record.ended_by_id or 0)
        return f"{how} by {person}" if person else how

    def of(self, record: Known) -> Origin:
        """Where the record came from."""
        if record.source == Source.SET_UP:
            return Origin("First set-up")
        if record.source == Source.IMPORT and record.import_id is not None:
            found = self._imports.get(record.import_id)
            name = f"File {found.filename}" if found else f"Import {record.import_id}"
            return Origin(name, record.import_id)
        person = self._people.get(record.recorded_by_id or 0)
        return Origin(f"By hand, {person}" if person else "By hand")
