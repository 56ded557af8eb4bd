"""Writing the register. Every function takes many rows, is atomic and leaves its events."""

from collections.abc import Iterable, Iterator
from datetime import date
from math import floor
from typing import Any, NamedTuple

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, colours, locks, records
from schoolgate.kit.names import identifier_key, name_key
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.schools import upn
from schoolgate.schools.models import (
    CareEpisode,
    Enrolment,
    Establishment,
    IdentifierKind,
    Organisation,
    Pupil,
    PupilIdentifier,
)
from schoolgate.schools.queries import never_again

# Nothing in it tells of what became of whoever had the number (NEW14).
NOT_USABLE = "Take this number out: it cannot be used for a pupil here."
ESTABLISHMENT_FIELDS = [
    "urn", "name", "la_code", "la_name", "number", "type_name", "type_group", "status", "phase",
    "town", "postcode", "ukprn", "trust_code", "trust_name", "opened_on", "closed_on",
]  # fmt: skip
PUPIL_FIELDS = ["first_name", "last_name", "date_of_birth", "year", "class_name"]
_KEYS = {"name": "name_key", "first_name": "first_key", "last_name": "last_key"}
_Fields = tuple[Any, ...]


class NewIdentifier(NamedTuple):
    """An identifier for a pupil."""

    pupil_id: int
    kind: str
    value: str


class NewEnrolment(NamedTuple):
    """A pupil's days on roll at an establishment, or (``elsewhere``) at none of the register."""

    pupil_id: int
    establishment_id: int | None
    elsewhere: str
    starts_on: date
    ends_on: date | None


class NewEpisode(NamedTuple):
    """The days between which a pupil is looked after."""

    pupil_id: int
    starts_on: date
    ends_on: date | None


def name_organisation(*, name: str, by: Actor, is_demonstration: bool = False) -> Organisation:
    """Set the name of the one organisation, making its record if there is none."""
    with batch(by=by) as events:
        organisation = Organisation.objects.order_by("pk").first() or Organisation()
        organisation.name = name
        organisation.is_demonstration = organisation.is_demonstration or is_demonstration
        organisation.save()
        events.add([("named", "organisation", organisation.pk, "name", None, None, "")])
        return organisation


def set_organisation(
    *, name: str, colour: str, contact: str, factor_grace_hours: int, seen: str, by: Actor
) -> Organisation:
    """Set what the organisation is called, its colour (#rrggbb), whom its users ask for help, and
    for how long (24 or 0 hours) somebody may come in without the second factor that they must have.

    ``seen``: its ``standing()`` as the person saw it. Raises Refusal when somebody has changed it
    since (S57), or white text on the colour could not be read.
    """
    refuse_unreadable(colour)
    wanted = {
        "name": name,
        "colour": colour,
        "contact": contact,
        "factor_grace_hours": factor_grace_hours,
    }
    with batch(by=by) as events:
        locks.while_writing()
        found = Organisation.objects.select_for_update().order_by("pk").first()
        on_record = found or Organisation()
        if on_record.standing() != seen:
            raise Refusal(
                "Look at what is there now, then save again if you still want to: somebody has"
                " changed these settings since you opened the page."
            )
        now = {field: getattr(on_record, field) for field in wanted}
        now["factor_grace_hours"] = on_record.grace_hours
        changed = [field for field in wanted if now[field] != wanted[field]]
        for field in changed:
            setattr(on_record, field, wanted[field])
        if changed:
            on_record.save()
            told = ",".join(changed)
            events.add([("changed", "organisation", on_record.pk, told, None, None, "")])
        return on_record


def refuse_unreadable(colour: str) -> None:
    """Raise Refusal when white text on this colour (#rrggbb) has too little contrast."""
    found = colours.contrast(colour, colours.WHITE)
    if found < colours.ENOUGH:
        raise Refusal(
            f"Choose a darker colour, such as {colours.darkened(colour)}: white text on {colour}"
            f" has a contrast of {floor(found * 10) / 10} to 1, and needs {colours.ENOUGH} to 1 to"
            " be read."
        )


