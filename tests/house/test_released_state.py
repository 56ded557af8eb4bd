"""From the last released state, with rows in every table, to today's: nothing is lost.

`RELEASED` names the last migration of each room that an installation may be at. When a release is
made, the names move on; the rows follow from the models as they were then.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from django.apps.registry import Apps

RELEASED = {
    "audit": "0003_indexes",
    "schools": "0004_factor_grace",
    "people": "0006_factor_asked",
    "sign_in": "0001_initial",
    "access": "0004_access_until_a_date",
    "outbox": "0002_bounced",
    "intake": "0004_subject_of_a_grant",
}
ROWS = 3
MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
Table = list[dict[str, Any]]


@pytest.mark.usefixtures("unmigrated_database")
def test_rows_of_the_released_state_survive_every_migration() -> None:
    old = _migrated_to_release()
    kinds = [model for model in _in_order(old) if model._meta.app_label in RELEASED]
    for model in kinds:
        for number in range(1, ROWS + 1):
            if model._meta.model_name != "eventpupil":  # which the rows of events fill
                model._default_manager.create(**_values(model, number))
    before = {model._meta.db_table: _rows(model._meta.db_table) for model in kinds}
    assert all(len(rows) >= ROWS for rows in before.values())
    assert len(before) >= 18  # a table that is never filled would prove nothing

    call_command("migrate", verbosity=0)

    for table, rows in before.items():
        assert _shared(_rows(table), rows) == rows, table


@pytest.mark.usefixtures("unmigrated_database")
def test_a_full_database_can_go_back_to_the_release() -> None:
    _migrated_to_release()
    call_command("migrate", verbosity=0)
    for room, name in reversed(RELEASED.items()):
        call_command("migrate", room, name, verbosity=0)

    done = MigrationExecutor(connection).loader.applied_migrations

    assert {room: name for room, name in done if room in RELEASED} == RELEASED


def _migrated_to_release() -> Apps:
    """Make the tables as they were; the models as they were."""
    executor = MigrationExecutor(connection)
    executor.migrate([*RELEASED.items()])
    executor.loader.build_graph()
    return executor.loader.project_state([*RELEASED.items()]).apps


def _in_order(apps: Apps) -> list[type[models.Model]]:
    """Every model after those that it refers to."""
    left, done = list(apps.get_models()), list[type[models.Model]]()
    while left:
        ready = [model for model in left if _referred(model) <= {*done, model}]
        done += ready
        left = [model for model in left if model not in ready]
    return done


def _referred(model: type[models.Model]) -> set[Any]:
    return {
        field.related_model
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
    }


def _values(model: type[models.Model], number: int) -> dict[str, Any]:
    """A row in which every field says something, except what must then be empty."""
    values = {
        field.attname: _value(field, number)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
    }
    if model._meta.model_name == "grant":  # one place only
        places = ["pupil_id", "establishment_id", "subject_area_id", "school_class_id"]
        inside = number % 2
        values |= dict.fromkeys(places[:1] + places[3:] if inside else places[1:])
    if model._meta.model_name == "event":
        values.update(verb="viewed", pupils="1,2,3")
    return values


def _value(field: models.Field[Any, Any], number: int) -> Any:
    if isinstance(field, models.ForeignKey):
        return number
    if field.name in ("ended_at", "gone_at") and number % 2:
        return None  # still on record
    if field.choices:
        return next(str(value) for value, _ in field.flatchoices if value)
    kinds: list[tuple[type[models.Field[Any, Any]], Any]] = [
        (models.JSONField, {"number": number}),
        (models.BinaryField, bytes([number])),
        (models.BooleanField, False),
        (models.DateTimeField, MOMENT),
        (models.DateField, date(2026, 1, number)),
        (models.IntegerField, number),
        (models.CharField, f"{number} {field.name}"[: field.max_length or None]),
        (models.TextField, f"{field.name} {number}"),
    ]
    return next(value for kind, value in kinds if isinstance(field, kind))


def _rows(table: str) -> Table:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2, 3')
        names = [column[0] for column in cursor.description]
        return [
            {
                name: bytes(cell) if isinstance(cell, memoryview) else cell
                for name, cell in zip(names, row, strict=True)
            }
            for row in cursor.fetchall()
        ]


def _shared(rows: Table, old: Table) -> Table:
    """The rows with the columns that there were; a column that has gone is missing here."""
    return [{name: row[name] for name in old[0] if name in row} for row in rows]
