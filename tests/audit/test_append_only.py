"""The log takes no change, whoever writes the SQL (S53)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from schoolgate.audit.models import Event, EventBatch
from schoolgate.audit.queries import verify
from tests import factories
from tests.cast import Cast

TABLES = ["audit_event", "audit_eventbatch"]


def run(sql: str) -> None:
    """Run one statement, as somebody at the database's own prompt would."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "sql",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "DELETE FROM {} WHERE id = 1"],
)
def test_s53_no_line_of_the_log_is_changed_or_deleted(cast: Cast, table: str, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql.format(table))


@pytest.mark.postgresql
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("sql", ["TRUNCATE {}", "TRUNCATE {} CASCADE"])
def test_s53_the_log_is_not_truncated(cast: Cast, table: str, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql.format(table))


def test_s53_no_line_of_the_log_is_replaced_by_an_insert(cast: Cast) -> None:
    event, batch = Event.objects.latest("pk"), EventBatch.objects.latest("pk")
    on_conflict = {
        "sqlite": ["INSERT OR REPLACE INTO {} ({}) SELECT {} FROM {} WHERE id = {}"],
        "postgresql": [
            "INSERT INTO {} ({}) SELECT {} FROM {} WHERE id = {}"
            " ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id"
        ],
    }[connection.vendor]
    for sql in on_conflict:
        for row in (event, batch):
            table = row._meta.db_table
            columns = ", ".join(f'"{field.column}"' for field in row._meta.concrete_fields)
            with pytest.raises(DatabaseError, match="append-only"):
                run(sql.format(table, columns, columns, table, row.pk))


def test_s53_a_line_in_the_place_of_another_is_refused(cast: Cast) -> None:
    event = Event.objects.latest("pk")
    columns = "batch_id, n, verb, kind, fields, pupils"
    values = f"{event.batch_id}, {event.n}, 'viewed', 'pupil', '', ''"
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"

    with pytest.raises(DatabaseError):
        run(f"{verb} INTO audit_event ({columns}) VALUES ({values})")

    event.refresh_from_db()
    assert list(verify()) == []


def test_the_log_goes_on_being_written(cast: Cast) -> None:
    before = Event.objects.count()
    factories.user()

    assert Event.objects.count() == before + 1