def create_establishments(
    rows: Iterable[_Fields], *, by: Actor, source: Source, import_id: int | None = None
) -> list[int]:
    """Put establishments on the register. ``rows``: values of :data:`ESTABLISHMENT_FIELDS`."""
    keyed = ((*row, name_key(row[1])[:200]) for row in rows)
    return _create(
        Establishment, "establishment", [*ESTABLISHMENT_FIELDS, "name_key"], keyed,
        by=by, source=source, import_id=import_id,
    )  # fmt: skip


def create_pupils(
    rows: Iterable[_Fields], *, by: Actor, source: Source, import_id: int | None = None
) -> list[int]:
    """Put pupils on the register. ``rows``: values of :data:`PUPIL_FIELDS`; ids in their order."""
    keyed = ((*row, name_key(row[0]), name_key(row[1])) for row in rows)
    return _create(
        Pupil, "pupil", [*PUPIL_FIELDS, "first_key", "last_key"], keyed,
        by=by, source=source, import_id=import_id,
    )  # fmt: skip


def _create(
    model: type[Pupil] | type[Establishment],
    kind: str,
    columns: list[str],
    rows: Iterable[_Fields],
    *,
    by: Actor,
    source: Source,
    import_id: int | None,
) -> list[int]:
    made: list[int] = []
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, source, import_id)
        about = kind == "pupil"
        for ids, _ in records.insert(model, columns, rows, stamp=stamp):
            made += ids
            events.add(("created", kind, id_, "", None, id_ if about else None, "") for id_ in ids)
    return made


def change_things(
    model: type[Pupil] | type[Establishment],
    changes: Iterable[tuple[int, str, Any]],
    *,
    by: Actor,
    import_id: int | None = None,
    touch: bool = True,
) -> None:
    """Set fields of pupils or establishments. ``changes``: id, field name, new value.

    ``touch``: note that they were changed, so that an undo keeps them; an undo itself does not.
    """
    kind = "pupil" if model is Pupil else "establishment"
    by_field: dict[str, list[tuple[int, Any]]] = {}
    fields_of: dict[int, list[str]] = {}
    for id_, field, value in changes:
        by_field.setdefault(field, []).append((id_, value))
        fields_of.setdefault(id_, []).append(field)
    if not fields_of:
        return
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        for field, values in by_field.items():
            records.set_field(model, field, values)
            if field in _KEYS:
                records.set_field(
                    model, _KEYS[field], ((id_, name_key(value)) for id_, value in values)
                )
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        if touch:
            records.touch(model, fields_of, stamp=stamp)
        events.add(
            ("changed", kind, id_, ",".join(fields), None, id_ if kind == "pupil" else None, "")
            for id_, fields in fields_of.items()
        )


def remove_things(
    model: type[Pupil] | type[Establishment],
    ids: Iterable[int],
    *,
    how: Ending,
    by: Actor,
    import_id: int | None = None,
) -> None:
    """Let pupils or establishments be gone from now on."""
    wanted = sorted(set(ids))
    kind = "pupil" if model is Pupil else "establishment"
    with batch(by=by, import_id=import_id) as events:
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        records.remove(model, wanted, how=how, stamp=stamp)
        events.add(
            ("removed", kind, id_, "", None, id_ if kind == "pupil" else None, "") for id_ in wanted
        )


