"""Triggers that make the log append-only, also for somebody who writes SQL by hand."""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_TABLES = ("audit_event", "audit_eventbatch")
_SENTENCE = "the audit log is append-only"


def protect(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE on the log's tables. Run by a migration."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{_SENTENCE}'; END $$"
        )
        for table in _TABLES:
            editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
                f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
            )
    else:
        for table in _TABLES:
            for verb in ("UPDATE", "DELETE"):
                editor.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
                )


def unprotect(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away. Run when the migration is taken back."""
    if editor.connection.vendor == "postgresql":
        for table in _TABLES:
            editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        editor.execute("DROP FUNCTION audit_refuse()")
    else:
        for table in _TABLES:
            for verb in ("update", "delete"):
                editor.execute(f"DROP TRIGGER {table}_no_{verb}")
