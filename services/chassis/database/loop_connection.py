"""A connection to a SQLite file that runs its statements in the event loop itself.

The driver has a thread for each connection, and SQLite gives the interpreter up for each row that
it reads. While the loop computes, the thread gets it back after five milliseconds at the earliest:
for each step of a transaction, and for each row. A short read is over long before.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import aiosqlite

from services.chassis.database.file_connection import ROWS_AT_ONCE, connector

LOOP_BUSY_SECONDS = 1
"""The loop waits so long for a file that is locked: in WAL mode only one that is being restored."""
T = TypeVar("T")


class LoopConnection(aiosqlite.Connection):
    """The driver's connection without its thread: every call has returned when it is awaited."""

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()

    async def _connect(self) -> aiosqlite.Connection:
        if self._connection is None:
            self._connection = self._connector()
        return self

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return fn(*args, **kwargs)

    def stop(self) -> None:
        """Closes the file at once."""
        connection, self._connection, self._running = self._connection, None, False
        if connection is not None:
            connection.close()


async def connect_in_loop(file: str, **options: Any) -> aiosqlite.Connection:
    """Opens the file."""
    return await LoopConnection(connector(file, options), ROWS_AT_ONCE)
