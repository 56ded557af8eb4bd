"""Fields that an import changed: noted when it is applied, put back when it is undone (NEW3)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import models

from schoolgate.audit.actions import Actor, batch
from schoolgate.intake.models import Change, Import, Kept
from schoolgate.kit import bulk, records
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import Establishment, EstablishmentLink, Pupil

_THINGS: dict[str, type[User] | type[Pupil] | type[Establishment]] = {
    "user": User,
    "pupil": Pupil,
    "establishment": Establishment,
}
_COLUMNS = ["run_id", "kind", "object_id", "field", "old", "new"]


def remember_changes(import_id: int, kind: str, changes: Iterable[tuple[Any, ...]]) -> None:
    """Note fields that an import is about to change: id, field, old value, new value.

    Who touched the thing last is noted too, for that is overwritten as well.
    """
    noted = bulk.load(
        Change._meta.db_table,
        _COLUMNS,
        ((import_id, kind, id_, field, _text(old), _text(new)) for id_, field, old, new in changes),
    )
    if noted and kind in _THINGS:
        bulk.execute(
            f"INSERT INTO intake_change ({', '.join(_COLUMNS)}) SELECT DISTINCT c.run_id, c.kind,"
            " c.object_id, 'touched', CAST(t.touched_at AS TEXT),"
            f" CAST(t.touched_import_id AS TEXT) FROM intake_change c"
            f" JOIN {_THINGS[kind]._meta.db_table} t ON t.id = c.object_id"
            " WHERE c.run_id = %s AND c.kind = %s AND t.touched_at IS NOT NULL",
            [import_id, kind],
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def keep(run: Import, kind: str, ids: Iterable[int], reason: str) -> None:
    """List things that the undo leaves as they are."""
    bulk.load(
        Kept._meta.db_table,
        ["run_id", "kind", "object_id", "reason"],
        ((run.pk, kind, id_, reason) for id_ in ids),
    )


def restore_fields(run: Import, by: Actor) -> None:
    """Put back what the import changed, where it is still as the import left it."""
    noted = Change.objects.filter(run=run).exclude(field="touched")
    for kind, field in noted.values_list("kind", "field").distinct():
        model = EstablishmentLink if kind == "link" else _THINGS[kind]
        meta = model._meta.get_field(field)
        assert isinstance(meta, models.Field)  # noqa: S101 - only fields are noted
        rows = bulk.select(
            f"SELECT c.object_id, c.old, COALESCE(CAST(t.{meta.column} AS TEXT), '') ="
            f" COALESCE(c.new, '') FROM intake_change c JOIN {model._meta.db_table} t"
            " ON t.id = c.object_id WHERE c.run_id = %s AND c.kind = %s AND c.field = %s"
            " ORDER BY 1",
            [run.pk, kind, field],
        )
        is_day = isinstance(meta, models.DateField)
        back = [
            (id_, field, (date.fromisoformat(old) if old else None) if is_day else old)
            for id_, old, as_left in rows
            if as_left
        ]
        _put_back(kind, model, field, back, run, by)
        keep(
            run, kind, (id_ for id_, _, as_left in rows if not as_left),
            since(field),
        )  # fmt: skip
        _hand_down(run, kind, field)
    _untouch(run)


def changed_since(run: Import) -> list[tuple[str, int, str]]:
    """Things of which a field is not as the import left it: kind, id, and why it stays."""
    noted = Change.objects.filter(run=run).exclude(field="touched")
    found = []
    for kind, field in noted.values_list("kind", "field").distinct():
        model = EstablishmentLink if kind == "link" else _THINGS[kind]
        meta = model._meta.get_field(field)
        assert isinstance(meta, models.Field)  # noqa: S101 - only fields are noted
        found += [
            (kind, id_, since(field))
            for (id_,) in bulk.select(
                f"SELECT c.object_id FROM intake_change c JOIN {model._meta.db_table} t"
                " ON t.id = c.object_id WHERE c.run_id = %s AND c.kind = %s AND c.field = %s"
                f" AND COALESCE(CAST(t.{meta.column} AS TEXT), '') <> COALESCE(c.new, '')"
                " ORDER BY 1",
                [run.pk, kind, field],
            )
        ]
    return found


def since(field: str) -> str:
    """Why a thing of which somebody changed this field stays."""
    return f"its {field.replace('_', ' ')} was changed since"


def _put_back(
    kind: str, model: Any, field: str, back: list[tuple[int, str, Any]], run: Import, by: Actor
) -> None:
    if kind == "user":
        people.change_users(back, by=by, import_id=run.pk, touch=False)
    elif kind == "link":
        with batch(by=by, import_id=run.pk) as events:
            records.set_field(model, field, ((id_, old) for id_, _, old in back))
            events.add(("changed", "link", id_, field, None, None, "") for id_, _, _ in back)
    else:
        schools.change_things(model, back, by=by, import_id=run.pk, touch=False)


def _hand_down(run: Import, kind: str, field: str) -> None:
    """Undoing a later import that changed what this one left restores what was before both."""
    bulk.execute(
        "UPDATE intake_change SET old = (SELECT c.old FROM intake_change c WHERE c.run_id = %s"
        " AND c.kind = intake_change.kind AND c.object_id = intake_change.object_id"
        " AND c.field = intake_change.field) WHERE kind = %s AND field = %s AND run_id > %s"
        " AND EXISTS (SELECT 1 FROM intake_change c WHERE c.run_id = %s"
        " AND c.kind = intake_change.kind AND c.object_id = intake_change.object_id"
        " AND c.field = intake_change.field"
        " AND COALESCE(c.new, '') = COALESCE(intake_change.old, ''))",
        [run.pk, kind, field, run.pk, run.pk],
    )


def _untouch(run: Import) -> None:
    """What this import touched counts as touched by whoever touched it before, if anybody did."""
    noted = (
        "(SELECT c.{0} FROM intake_change c WHERE c.run_id = %s AND c.field = 'touched'"
        " AND c.kind = intake_change.kind AND c.object_id = intake_change.object_id)"
    )
    bulk.execute(
        f"UPDATE intake_change SET old = {noted.format('old')}, new = {noted.format('new')}"
        " WHERE field = 'touched' AND new = %s",
        [run.pk, run.pk, str(run.pk)],
    )
    for kind, model in _THINGS.items():
        table = model._meta.db_table
        bulk.execute(
            f"UPDATE {table} SET touched_at = NULL, touched_import_id = NULL"
            " WHERE touched_import_id = %s AND id NOT IN"
            " (SELECT object_id FROM intake_kept WHERE run_id = %s AND kind = %s)",
            [run.pk, run.pk, kind],
        )
        before = bulk.select(
            f"SELECT c.object_id, c.old, c.new FROM intake_change c JOIN {table} t"
            " ON t.id = c.object_id WHERE c.run_id = %s AND c.kind = %s AND c.field = 'touched'"
            " AND t.touched_at IS NULL",
            [run.pk, kind],
        )
        records.set_field(model, "touched_at", ((id_, at) for id_, at, _ in before))
        records.set_field(model, "touched_import_id", ((id_, by) for id_, _, by in before))
