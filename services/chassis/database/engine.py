"""The database of a service: a SQLite file (one writer, WAL, FULL) or a PostgreSQL schema.

`write()` is one transaction, committed when its block succeeds; `read()` never writes. SQL belongs
to the `store`, `queries` and `tables` of each service.
"""

import asyncio
import contextlib
import copy
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from services.chassis.cancellation import complete
from services.chassis.database.disk_room import DiskRoom
from services.chassis.database.driver_errors import translate_driver_errors
from services.chassis.database.durability import check_durability
from services.chassis.database.limits import LIMITED, PATIENT, Limits, give_up_on_timeout
from services.chassis.database.liveness import ask_the_idle
from services.chassis.database.loop_connection import LOOP_BUSY_SECONDS, connect_in_loop
from services.chassis.database.pool_metrics import observe_pool
from services.chassis.database.reconnection import log_reconnection
from services.chassis.database.single_value import FileValueReader, ServerValueReader
from services.chassis.database.thread_connection import connect_in_thread
from services.chassis.database.url import split
from services.chassis.driver_rows import (
    BUSY_SECONDS,
    FileRows,
    FileSource,
    Row,
    Rows,
    ServerRows,
    ServerSource,
    Source,
)
from services.chassis.errors import DiskFull, StateNotMigrated
from services.chassis.migrations import is_current

READERS = 8
CONNECT_SECONDS = 10
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768", "temp_store=MEMORY")
QUERY_ONLY = ("query_only=ON",)
LOCKED_TRIES = 100
SETTINGS = "server_settings"
Fence = Callable[[AsyncConnection], Awaitable[None]]
"""Called at the beginning of each write transaction; it raises DatabaseAway to prevent it."""
ONE_PROCESS = {"max_parallel_workers_per_gather": "0"}
"""For other processes that read: there is one for each core already."""
SQLALCHEMY_OWN = "prepared_statement_"
"""The prefix of options that SQLAlchemy handles itself and the driver does not know."""


