"""The lease of the fold: of all processes on one database, one at most holds it.

On PostgreSQL it is an advisory lock of a session that the server itself ends once it has been idle
for some seconds: a holder that hangs, or is cut off, loses it without doing anything. A thread
keeps the session in use, so that a long computation does not lose it. Each write transaction of the
holder leaves a mark and then looks whether the lease is still its own (`fence`). The next holder
first ends the marked transactions of earlier ones, and a transaction that begins later fails.

On SQLite it is the lock of a file, which the system releases when the process dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import threading
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database, Fence
from services.chassis.driver_rows import FAILED, ServerSource
from services.chassis.errors import DatabaseAway
from services.scoring.messages import message

log = logging.getLogger(__name__)

IDLE_SECONDS = 4
"""The server ends the session of a holder that has sent nothing for so long."""
RENEW_SECONDS = 0.5
ANSWER_SECONDS = 3.0
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0
END_MILLISECONDS = 1000
LEASE = 0
"""The number of the lease among the advisory locks of the fold; a mark has that of its session."""
THIS_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
MARKS = f"FROM pg_locks WHERE locktype = 'advisory' AND database = {THIS_DATABASE} AND objsubid = 2"


class LeaseMoved(DatabaseAway):
    """This process does not hold the lease of the fold; nothing was written."""

    def __init__(self) -> None:
        super().__init__("")
        self.message = message("lease-moved")
        self.args = (self.message,)


class Lease(Protocol):
    """The lease as the fold uses it: `request` it, wait for its `acquisition`, then its `loss`."""

    @property
    def movable(self) -> bool:
        """Whether another process can take it over while this one runs."""

    @property
    def fence(self) -> Fence | None:
        """What each write transaction of the holder calls first."""

    def request(self, requested: bool) -> None:
        """Tries to take it from now on, or gives it up."""

    def pulse(self) -> None:
        """Confirms that the process which holds it works."""

    async def acquisition(self) -> None:
        """Returns once this process holds it."""

    async def loss(self) -> None:
        """Returns once this process does not hold it."""

    async def close(self) -> None:
        """Gives it up for good."""


def lease_of(db: Database, patience: float) -> Lease:
    """The lease on a database; `patience` is how long its holder may go without a pulse."""
    source = db.source()
    if isinstance(source, ServerSource):
        return ServerLease(source, db.schema, patience)
    return FileLease(Path(f"{db.file}.fold"))


@dataclass
class FileLease:
    """The lease on SQLite; a holder that hangs keeps it until it is killed."""

    file: Path
    movable: bool = False
    fence: Fence | None = None
    _handle: int | None = None

    def request(self, requested: bool) -> None:
        """It is tried for by `acquisition` alone."""

    def pulse(self) -> None:
        """The system knows whether the process lives."""

    async def acquisition(self) -> None:
        """Returns once this process holds it."""
        while not self._is_locked():
            await asyncio.sleep(RENEW_SECONDS)

    def _is_locked(self) -> bool:
        if self._handle is not None:
            return True
        try:
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as away:  # too many open files or a full disk: transient
            log.warning("the lease of the fold cannot be taken", extra={"error": str(away)})
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    async def loss(self) -> None:
        """Never: the process dies with it."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Gives it up for good."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@dataclass
class ServerLease:
    """The lease on PostgreSQL, kept by a thread with an event loop of its own."""

    source: ServerSource
    schema: str
    patience: float
    movable: bool = True
    session: int | None = None
    """The process id of the server's session that holds it, while this process does."""
    _requested: bool = False
    _closed: bool = False
    _pulse: float = field(default_factory=time.monotonic)
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _change: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._number = zlib.crc32(f"danchu {self.schema} fold".encode()) & 0x7FFFFFFF

    def request(self, requested: bool) -> None:
        """Tries to take it from now on, or gives it up."""
        self._requested = requested
        if requested and self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="fold lease", daemon=True)
            self._thread.start()

    def pulse(self) -> None:
        """Confirms that the process which holds it works."""
        self._pulse = time.monotonic()

    async def acquisition(self) -> None:
        """Returns once this process holds it."""
        while self.session is None:
            self._change.clear()
            await self._change.wait()

    async def loss(self) -> None:
        """Returns once this process does not hold it."""
        while self.session is not None:
            self._change.clear()
            await self._change.wait()

    async def close(self) -> None:
        """Gives it up for good."""
        self._closed = True
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_SECONDS + ANSWER_SECONDS)

    async def fence(self, conn: AsyncConnection) -> None:
        """Marks the transaction as the holder's, and raises LeaseMoved if the lease has moved."""
        session = self.session
        if session is None:
            raise LeaseMoved()
        lock = text("SELECT pg_advisory_xact_lock_shared(:number, :session)")
        await conn.execute(lock, {"number": self._number, "session": session})
        # after the mark: the next holder has ended this session or finds the mark
        grant = text(
            f"SELECT count(*) {MARKS} AND classid = CAST(:number AS oid) "
            f"AND objid = CAST({LEASE} AS oid) AND pid = :session AND granted"
        )
        values = {"number": self._number, "session": session}
        if not (await conn.execute(grant, values)).scalar():
            raise LeaseMoved()

    def _run(self) -> None:
        asyncio.run(self._try_for_ever())

    async def _try_for_ever(self) -> None:
        while not self._closed:
            if self._requested:
                try:
                    async with self._connection() as conn:
                        await self._take(conn)
                except (*FAILED, TimeoutError) as away:
                    log.warning("the lease of the fold has no session", extra={"error": str(away)})
            await asyncio.sleep(RENEW_SECONDS)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        settings = {**self.source.settings, "idle_session_timeout": f"{IDLE_SECONDS}s"}
        async with asyncio.timeout(CONNECT_SECONDS):
            conn = await asyncpg.connect(**self.source.connect, server_settings=settings)
        try:
            yield conn
        finally:
            self._tell(None)
            with contextlib.suppress(*FAILED, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await conn.close()
            conn.terminate()

    def _is_kept(self) -> bool:
        works = time.monotonic() - self._pulse < self.patience
        return self._requested and not self._closed and works

    async def _take(self, conn: Any) -> None:
        """Waits for the lease on a session, and keeps it."""
        take = f"SELECT pg_try_advisory_lock({self._number}, {LEASE})"
        while not await self._value(conn, take):
            await asyncio.sleep(RENEW_SECONDS)
            if not self._is_kept():
                return
        session = conn.get_server_pid()
        await self._end_earlier(conn, session)
        self._tell(session)
        while self._is_kept():
            await asyncio.sleep(RENEW_SECONDS)
            await self._value(conn, "SELECT 1")

    async def _end_earlier(self, conn: Any, session: int) -> None:
        """Ends the transactions of earlier holders, which may keep locks while they hang."""
        end = (
            f"SELECT count(pg_terminate_backend(pid, {END_MILLISECONDS})) {MARKS} "
            f"AND classid = {self._number} AND objid NOT IN ({LEASE}, {session})"
        )
        try:
            ended = await self._value(conn, end)
        except asyncpg.InsufficientPrivilegeError:
            log.warning("the transactions of the earlier holder end by their time limit")
            return
        if ended:
            log.warning("transactions of an earlier holder were ended", extra={"number": ended})

    async def _value(self, conn: Any, statement: str) -> Any:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await conn.fetchval(statement)

    def _tell(self, session: int | None) -> None:
        """Passes a change to the event loop of the process, unless that has ended."""
        self.session = session
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._change.set)
