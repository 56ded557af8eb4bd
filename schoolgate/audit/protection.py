"""Triggers that make the log append-only, also for somebody who writes SQL by hand."""

from collections.abc import Sequence

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The tables, and what SQLite's INSERT OR REPLACE would put another row in the place of, past the
# DELETE trigger.
_PLACES = {
    "audit_event": ("id = NEW.id", "batch_id = NEW.batch_id AND n = NEW.n"),
    "audit_eventbatch": ("id = NEW.id", "position = NEW.position"),
}
_SENTENCE = "the audit log is append-only"


def protect(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE on the log's first tables. Run by a migration."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{_SENTENCE}'; END $$"
        )
    for table, places in _PLACES.items():
        refuse_changes(editor, table, places)


def unprotect(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away. Run when the migration is taken back."""
    for table in _PLACES:
        allow_changes(editor, table)
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP FUNCTION audit_refuse()")


def refuse_changes(editor: BaseDatabaseSchemaEditor, table: str, places: Sequence[str]) -> None:
    """Make one table append-only; ``places`` are conditions under which a new row is an old one."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        editor.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
        )
    taken = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE {place}" for place in places)
    editor.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({taken})"
        f" BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
    )


def allow_changes(editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Take one table's protection away."""
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        return
    for verb in ("update", "delete", "replace"):
        editor.execute(f"DROP TRIGGER {table}_no_{verb}")