class Database:
    """The engines of one service; `schema` names its schema on PostgreSQL."""

    fence: Fence | None = None

    def __init__(self, url: str, schema: str, limits: Limits = LIMITED) -> None:
        plain, self._arguments = split(url)
        self._source_url, self.limits = url, limits
        self.url, self.schema = make_url(plain), schema
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            self.file = Path(self.url.database or f"{schema}.db")
            self._writer = self._sqlite_engine("BEGIN IMMEDIATE", 1, ())
            self._reader = self._sqlite_engine("BEGIN", READERS, QUERY_ONLY)
            self._short_reader = self._sqlite_engine("BEGIN", READERS, QUERY_ONLY, in_loop=True)
            observe_pool(self._writer.sync_engine, f"{schema} writer", 1)
            observe_pool(self._reader.sync_engine, f"{schema} reader", READERS)
            observe_pool(self._short_reader.sync_engine, f"{schema} short reader", READERS)
            self._value_reader: FileValueReader | ServerValueReader = FileValueReader(
                self.file, BUSY_SECONDS
            )
        else:
            self._writer = self._reader = self._short_reader = self._postgres_engine()
            observe_pool(self._reader.sync_engine, schema, 2 * READERS)
            self._value_reader = ServerValueReader(self._reader, limits.command_seconds)
        self.room = DiskRoom(self.where, self.file.parent if self.sqlite else None)

    def _sqlite_engine(
        self, begin: str, size: int, pragmas: tuple[str, ...], in_loop: bool = False
    ) -> AsyncEngine:
        engine = create_async_engine(
            self.url, pool_size=size, max_overflow=0, pool_timeout=BUSY_SECONDS,
            hide_parameters=True, connect_args={
                "timeout": LOOP_BUSY_SECONDS if in_loop else BUSY_SECONDS,
                "async_creator_fn": connect_in_loop if in_loop else connect_in_thread,
            },
        )  # fmt: skip

        def on_connect(dbapi: Any, _: object) -> None:
            cursor = dbapi.cursor()
            for pragma in (*SQLITE_PRAGMAS, *pragmas):
                _set(cursor, pragma)
            cursor.close()

        event.listen(engine.sync_engine, "connect", on_connect)
        event.listen(engine.sync_engine, "begin", lambda conn: conn.exec_driver_sql(begin))
        return engine

    def _postgres_engine(self) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=READERS,
            max_overflow=READERS,
            pool_timeout=BUSY_SECONDS,
            hide_parameters=True,
            connect_args=self._driver_arguments,
        )
        ask_the_idle(engine.sync_engine)
        log_reconnection(engine.sync_engine, self.schema)
        return engine

    @property
    def _driver_arguments(self) -> dict[str, Any]:
        return {
            "timeout": CONNECT_SECONDS, "command_timeout": self.limits.command_seconds,
            **self._arguments, SETTINGS: self._server_settings,
        }  # fmt: skip

    @property
    def _server_settings(self) -> dict[str, str]:
        return {
            "application_name": f"danchu {self.schema}",
            **self.limits.server_settings(),
            **self._arguments.get(SETTINGS, {}),
            "search_path": f'"{self.schema}"',
        }

    def source(self, *off: str) -> Source:
        """How another process connects to the same data for reading; it may contain a password.

        `off` are PostgreSQL settings that its connections turn off.
        """
        if self.sqlite:
            return FileSource(str(self.file))
        _, arguments = self._reader.dialect.create_connect_args(self.url)
        of_driver = {k: v for k, v in arguments.items() if not k.startswith(SQLALCHEMY_OWN)}
        connect = of_driver | {k: v for k, v in self._driver_arguments.items() if k != SETTINGS}
        settings = {**self._server_settings, **ONE_PROCESS, **dict.fromkeys(off, "off")}
        return ServerSource(connect, settings)

    @property
    def where(self) -> str:
        """The location of the data, for messages, without a password."""
        return str(self.file) if self.sqlite else self.url.render_as_string(hide_password=True)

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One read-write transaction; DatabaseAway or DiskFull when it fails for such a reason."""
        try:
            with translate_driver_errors(self.where):
                async with self._writer.begin() as conn, give_up_on_timeout(conn):
                    if self.fence is not None:
                        await self.fence(conn)
                    yield conn
        except DiskFull as failure:
            self.room.note(failure)
            raise

    @contextlib.asynccontextmanager
    async def read(self, short: bool = False) -> AsyncIterator[AsyncConnection]:
        """A read-only connection that sees one consistent snapshot of the data.

        On SQLite the loop itself does what is `short`: reads few pages of the file, by indexes.
        """
        engine = self._short_reader if short else self._reader
        with translate_driver_errors(self.where):
            async with engine.connect() as conn:
                if not self.sqlite:
                    await conn.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                async with give_up_on_timeout(conn):
                    yield conn

    @contextlib.asynccontextmanager
    async def patient(self) -> AsyncIterator["Database"]:
        """The same database without time limits, for long work."""
        if self.sqlite or self.limits == PATIENT:
            yield self
            return
        other = Database(self._source_url, self.schema, PATIENT)
        other.fence = self.fence
        try:
            yield other
        finally:
            await other.close()

    def fenced(self, fence: Fence | None) -> "Database":
        """The same database and connections, whose write transactions call `fence` first."""
        fenced = copy.copy(self)
        fenced.fence = fence
        return fenced

    async def single_value(self, statement: str) -> Any:
        """The latest value of a statement that reads one row and one column; or DatabaseAway."""
        with translate_driver_errors(self.where):
            return await self._value_reader.value(statement)

    async def check(self) -> None:
        """Returns if the database answers; DatabaseAway otherwise."""
        async with self.read() as conn:
            await conn.execute(text("SELECT 1"))

    async def disk(self) -> str:
        """For health checks: DiskFull if nothing can be written."""
        self.room.check()
        return "has room"

    async def open(self, script_location: Path | None = None, exact: bool = False) -> None:
        """Connects once; refuses weak durability, and a schema that this code does not work on.

        With `exact` also a later one that supports this code, for who reads all that there is.
        """
        if self.sqlite:
            if script_location is not None and not self.file.exists():
                raise StateNotMigrated(self.where)
            self.file.parent.mkdir(parents=True, exist_ok=True)
        async with self.write() as conn:
            await check_durability(conn)
            if script_location is None:
                return
            if not await conn.run_sync(is_current, script_location, self.where, exact):
                raise StateNotMigrated(self.where)

    async def close(self) -> None:
        """Closes every connection, also when it is cancelled meanwhile."""
        await complete(self._close())

    async def _close(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._reader.dispose)
            stack.push_async_callback(self._short_reader.dispose)
            stack.push_async_callback(self._writer.dispose)
            stack.push_async_callback(self._value_reader.close)


def _set(cursor: Any, pragma: str) -> None:
    """Sets a pragma, with retries: the first change to WAL ignores the busy timeout."""
    for attempt in range(LOCKED_TRIES):
        try:
            cursor.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as locked:
            if "locked" not in str(locked) or attempt == LOCKED_TRIES - 1:
                raise
            await_only(asyncio.sleep(0.01))
        else:
            return


async def bulk_insert(
    conn: AsyncConnection,
    table: Table,
    rows: Sequence[tuple[Any, ...]],
    columns: Sequence[str] | None = None,
) -> None:
    """Inserts rows in the fastest way of the database, within the transaction of `conn`.

    `columns` are the names in the order of the tuples; by default all but generated keys.
    """
    if not rows:
        return
    names = list(columns or (c.name for c in table.columns if c is not table.autoincrement_column))
    if conn.dialect.name == "sqlite":
        marks = ",".join("?" * len(names))
        insert = f"INSERT INTO {table.name} ({','.join(names)}) VALUES ({marks})"
        await conn.exec_driver_sql(insert, list(rows))
        return
    driver = await _driver(conn)
    await driver.copy_records_to_table(table.name, records=rows, columns=names)


async def _driver(conn: AsyncConnection) -> Any:
    """The driver's own connection, within the transaction of `conn`, which it begins if needed."""
    driver: Any = (await conn.get_raw_connection()).driver_connection
    if not (driver.in_transaction if conn.dialect.name == "sqlite" else driver.is_in_transaction()):
        await conn.exec_driver_sql("SELECT 1")
    return driver


async def rows_of(conn: AsyncConnection) -> Rows:
    """Bulk reads on a connection, within its transaction."""
    driver = await _driver(conn)
    return FileRows(driver) if conn.dialect.name == "sqlite" else ServerRows(driver)


async def select_among(
    conn: AsyncConnection, select: str, values: Collection[Any], kind: str
) -> Sequence[Row]:
    """The rows of `select` whose last named column is one of `values`, of SQL type `kind`."""
    return await (await rows_of(conn)).among(select, values, kind)
