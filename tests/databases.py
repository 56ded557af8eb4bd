"""The databases that tests run on: the worker's own, and a copy for a test that commits.

`DATABASE_URL` decides whether a run is on SQLite (in memory) or PostgreSQL; `./dev test`
makes one run on each.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from tests import machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker

# The advisory locks by which runs at the same time keep out of each other's databases.
_SLOTS = 7_301_900


@dataclass(frozen=True)
class OwnDatabase:
    """A migrated, empty database for one test: what is committed in it meets no other test.

    ``url`` is for a program started by the test; inside the test, Django is connected to it.
    """

    url: str


@pytest.fixture(scope="session")
def database_name() -> Iterator[str]:
    """A name that no run at the same time uses, kept by an advisory lock (PostgreSQL)."""
    if not machine.run_is_on_postgresql():
        yield ""
        return
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        for slot in count():
            mine = server.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SLOTS, slot]).fetchone()
            if mine and mine[0]:
                yield f"schoolgate_test_{slot}"
                return


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_name: str) -> None:
    """Tell pytest-django the name of its database: no worker, run or checkout shares one."""
    if database_name:
        settings.DATABASES["default"]["TEST"]["NAME"] = database_name


@pytest.fixture(scope="session")
def migrated_database(
    database_name: str,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a migrated, empty database: to be emptied again (SQLite: to be copied)."""
    with contextlib.ExitStack() as stack:
        if machine.run_is_on_postgresql():
            name = f"{database_name}_own"
            stack.enter_context(_made_on_server(name))
        else:
            name = str(tmp_path_factory.mktemp("migrated") / "migrated.sqlite3")
        with django_db_blocker.unblock(), _connected_to(name):
            call_command("migrate", verbosity=0)
        yield name


@pytest.fixture
def own_database(
    migrated_database: str, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[OwnDatabase]:
    """A database of the test's own, in which commits are real: for races, kills and commands.

    Not together with ``db``, whose transaction would be in another database.
    """
    if machine.run_is_on_postgresql():
        name = migrated_database
        _empty_tables(_url_of(name))
    else:
        name = str(tmp_path / "own.sqlite3")
        _copy_file(migrated_database, name)
    with django_db_blocker.unblock(), _connected_to(name):
        yield OwnDatabase(_url_of(name))


@pytest.fixture(scope="session")
def bare_database(database_name: str) -> Iterator[str]:
    """The name of a database to be made blank for each test that asks for one (PostgreSQL)."""
    name = f"{database_name}_blank"
    with _made_on_server(name) if database_name else contextlib.nullcontext():
        yield name


@pytest.fixture
def blank_database(bare_database: str, tmp_path: Path) -> str:
    """The URL of a database with no tables yet (SQLite: no file yet); Django does not use it."""
    if not machine.run_is_on_postgresql():
        return _url_of(str(tmp_path / "blank.sqlite3"))
    url = _url_of(bare_database)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(_END_OTHERS)
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def unmigrated_database(blank_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Django is connected to a database with no tables yet: for migrations one by one."""
    name = unquote(urlsplit(blank_database).path)[1:]
    with django_db_blocker.unblock(), _connected_to(name):
        yield


# Whoever a test killed may still be seen as connected.
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_KEPT = "'django_migrations', 'django_content_type', 'auth_permission'"


def _url_of(name: str) -> str:
    if machine.run_is_on_postgresql():
        return urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
    return f"sqlite:///{quote(name)}"


@contextlib.contextmanager
def _made_on_server(name: str) -> Iterator[None]:
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _empty_tables(url: str) -> None:
    """Take every row that a test left; the log's triggers do not hold in a replica's session."""
    with psycopg.connect(url) as server:
        server.execute(_END_OTHERS)
        server.execute("SET session_replication_role = replica")
        tables = server.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
            f" AND tablename NOT IN ({_KEPT})".encode()
        ).fetchall()
        used = [
            name
            for (name,) in tables
            if server.execute(f"SELECT 1 FROM {name} LIMIT 1".encode()).fetchone()
        ]
        if used:
            server.execute(f"TRUNCATE {', '.join(used)} CASCADE".encode())


def _copy_file(source: str, target: str) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


@contextlib.contextmanager
def _connected_to(name: str) -> Iterator[None]:
    """Django's connections, those of new threads too, go to another database for a while."""
    usual, facts = connections["default"], connections.settings["default"]
    if usual.in_atomic_block:
        raise RuntimeError("Ask for own_database or db, not both: each is another database.")
    usual_name = facts["NAME"]
    facts["NAME"] = name
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connection.close()
        facts["NAME"] = usual_name
        connections["default"] = usual
