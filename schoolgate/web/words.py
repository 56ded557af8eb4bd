"""Records in the words that pages show."""

from collections.abc import Iterable
from dataclasses import dataclass

from schoolgate.access.models import Grant, Restriction
from schoolgate.access.roles import ROLES, Opens
from schoolgate.intake.models import Import
from schoolgate.kit.records import Source
from schoolgate.people.models import User


def role_name(code: str) -> str:
    """The name of a role."""
    return ROLES[code].name


def place(grant: Grant) -> str:
    """What a grant is over, in words. The pupil is not named: the page says which."""
    if grant.establishment is not None:
        return grant.establishment.name
    if grant.pupil_id is not None:
        return "This pupil"
    if ROLES[grant.role].opens is Opens.EVERY_PUPIL:
        return "Every pupil"
    if ROLES[grant.role].opens is Opens.IN_CARE_ON_ROLL:
        return "No school known yet"
    return "Pupils linked to them"


@dataclass(frozen=True)
class Origin:
    """Where a record came from, in words; ``import_id`` when an import brought it."""

    words: str
    import_id: int | None = None


class Origins:
    """The origins of many records, looked up in two queries however many they are."""

    def __init__(self, records: Iterable[Grant | Restriction]) -> None:
        records = list(records)
        self._people = User.objects.in_bulk({r.recorded_by_id for r in records} - {None})
        self._imports = Import.objects.in_bulk({r.import_id for r in records} - {None})

    def of(self, record: Grant | Restriction) -> Origin:
        """Where the record came from."""
        if record.source == Source.SET_UP:
            return Origin("First set-up")
        if record.source == Source.IMPORT and record.import_id is not None:
            found = self._imports.get(record.import_id)
            name = f"File {found.filename}" if found else f"Import {record.import_id}"
            return Origin(name, record.import_id)
        person = self._people.get(record.recorded_by_id or 0)
        return Origin(f"By hand, {person}" if person else "By hand")
