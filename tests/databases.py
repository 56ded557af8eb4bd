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
from urllib.parse import quote, urlsplit

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
def empty_database(
    database_name: str,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a migrated, empty database to copy from (SQLite: its path)."""
    with contextlib.ExitStack() as stack:
        if machine.run_is_on_postgresql():
            name = f"{database_name}_empty"
            stack.enter_context(_made_on_server(name))
        else:
            name = str(tmp_path_factory.mktemp("empty") / "empty.sqlite3")
        with django_db_blocker.unblock(), _connected_to(name):
            call_command("migrate", verbosity=0)
        yield name


@pytest.fixture
def own_database(
    empty_database: str,
    database_name: str,
    django_db_blocker: DjangoDbBlocker,
    tmp_path: Path,
) -> Iterator[OwnDatabase]:
    """A database of the test's own, in which commits are real: for races, kills and commands.

    Not together with ``db``, whose transaction would be in another database.
    """
    with contextlib.ExitStack() as stack:
        if machine.run_is_on_postgresql():
            name = f"{database_name}_own"
            stack.enter_context(_made_on_server(name, like=empty_database))
            url = urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
        else:
            name = str(tmp_path / "own.sqlite3")
            _copy_file(empty_database, name)
            url = f"sqlite:///{quote(name)}"
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(_connected_to(name))
        yield OwnDatabase(url)


@contextlib.contextmanager
def _made_on_server(name: str, like: str = "template1") -> Iterator[None]:
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'.encode())
        try:
            yield
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


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
