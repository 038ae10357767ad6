"""How long PostgreSQL may take: statements, waits for locks, idle transactions, dead connections.

Without limits a process that is frozen within its transaction holds up all others, and a server
that hangs holds every request. SQLite has one limit, the wait for its one writer.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the settings of a light command load no database
    from sqlalchemy.ext.asyncio import AsyncConnection

ANSWER_SECONDS = 5
"""How much longer than the server a client waits, which then gives the connection up."""


class Limits(NamedTuple):
    """Seconds, 0 for no limit: of a statement, of a wait for a lock, of a transaction in which
    nothing happens, and of a peer that answers nothing.
    """

    statement: int = 20
    lock: int = 15
    idle: int = 30
    peer: int = 30

    @property
    def command_seconds(self) -> float | None:
        """How long a client waits for the answer to one statement."""
        return self.statement + ANSWER_SECONDS if self.statement else None

    def server_settings(self) -> dict[str, str]:
        """The settings of a connection."""
        return {
            "statement_timeout": f"{self.statement}s",
            "lock_timeout": f"{self.lock}s",
            "idle_in_transaction_session_timeout": f"{self.idle}s",
            "tcp_user_timeout": f"{self.peer}s",
            "tcp_keepalives_idle": str(self.peer),
            "tcp_keepalives_interval": str(max(1, self.peer // 3) if self.peer else 0),
        }


LIMITED = Limits()
PATIENT = Limits(statement=0, lock=0, idle=0)
"""For migrations, a rebuild and an audit, which may take as long as there is data."""


@contextlib.asynccontextmanager
async def abandoned(conn: AsyncConnection) -> AsyncIterator[None]:
    """Gives a connection up whose answer took too long: a rollback would wait as long again."""
    try:
        yield
    except TimeoutError:
        if conn.dialect.name != "sqlite" and not conn.closed and not conn.invalidated:
            driver = (await conn.get_raw_connection()).driver_connection
            if driver is not None:
                driver.terminate()
        raise
