"""The log of reads: who saw what, when and from which address. Nothing of it is ever changed.

Triggers refuse every update, delete and truncation. A frequent read adds its line to memory, and
the lines are written in groups (`ReadLog.note`); a rare one is answered once its line is committed
(`ReadLog.record`). Of a flood of reads, which only a program makes, those of one bearer become one
line of many units (`Flood`). Which reads leave a line is decided by the routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.cancellation import complete
from services.chassis.clock import Clock
from services.chassis.database.engine import Database, bulk_insert
from services.chassis.errors import DanchuError, DatabaseAway
from services.chassis.messages import message

COUNTED_KEY = BigInteger().with_variant(Integer, "sqlite")
COLUMNS = ("at", "role", "by", "what", "rows", "address", "year", "unit", "units")
GROUP_SECONDS = 0.2
LARGE_GROUP_SECONDS = 0.8
GROUP_MAX = 5_000
LINES_MAX = 250
"""The reads of single units beyond so many lines of a group are a flood."""
AGAIN_SECONDS = 1.0
WAITING_MAX = 100_000
"""So many lines wait in memory at most; then nothing is answered that needs another."""
log = logging.getLogger(__name__)


class ReadsWait(DanchuError):
    """The log of reads cannot be written, and no more lines may wait for it."""

    def __init__(self, number: int) -> None:
        super().__init__(message("reads-wait", number=number))


class Bearer(Protocol):
    """Who reads: the role and the name of a token."""

    @property
    def role(self) -> str:
        """The role."""

    @property
    def name(self) -> str:
        """The name, empty where the token has none."""


class Read(NamedTuple):
    """One line: `units` are the further units of a list, between commas; `rows` their number."""

    at: int
    role: str
    by: str
    what: str
    rows: int
    address: str
    year: int | None = None
    unit: str | None = None
    units: str | None = None


class Selection(NamedTuple):
    """Which lines are asked for: `since` and `until` in microseconds, `subjects` of one unit."""

    year: int | None = None
    by: str | None = None
    since: int | None = None
    until: int | None = None
    what: str | None = None
    subjects: tuple[str, ...] = ()


def reads_table(metadata: MetaData) -> Table:
    """Adds the table `reads` of a service."""
    table = Table(
        "reads", metadata,
        Column("seq", COUNTED_KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("role", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("what", Text, nullable=False),
        Column("rows", Integer, nullable=False),
        Column("address", Text),
        Column("year", Integer),
        Column("unit", Text),
        Column("units", Text),
    )  # fmt: skip
    Index("reads_unit", table.c.unit, table.c.seq)
    Index("reads_by", table.c.by, table.c.seq)
    return table


async def insert(conn: AsyncConnection, reads: Sequence[Read]) -> None:
    """Writes the lines by one statement, whatever their number."""
    if conn.dialect.name != "sqlite":
        await bulk_insert(conn, reads_table(MetaData()), reads, COLUMNS)
        return
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    values = ", ".join(f"value ->> {place}" for place in range(len(COLUMNS)))
    statement = f"INSERT INTO reads ({names}) SELECT {values} FROM json_each(?) ORDER BY key"
    await conn.exec_driver_sql(statement, (msgspec.json.encode(reads).decode(),))


async def page(
    conn: AsyncConnection, selection: Selection, before: int | None, limit: int
) -> list[tuple[int, Read]]:
    """The lines of a selection with their numbers, the newest first, `before` a number."""
    where, values = _conditions(selection)
    if before is not None:
        where.append("seq < :before")
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    select = text(
        f"SELECT seq, {names} FROM reads WHERE {' AND '.join(where) or '1 = 1'} "
        "ORDER BY seq DESC LIMIT :limit"
    )
    rows = await conn.execute(select, {**values, "before": before, "limit": limit})
    return [(row[0], Read(*row[1:])) for row in rows]


def _conditions(selection: Selection) -> tuple[list[str], dict[str, Any]]:
    clauses = {
        "year": "year = :year", "by": '"by" = :by', "since": "at >= :since", "until": "at < :until",
        "what": "what = :what",
    }  # fmt: skip
    values = {name: getattr(selection, name) for name in clauses}
    where = [clause for name, clause in clauses.items() if values[name] is not None]
    units = []
    for number, subject in enumerate(selection.subjects):
        units.append(f"unit = :unit{number} OR units LIKE :units{number}")
        values |= {f"unit{number}": subject, f"units{number}": f"%,{subject},%"}
    if units:
        where.append(f"({' OR '.join(units)})")
    return where, {name: value for name, value in values.items() if value is not None}


@dataclass
class Flood:
    """Many reads of single units by one bearer in a short time: how often each was read."""

    at: int
    bearer: Bearer
    what: str
    address: str
    year: int
    units: dict[str, int] = field(default_factory=dict)

    def line(self) -> Read:
        """All of them as one line, with the time of the first."""
        by, rows = self.bearer.name or self.bearer.role, sum(self.units.values())
        units = f",{','.join(self.units)},"
        return Read(
            self.at, self.bearer.role, by, self.what, rows, self.address, self.year, None, units
        )


@dataclass
class ReadLog:
    """The lines of one process, in groups; `run` writes them until `close`."""

    db: Database
    clock: Clock
    _waiting: list[Read] = field(default_factory=list)
    _floods: dict[tuple[object, ...], Flood] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def note(self, read: Read) -> None:
        """Adds a line that is written soon; ReadsWait where too many wait already."""
        if len(self._waiting) >= WAITING_MAX:
            raise ReadsWait(len(self._waiting))
        self._waiting.append(read)
        self._wake.set()

    def note_unit(self, bearer: Bearer, what: str, address: str, year: int, unit: str) -> None:
        """Adds the read of one unit; it costs little in a flood, and stays exact outside one."""
        if len(self._waiting) < LINES_MAX:
            by = bearer.name or bearer.role
            self.note(Read(self.clock(), bearer.role, by, what, 1, address, year, unit))
            return
        key = (id(bearer), what, address, year)
        flood = self._floods.get(key)
        if flood is None:
            flood = self._floods[key] = Flood(self.clock(), bearer, what, address, year)
        flood.units[unit] = flood.units.get(unit, 0) + 1

    async def record(self, read: Read) -> None:
        """Adds a line, and returns once it is committed; DatabaseAway where it cannot be."""
        self.note(read)
        await self.flush()

    async def flush(self) -> None:
        """Commits every line that waits; DatabaseAway, and they go on waiting, where it fails."""
        await complete(self._flush())

    async def _flush(self) -> None:
        async with self._lock:
            while self._waiting or self._floods:
                self._waiting += [flood.line() for flood in self._floods.values()]
                self._floods.clear()
                reads = self._waiting[:GROUP_MAX]
                async with self.db.write() as conn:
                    await insert(conn, reads)
                del self._waiting[: len(reads)]

    async def run(self) -> None:
        """Writes the lines in groups until it is cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GROUP_SECONDS)
            if self._floods:
                await asyncio.sleep(LARGE_GROUP_SECONDS)
            try:
                await self.flush()
            except DatabaseAway as error:
                fields = {"waiting": len(self._waiting), "error": error.message}
                log.warning("the log of reads waits", extra=fields)
                self._wake.set()
                await asyncio.sleep(AGAIN_SECONDS)

    async def close(self) -> None:
        """Writes what waits; what the database does not take goes into the log of the process."""
        with contextlib.suppress(DatabaseAway):
            await self.flush()
        for read in self._waiting:
            log.error("a read is not in the log of reads", extra={"read": read._asdict()})
