"""Many rows into a table at once, and the few places where the two databases differ.

PostgreSQL takes them by COPY, SQLite by ``executemany``; nothing here knows what the rows mean.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from django.db import OperationalError, connection, models

CHUNK = 10_000
Row = TypeVar("Row", bound=tuple[Any, ...])


def on_postgresql() -> bool:
    """Whether the database in use is PostgreSQL (else it is SQLite)."""
    return connection.vendor == "postgresql"


def chunks(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    """``rows`` in lists of at most ``size``.

    A list is complete before it is handed out, so that a generator which reads from the same
    connection is never in the middle of a query while the list is written.
    """
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def load(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """Append ``rows`` to ``table`` and return how many they were.

    Values must be what the driver takes for the column: str, int, None, date, datetime. Raises
    the database's IntegrityError when a constraint forbids a row; the caller is in a transaction.
    """
    count = 0
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        if on_postgresql():
            for chunk in chunks(rows):
                copying = cursor.copy(f'COPY "{table}" ({names}) FROM STDIN')
                with connection.wrap_database_errors, copying as copy:
                    for row in chunk:
                        copy.write_row(row)
                count += len(chunk)
        else:
            marks = ", ".join(["%s"] * len(columns))
            sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
            for chunk in chunks(rows):
                with _one_transaction(cursor):
                    cursor.executemany(sql, [_plain_row(row) for row in chunk])
                count += len(chunk)
    return count


@contextlib.contextmanager
def _one_transaction(cursor: Any) -> Iterator[None]:
    """On SQLite, outside of a transaction each row would be one of its own, in temporary tables
    too. A savepoint is one for them all and takes no lock before it writes to a lasting table."""
    if connection.in_atomic_block:
        yield
        return
    cursor.execute("SAVEPOINT loading")
    try:
        yield
    except BaseException:
        cursor.execute("ROLLBACK TO loading")
        raise
    finally:
        cursor.execute("RELEASE loading")


_KEPT_AS_IS = frozenset({int, str, type(None)})


def _plain_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([cell if type(cell) in _KEPT_AS_IS else _remembered(cell) for cell in row])


@lru_cache(maxsize=4096)
def _remembered(value: Any) -> Any:
    # Many rows hold the same moment, day and source.
    return plain(value)


def plain(value: Any) -> Any:
    """``value`` as raw SQL passes it to the driver (SQLite keeps moments and days as text)."""
    if on_postgresql() or value is None or isinstance(value, int | str):
        return value
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value)


@contextlib.contextmanager
def temporary(name: str, columns: str, *, indexes: Sequence[str] = ()) -> Iterator[str]:
    """A table of this connection only, dropped at the end.

    ``columns`` is its SQL definition. In a transaction that fails the table goes with it.
    """
    make_temporary(name, columns, indexes=indexes)
    try:
        yield name
    finally:
        with contextlib.suppress(Exception):
            drop_temporary(name)


def make_temporary(name: str, columns: str, *, indexes: Sequence[str] = ()) -> None:
    """Make an empty temporary table, replacing one of that name that an earlier run left.

    ``indexes`` are made on SQLite only, which joins no other way; PostgreSQL hashes.
    """
    with connection.cursor() as cursor:
        drop_temporary(name)
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
        for number, index in enumerate(() if on_postgresql() else indexes):
            cursor.execute(f"CREATE INDEX {name}_{number} ON {name} ({index})")


def drop_temporary(name: str) -> None:
    """Drop a temporary table if it is there; never a lasting one of the same name."""
    schema = "pg_temp" if on_postgresql() else "temp"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {schema}.{name}")


@contextlib.contextmanager
def for_many_rows(many: bool) -> Iterator[None]:
    """Let PostgreSQL sort and hash in more memory, and (``many``) join large tables by hashing.

    Its guesses about tables that have just been filled may be so wrong that it would look up a
    million rows one by one.
    """
    if not on_postgresql():
        yield
        return
    execute("SET work_mem = '64MB'")
    if many:
        execute("SET enable_nestloop = off")
    try:
        yield
    finally:
        # Inside a transaction that failed nothing can be set, and what was set goes with it.
        if not connection.needs_rollback:
            execute("RESET work_mem")
            execute("RESET enable_nestloop")


def analyse(*tables: str) -> None:
    """Tell PostgreSQL what tables hold that have just been filled, so that it plans joins well."""
    if on_postgresql():
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ANALYZE {table}")


def execute(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [plain(value) for value in params])
        return int(cursor.rowcount)


def select(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query. For results that are small by their nature."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [plain(value) for value in params])
        return list(cursor.fetchall())


def value(sql: str, params: Sequence[Any] = ()) -> Any:
    """The one value that a query returns."""
    return select(sql, params)[0][0]


@contextlib.contextmanager
def unless_busy() -> Iterator[None]:
    """For a small write that may as well be left out: on SQLite it is, when another holds the one
    lock there is. Within a transaction the lock is held already."""
    if on_postgresql() or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        ((wait,),) = cursor.execute("PRAGMA busy_timeout").fetchall()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        except OperationalError:
            connection.rollback()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(wait)}")


def moment(value: Any) -> datetime:
    """A moment that a raw query returns (SQLite keeps it in UTC, and does not say so)."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` unused primary keys of ``model``, for rows that are written with :func:`load`.

    On SQLite the caller holds the write lock (its transactions are IMMEDIATE).
    """
    if count == 0:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if on_postgresql():
            # OFFSET 0: the name of the sequence is looked up once, not for each id.
            cursor.execute(
                "SELECT nextval(s.name) FROM (SELECT CAST(pg_get_serial_sequence(%s, 'id')"
                " AS regclass) AS name OFFSET 0) s CROSS JOIN generate_series(1, %s)",
                [f'"{table}"', count],
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
        first = (found[0] if found else 0) + 1
        return list(range(first, first + count))


def lock(key: int, *, shared: bool = False) -> None:
    """Hold the application lock ``key`` until the transaction ends (PostgreSQL).

    SQLite needs none: its transactions are IMMEDIATE, one writer at a time.
    """
    if on_postgresql():
        name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}(%s)", [key])