def add_identifiers(
    rows: Iterable[NewIdentifier], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Give pupils identifiers. Raises Refusal for one that fits nobody any more (NEW14)."""
    columns = ["pupil_id", "kind", "value", "value_key", "well_formed"]
    spent = never_again()

    def usable() -> Iterator[_Fields]:
        for row in map(_identifier, rows):
            if row[3] in spent:
                raise Refusal(f"{NOT_USABLE} (“{row[2]}”)")
            yield row

    _record(
        PupilIdentifier, "identifier", columns, usable(),
        by=by, source=source, import_id=import_id,
    )  # fmt: skip


def _identifier(row: NewIdentifier) -> _Fields:
    is_upn = row.kind in (IdentifierKind.UPN, IdentifierKind.FORMER_UPN)
    well_formed = not is_upn or upn.problem(row.value) is None
    return (row.pupil_id, str(row.kind), row.value, identifier_key(row.value), well_formed)


def enrol(
    rows: Iterable[NewEnrolment], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Put pupils on roll."""
    columns = ["pupil_id", "establishment_id", "elsewhere", "starts_on", "ends_on"]
    _record(Enrolment, "enrolment", columns, rows, by=by, source=source, import_id=import_id)


def start_episodes(
    rows: Iterable[NewEpisode], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Record days in care."""
    _record(
        CareEpisode, "care episode", ["pupil_id", "starts_on", "ends_on"], rows,
        by=by, source=source, import_id=import_id,
    )  # fmt: skip


_Record = type[PupilIdentifier] | type[Enrolment] | type[CareEpisode]


def _record(
    model: _Record,
    kind: str,
    columns: list[str],
    rows: Iterable[_Fields],
    *,
    by: Actor,
    source: Source,
    import_id: int | None,
) -> None:
    """Write dated records whose first column is the pupil."""
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, source, import_id)
        for ids, chunk in records.insert(model, columns, rows, stamp=stamp):
            events.add(
                ("recorded", kind, id_, "", None, row[0], "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def end_records(
    model: _Record, ids: Iterable[int], *, how: Ending, by: Actor, import_id: int | None = None
) -> None:
    """End identifiers, enrolments or episodes as of this moment; what they said stays on record."""
    kinds = {PupilIdentifier: "identifier", Enrolment: "enrolment", CareEpisode: "care episode"}
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        ended = records.end(model, ids, how=how, stamp=stamp)
        pupils = _pupils_of(model, ended)
        events.add(("ended", kinds[model], id_, "", None, pupils[id_], "") for id_ in ended)


def _pupils_of(model: _Record, ids: list[int]) -> dict[int, int]:
    """The pupil of each of these records."""
    with bulk.temporary("ended", "id BIGINT PRIMARY KEY"):
        bulk.load("ended", ["id"], ((id_,) for id_ in ids))
        found = bulk.select(
            f"SELECT r.id, r.pupil_id FROM {model._meta.db_table} r JOIN ended e ON e.id = r.id"
        )
    return dict(found)


def move(
    rows: Iterable[NewEnrolment], *, by: Actor, source: Source, import_id: int | None = None
) -> None:
    """Move pupils by hand: what they were on roll for ends the day before the new one begins."""
    wanted = list(rows)
    with batch(by=by, import_id=import_id):
        locks.while_writing()
        closing = list(_closings(wanted))
        end_records(
            Enrolment, [e.pk for e, _ in closing], how=Ending.REPLACED, by=by, import_id=import_id
        )
        enrol(
            [last for _, last in closing if last] + wanted,
            by=by, source=source, import_id=import_id,
        )  # fmt: skip


def _closings(rows: list[NewEnrolment]) -> Iterator[tuple[Enrolment, NewEnrolment | None]]:
    """The enrolments that a move ends, and what remains of each of them."""
    starts = {row.pupil_id: row.starts_on for row in rows}
    for old in Enrolment.objects.filter(pupil_id__in=starts, ended_at__isnull=True):
        last = date.fromordinal(starts[old.pupil_id].toordinal() - 1)
        if old.ends_on is not None and old.ends_on <= last:
            continue
        rest = NewEnrolment(old.pupil_id, old.establishment_id, old.elsewhere, old.starts_on, last)
        yield old, rest if last >= old.starts_on else None
