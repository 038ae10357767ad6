"""Bulk reads through the database driver, bypassing SQLAlchemy, for reading a year of events.

`Database` offers them on its own connections. A process that only reads connects by a `Source`
instead, which saves it the time of importing SQLAlchemy.
"""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiosqlite
import asyncpg

PARAMETERS_MAX = 20_000
BUSY_SECONDS = 30
AWAY_STATES = (
    "08", "28", "3D", "53", "55000", "55P03", "57P", "57014", "25006", "25P03", "40001", "40P01",
)  # fmt: skip
"""Prefixes of SQLSTATE for transient failures: connections, resources, deadlocks and timeouts.
The transaction was rolled back, and may be tried again."""
CONNECTION_BROKEN = (
    asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError,
)  # fmt: skip
"""What asyncpg raises on a connection that breaks during a statement."""
SQLITE_BROKEN = ("no such", "has no column", "syntax error", "already exists")
FAILED = (OSError, asyncpg.PostgresError, *CONNECTION_BROKEN, sqlite3.OperationalError)
"""All that a driver raises; `is_lost` tells which failures are transient."""

Row = Sequence[Any]


def is_lost(error: BaseException) -> bool:
    """Whether the connection, the server or its disk failed, rather than the statement."""
    if isinstance(error, asyncpg.DataError):
        return False
    if isinstance(error, (OSError, *CONNECTION_BROKEN)):
        return True
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return str(state).startswith(AWAY_STATES)
    return isinstance(error, sqlite3.OperationalError) and not any(
        word in str(error) for word in SQLITE_BROKEN
    )


class Rows(Protocol):
    """Bulk reads on one connection."""

    async def all(self, select: str) -> Sequence[Row]:
        """The rows of a statement without parameters."""

    async def among(self, select: str, values: Collection[Any], kind: str) -> Sequence[Row]:
        """The rows of `select` whose last named column is one of `values`, of SQL type `kind`."""

    async def look(self) -> None:
        """Begins a transaction that sees one consistent snapshot, and ends the one before."""


class FileRows:
    """Bulk reads on a connection to SQLite."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    async def all(self, select: str) -> Sequence[Row]:
        """The rows of a statement without parameters."""
        return list(await self._driver.execute_fetchall(select))

    async def among(self, select: str, values: Collection[Any], kind: str) -> Sequence[Row]:
        """The rows of `select` whose last named column is one of `values`."""
        rows: list[Row] = []
        for some in chunks(values):
            marks = ",".join("?" * len(some))
            rows += await self._driver.execute_fetchall(f"{select} IN ({marks})", some)
        return rows

    async def look(self) -> None:
        """Begins a transaction that sees one consistent snapshot, and ends the one before."""
        await self._driver.rollback()
        await self._driver.execute("BEGIN")


class ServerRows:
    """Bulk reads on a connection to PostgreSQL."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    async def all(self, select: str) -> Sequence[Row]:
        """The rows of a statement without parameters."""
        rows: Sequence[Row] = await self._driver.fetch(select)
        return rows

    async def among(self, select: str, values: Collection[Any], kind: str) -> Sequence[Row]:
        """The rows of `select` whose last named column is one of `values`, of SQL type `kind`."""
        if not values:
            return []
        rows: Sequence[Row] = await self._driver.fetch(
            f"{select} = ANY($1::{kind}[])", list(values)
        )
        return rows

    async def look(self) -> None:
        """Begins a transaction that sees one consistent snapshot, and ends the one before."""
        if self._driver.is_in_transaction():
            await self._driver.execute("ROLLBACK")
        await self._driver.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def chunks(values: Iterable[Any], size: int = PARAMETERS_MAX) -> Iterable[list[Any]]:
    """Splits values into lists that fit the parameters of one statement."""
    chunk: list[Any] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class FileSource:
    """A SQLite file to open read-only."""

    file: str

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Rows]:
        """A read-only connection; each statement sees the latest committed data."""
        async with aiosqlite.connect(self.file, timeout=BUSY_SECONDS) as driver:
            await driver.execute("PRAGMA query_only=ON")
            yield FileRows(driver)


@dataclass(frozen=True, slots=True)
class ServerSource:
    """A PostgreSQL database: the driver's connection arguments, and server settings."""

    connect: dict[str, Any] = field(repr=False)
    settings: dict[str, str]

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Rows]:
        """A read-only connection; each statement sees the latest committed data."""
        driver = await asyncpg.connect(**self.connect, server_settings=self.settings)
        try:
            yield ServerRows(driver)
        finally:
            await driver.close()


Source = FileSource | ServerSource
