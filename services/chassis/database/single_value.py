"""Reads of one value that are too frequent to pay for a transaction and a pooled connection.

A reader has a connection of its own; each read sees the latest committed data.
"""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError, OSError)


class FileValueReader:
    """On SQLite: in WAL mode a reader never waits, so it runs without a thread."""

    def __init__(self, file: Path, busy_seconds: float) -> None:
        self._file, self._busy = file, busy_seconds
        self._conn: sqlite3.Connection | None = None

    async def value(self, statement: str) -> Any:
        """The first value of the only row."""
        if self._conn is None:
            self._conn = sqlite3.connect(self._file, self._busy, isolation_level=None)
            self._conn.execute("PRAGMA query_only=ON")
        (value,) = self._conn.execute(statement).fetchone()
        return value

    async def close(self) -> None:
        """Closes the connection."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None


class ServerValueReader:
    """On PostgreSQL: a dedicated connection, replaced when it is lost."""

    def __init__(self, engine: AsyncEngine, seconds: float | None = None) -> None:
        self._engine, self._seconds = engine, seconds
        self._connection: tuple[AsyncConnection, Any] | None = None
        self._lock = asyncio.Lock()

    async def value(self, statement: str) -> Any:
        """The first value of the only row; TimeoutError if it takes too long."""
        async with asyncio.timeout(self._seconds), self._lock:
            if self._connection is not None:
                with contextlib.suppress(*LOST):
                    return await self._fetch(statement)
                await self.close()
            conn = await self._engine.connect()
            driver: Any = (await conn.get_raw_connection()).driver_connection
            self._connection = conn, driver
            return await self._fetch(statement)

    async def _fetch(self, statement: str) -> Any:
        """Reads by the open connection, and terminates it on failure or cancellation."""
        assert self._connection is not None
        try:
            return await self._connection[1].fetchval(statement)
        except BaseException:
            self._connection[1].terminate()
            raise

    async def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection[0].close()
