"""The databases that are measured in: made for it, copied, and dropped at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import psycopg

from tests import machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server(ABC):
    """One kind of database: makes empty ones and copies, and settles them before a measurement."""

    name: str

    @abstractmethod
    def make(self, name: str, like: str | None = None) -> str:
        """Make a database, a copy of another where told; returns its URL."""

    @abstractmethod
    def settle(self, name: str) -> None:
        """Let work that earlier steps left behind not count against the next one."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Drop a database if it is there."""

    @abstractmethod
    def version(self) -> str:
        """Name and version."""


class Sqlite(Server):
    """Database files in a folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def make(self, name: str, like: str | None = None) -> str:
        self.drop(name)
        if like:
            shutil.copyfile(self._path(like), self._path(name))
        return f"sqlite:///{quote(str(self._path(name)))}"

    def settle(self, name: str) -> None:
        import sqlite3

        with contextlib.closing(sqlite3.connect(self._path(name))) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.sync()

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._path(name).with_name(self._path(name).name + suffix).unlink(missing_ok=True)

    def version(self) -> str:
        import sqlite3

        return f"SQLite {sqlite3.sqlite_version}"


class Postgresql(Server):
    """Databases on a server, whose names begin with ``sgbench_``."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.url = url

    def _name(self, name: str) -> str:
        return f"sgbench_{os.getpid()}_{name}"

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute(sql.encode())

    def make(self, name: str, like: str | None = None) -> str:
        self.drop(name)
        template = self._name(like) if like else "template1"
        self._execute(f'CREATE DATABASE "{self._name(name)}" TEMPLATE "{template}"')
        return urlsplit(self.url)._replace(path=f"/{self._name(name)}").geturl()

    def settle(self, name: str) -> None:
        self._execute("CHECKPOINT")

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{self._name(name)}" WITH (FORCE)')

    def version(self) -> str:
        with psycopg.connect(self.url) as server:
            row = server.execute("SHOW server_version").fetchone()
        return f"PostgreSQL {row[0].split()[0] if row else '?'}"


def servers(folder: Path) -> Iterator[Server]:
    """The kinds of database that this machine has."""
    yield Sqlite(folder)
    if url := machine.postgres_url():
        yield Postgresql(url)
