"""The two databases that the journal writes to, behind one small interface.

A back end holds one connection. It begins a transaction and reserves positions, then either commits a
list of statements or rolls back; reads go through the same connection. Errors are sorted into four:
the database is away (try again), the log moved on (decide again), the commit's fate is unknown (look),
and the data itself is refused (find the unit that is to blame).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.adapt import Dumper

from csms.eventlog import database
from csms.eventlog.store import is_version_conflict
from csms.eventlog.table import Statement

NEXT_SQLITE_POSITION = (
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'eventlog_event'), 0) + 1"
)


class DatabaseAway(Exception):
    """It cannot be reached, or cannot write now. Nothing was committed."""


class CommitUnknown(Exception):
    """The connection broke during the commit: it may have happened or not."""


class StreamMovedOn(Exception):
    """Another process appended to one of our streams, or took our positions. Nothing was committed."""


class DataRefused(Exception):
    """The database refuses a value. Nothing was committed."""


class Backend(Protocol):
    async def begin(self, count: int) -> Sequence[int]:
        """Begin a transaction and reserve `count` positions."""

    async def commit(self, statements: list[Statement]) -> None:
        """Execute the statements and commit the transaction that `begin` began."""

    async def rollback(self) -> None:
        """End the transaction without effect; harmless when there is none."""

    async def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query (also of an UPDATE ... RETURNING, committed at once outside a transaction)."""

    async def close(self) -> None: ...


def open_backend() -> Backend:
    """The back end for the database in the settings."""
    return PostgresBackend() if connection.vendor == "postgresql" else SqliteBackend()


