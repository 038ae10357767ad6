"""A connection to a SQLite file that runs its statements in a thread of its own.

Where a file cannot be opened, the driver tells its thread to stop and does not wait for it. The
thread answers the loop; a loop that has ended meanwhile takes no answer, and the thread ends with
a traceback on standard error.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiosqlite

from services.chassis.database.file_connection import ROWS_AT_ONCE, connector


class ThreadConnection(aiosqlite.Connection):
    """The driver's connection; its thread has stopped when opening it fails."""

    _stopping: asyncio.Future[Any] | None = None

    async def _connect(self) -> aiosqlite.Connection:
        try:
            return await super()._connect()
        except BaseException:
            if self._stopping is not None:
                await self._stopping
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """Tells the thread to stop; the future is done when it has."""
        self._stopping = super().stop()
        return self._stopping


async def connect_in_thread(file: str, **options: Any) -> aiosqlite.Connection:
    """Opens the file; the thread does not outlive the process."""
    connection = ThreadConnection(connector(file, options), ROWS_AT_ONCE)
    connection._thread.daemon = True
    return await connection
