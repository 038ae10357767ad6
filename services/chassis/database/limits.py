"""Time limits of PostgreSQL: statements, lock waits, idle transactions, dead connections.

Without them a process that is frozen within its transaction blocks all others, and a server that
hangs blocks every request. SQLite has one limit, the wait for its one writer.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the settings of a light command load no database
    from sqlalchemy.ext.asyncio import AsyncConnection

ANSWER_SECONDS = 5
"""How much longer than the server the client waits before it gives the connection up."""


class Limits(NamedTuple):
    """Limits in seconds, 0 for none: of a statement, a lock wait, an idle transaction, and a
    peer that does not respond.
    """

    statement: int = 20
    lock: int = 15
    idle: int = 30
    peer: int = 30

    @property
    def command_seconds(self) -> float | None:
        """How long the client waits for the result of one statement."""
        return self.statement + ANSWER_SECONDS if self.statement else None

    def server_settings(self) -> dict[str, str]:
        """The server settings of a connection."""
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
async def give_up_on_timeout(conn: AsyncConnection) -> AsyncIterator[None]:
    """Terminates the connection after a TimeoutError: a rollback would wait as long again."""
    try:
        yield
    except TimeoutError:
        if conn.dialect.name != "sqlite" and not conn.closed and not conn.invalidated:
            driver = (await conn.get_raw_connection()).driver_connection
            if driver is not None:
                driver.terminate()
        raise
