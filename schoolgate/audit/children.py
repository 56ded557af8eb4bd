"""The index of the children that events name in their lists: filled by a trigger, append-only.

An event keeps the ids of a list of children as one text, which is what the chain seals. The
trigger writes a row for each of them in the very insert, whoever it is that inserts.
"""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from schoolgate.audit import protection

TABLE = "audit_eventpupil"
_PLACE = "pupil_id = NEW.pupil_id AND batch_id = NEW.batch_id AND n = NEW.n"


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Index the events that there are already. Run by a migration."""
    if schema_editor.connection.vendor == "postgresql":
        listed = (
            "unnest(string_to_array(CASE WHEN e.pupils ~ '^[0-9]+(,[0-9]+)*$'"
            " THEN e.pupils ELSE '' END, ',')) AS j(value)"
        )
    else:
        listed = (
            "json_each(CASE WHEN json_valid('[' || e.pupils || ']')"
            " THEN '[' || e.pupils || ']' ELSE '[]' END) j"
        )
    schema_editor.execute(
        f"INSERT INTO {TABLE} (pupil_id, batch_id, n)"
        " SELECT DISTINCT CAST(j.value AS BIGINT), e.batch_id, e.n"
        f" FROM audit_event e CROSS JOIN {listed} WHERE e.pupils <> ''"
    )


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Index every event from now on, and refuse every other change. Run by a migration."""
    into = f"INSERT INTO {TABLE} (pupil_id, batch_id, n)"
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION audit_index_children() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {into} SELECT DISTINCT CAST(j.value AS BIGINT), NEW.batch_id, NEW.n"
            " FROM unnest(string_to_array(NEW.pupils, ',')) AS j(value); RETURN NULL; END $$"
        )
        schema_editor.execute(
            "CREATE TRIGGER audit_event_children AFTER INSERT ON audit_event"
            " FOR EACH ROW WHEN (NEW.pupils <> '') EXECUTE FUNCTION audit_index_children()"
        )
    else:
        schema_editor.execute(
            "CREATE TRIGGER audit_event_children AFTER INSERT ON audit_event"
            f" WHEN NEW.pupils <> '' BEGIN {into} SELECT DISTINCT j.value, NEW.batch_id, NEW.n"
            " FROM json_each('[' || NEW.pupils || ']') j; END"
        )
    protection.refuse_changes(schema_editor, TABLE, (_PLACE,))


def leave(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away. Run when the migration is taken back."""
    protection.allow_changes(schema_editor, TABLE)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER audit_event_children ON audit_event")
        schema_editor.execute("DROP FUNCTION audit_index_children()")
    else:
        schema_editor.execute("DROP TRIGGER audit_event_children")
