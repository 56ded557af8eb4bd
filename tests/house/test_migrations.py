"""Migrations say what the models say, and lock or lose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter

from tests.house.test_files import ROOT

if TYPE_CHECKING:
    from tests.databases import OwnDatabase

OURS = [app.label for app in apps.get_app_configs() if app.name.startswith("schoolgate.")]


@pytest.mark.django_db
def test_no_model_changed_without_a_migration(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        call_command("makemigrations", check=True, dry_run=True)
    except SystemExit:
        pytest.fail(f"Run makemigrations:\n{capsys.readouterr().out}")


def test_no_migration_could_lock_a_table_or_lose_what_is_in_it(own_database: OwnDatabase) -> None:
    # A database of its own: SQLite makes no migration's SQL within a transaction under way.
    linter = MigrationLinter(
        str(ROOT),
        include_apps=OURS,
        # The first of each room make their own tables, in which there is nothing yet.
        # access 0003 asks less of rows than what it replaces, and makes its indexes beside writers.
        ignore_name=["0001_initial", "0003_one_live_post"],
        all_warnings_as_errors=True,
        no_cache=True,
        quiet=["ok", "ignore"],
        analyser_string=connection.vendor,
    )
    linter.lint_all_migrations()

    assert linter.nb_total >= len(OURS) - 2  # it did look: two rooms have no tables
    assert not linter.has_errors


@pytest.mark.django_db
def test_every_migration_can_be_taken_back() -> None:
    loader = MigrationLoader(connection)
    kept_for_good = [
        f"{label} {name}"
        for (label, name), migration in loader.disk_migrations.items()
        if label in OURS and not all(operation.reversible for operation in migration.operations)
    ]

    assert kept_for_good == []