class SqliteBackend:
    """SQLite in WAL mode with synchronous=FULL: one connection, used by one thread.

    The next position is remembered, so that a batch is one trip to the thread; when another process
    appended meanwhile, the position is taken and the batch is decided again.
    """

    def __init__(self) -> None:
        self._next_position: int | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None

    async def begin(self, count: int) -> Sequence[int]:
        if self._next_position is None:
            rows = await self._run(self._fetch, NEXT_SQLITE_POSITION, ())
            self._next_position = rows[0][0]
        first = self._next_position
        return range(first, first + count)

    async def commit(self, statements: list[Statement]) -> None:
        self._next_position = await self._run(self._commit, statements)

    async def rollback(self) -> None:
        self._next_position = None
        await self._run(self._rollback)

    async def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return await self._run(self._fetch, sql, parameters)

    async def close(self) -> None:
        if self._connection is not None:
            await self._run(self._connection.close)
            self._connection = None
        self._thread.shutdown()

    async def _run(self, function: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
        except sqlite3.IntegrityError as error:
            if is_version_conflict(error):
                raise StreamMovedOn(str(error)) from error
            raise DataRefused(str(error)) from error
        except sqlite3.OperationalError as error:  # busy, disk full, I/O error: SQLite has rolled back
            raise DatabaseAway(str(error)) from error
        except sqlite3.Error as error:
            raise DataRefused(str(error)) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            opened = sqlite3.connect(
                settings.DATABASES["default"]["NAME"],
                isolation_level=None,
                check_same_thread=False,
                timeout=20,
            )
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = FULL")
            opened.execute("PRAGMA cache_size = -65536")  # KiB: the indexes of a busy log
            opened.execute("PRAGMA wal_autocheckpoint = 8000")  # pages: fewer, larger checkpoints
            self._connection = opened
        return self._connection

    def _commit(self, statements: list[Statement]) -> int:
        opened = self._open()
        opened.execute("BEGIN IMMEDIATE")
        for sql, parameters in statements:
            opened.execute(sql.replace("%s", "?"), parameters)
        next_position: int = opened.execute(NEXT_SQLITE_POSITION).fetchone()[0]
        opened.execute("COMMIT")
        return next_position

    def _rollback(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _fetch(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        return self._open().execute(sql.replace("%s", "?"), tuple(parameters)).fetchall()


class _JsonText(Dumper):
    """Bytes that are JSON already go to the server as they are."""

    oid = psycopg.adapters.types["json"].oid

    def dump(self, obj: bytes) -> bytes:
        return obj


# A server that vanishes without a word is noticed within seconds, not after the kernel's quarter of an hour.
CONNECTION_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}


def _libpq_options(options: dict[str, Any]) -> dict[str, Any]:
    """What DATABASE_URL says after its question mark (sslmode ...), without what is Django's own."""
    return {name: value for name, value in options.items() if name in LIBPQ_OPTIONS}


LIBPQ_OPTIONS = frozenset(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())


# A database that answers nothing, not even a refusal, is as good as away after so long.
HANGS_AFTER_S = 20.0


class PostgresBackend:
    """PostgreSQL through psycopg 3, in the loop; round trips of one batch share a pipeline."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._opening = asyncio.Lock()  # look-ups of several tasks share a back end
        self._opening = asyncio.Lock()

    async def begin(self, count: int) -> Sequence[int]:
        try:
            async with asyncio.timeout(HANGS_AFTER_S):
                opened = await self._open()
                async with opened.pipeline():
                    await opened.execute("BEGIN")
                    for sql, parameters in database.reserve_positions(count):
                        cursor = await opened.execute(sql, parameters)
                    rows = await cursor.fetchall()
        except (psycopg.Error, TimeoutError) as error:
            await self._drop()
            raise DatabaseAway(str(error)) from error
        return [row[0] for row in rows]

    async def commit(self, statements: list[Statement]) -> None:
        opened = await self._open()
        try:
            async with asyncio.timeout(HANGS_AFTER_S), opened.pipeline():
                for sql, parameters in statements:
                    await opened.execute(sql, parameters)
        except psycopg.errors.UniqueViolation as error:
            if is_version_conflict(error):
                raise StreamMovedOn(str(error)) from error
            raise DataRefused(str(error)) from error
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise DataRefused(str(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            await self._drop()
            raise DatabaseAway(str(error)) from error
        except psycopg.Error as error:  # trying again would not help, and would hold up everybody
            raise DataRefused(str(error)) from error
        try:
            async with asyncio.timeout(HANGS_AFTER_S):
                await opened.execute("COMMIT")
        except (psycopg.Error, TimeoutError) as error:
            await self._drop()
            raise CommitUnknown(str(error)) from error

    async def rollback(self) -> None:
        if self._connection is None:
            return
        try:
            await self._connection.rollback()
        except psycopg.Error:
            await self._drop()

    async def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            async with asyncio.timeout(HANGS_AFTER_S):
                opened = await self._open()
                cursor = await opened.execute(sql, tuple(parameters))
                return await cursor.fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            await self._drop()
            raise DatabaseAway(str(error)) from error

    async def close(self) -> None:
        await self._drop()

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        async with self._opening:  # two tasks that find it closed share one new connection
            if self._connection is None or self._connection.closed:
                self._connection = await self._connected()
            return self._connection

    @staticmethod
    async def _connected() -> psycopg.AsyncConnection[Any]:
        database_settings = settings.DATABASES["default"]
        connected = await psycopg.AsyncConnection.connect(
            dbname=database_settings["NAME"],
            user=database_settings.get("USER") or None,
            password=database_settings.get("PASSWORD") or None,
            host=database_settings.get("HOST") or None,
            port=database_settings.get("PORT") or None,
            autocommit=True,  # BEGIN and COMMIT are ours, so that they can share a pipeline
            **CONNECTION_DEFAULTS | _libpq_options(database_settings.get("OPTIONS", {})),
        )
        try:
            # As Django's own connections: in other zones the first and last years cannot be read back.
            await connected.execute("SET TIME ZONE 'UTC'")
        except BaseException:  # a cancelled task, too
            await connected.close()
            raise
        connected.adapters.register_dumper(bytes, _JsonText)
        return connected

    async def _drop(self) -> None:
        dropped, self._connection = self._connection, None
        if dropped is not None:
            with suppress(psycopg.Error):
                await dropped.close()
