"""Indexes made and dropped without keeping writers waiting: for migrations that are not atomic."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class AddIndex(migrations.AddIndex):
    """Makes an index; on PostgreSQL beside the writers, and anew where an earlier try broke off.

    The migration says ``atomic = False``.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        _make(schema_editor, model, self.index)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        _drop(schema_editor, model, self.index)


class AddUnique(migrations.AddConstraint):
    """Adds a unique constraint with a condition, which is an index; like :class:`AddIndex`."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        sql = str(self.constraint.create_sql(model, schema_editor))
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.constraint.name}"')
        schema_editor.execute(sql.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))


class RemoveIndex(migrations.RemoveIndex):
    """Drops an index; on PostgreSQL beside the writers. The migration says ``atomic = False``."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        state = from_state.models[app_label, self.model_name_lower]
        _drop(schema_editor, model, state.get_index_by_name(self.name))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        state = to_state.models[app_label, self.model_name_lower]
        _make(schema_editor, model, state.get_index_by_name(self.name))


def _make(editor: Any, model: Any, index: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{index.name}"')
        editor.add_index(model, index, concurrently=True)
    else:
        editor.add_index(model, index)


def _drop(editor: Any, model: Any, index: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.remove_index(model, index, concurrently=True)
    else:
        editor.remove_index(model, index)
