"""The turn to relay one outbox: reads unsent rows in order of `seq`, and marks sent ones.

One relay at a time has it, in whichever process it runs.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.broker.streams import ID_HEADER
from services.chassis.database.engine import Database
from services.chassis.errors import DatabaseAway
from services.chassis.marks import HEADER

BATCH_MAX = 1000
BATCH_BYTES_MAX = 4 * 2**20


class Row(NamedTuple):
    """One unsent row as the relay reads it."""

    seq: int
    receipt: bytes
    subject: str
    body: bytes
    headers: str | None
    generation: int
    door: str | None = None

    @property
    def message_id(self) -> str:
        """The id for the server's deduplication, which changes when the row is to be sent again."""
        return message_id(self.receipt, self.generation)

    def message_headers(self) -> dict[str, str]:
        """The headers of the message: its own, its id, and the door that recorded it."""
        own: dict[str, str] = json.loads(self.headers) if self.headers else {}
        if self.door is not None:
            own[HEADER] = self.door
        own[ID_HEADER] = self.message_id
        return own

    @property
    def stream(self) -> str:
        """The part of the subject that selects the stream."""
        return self.subject.split(".", 2)[1]


def message_id(receipt: bytes, generation: int) -> str:
    """The id of a message: the receipt, and how often it was marked as unsent again."""
    id_ = bytes(receipt).hex()
    return f"{id_}-{generation}" if generation else id_


class Sent(NamedTuple):
    """A row that the stream acknowledged, and its sequence there."""

    seq: int
    stream_seq: int


UNSENT = (
    "SELECT seq, receipt, subject, body, headers, generation, door FROM outbox "
    f"WHERE sent IS NULL AND seq > 0 ORDER BY seq LIMIT {BATCH_MAX}"
)


def _unsent(after: str, without: Collection[str]) -> str:
    """The statement that selects unsent rows, with a parameter of the driver."""
    others = "".join(f" AND subject NOT LIKE 'danchu.{stream}.%'" for stream in sorted(without))
    return UNSENT.replace("seq > 0", f"seq > {after}{others}")


WRONG_PLANS = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
"""Plans to turn off: with outdated statistics PostgreSQL would sort a whole backlog per batch."""


class Turn:
    """The exclusive right to relay: reads unsent rows and marks them as sent."""

    async def unsent(self, after: int, without: Collection[str]) -> tuple[list[Row], bool]:
        """The next unsent rows after a `seq`, and whether there may be more.

        Those of the streams in `without` are left out.
        """
        raise NotImplementedError

    async def mark(self, rows: Sequence[Sent], now: int, stream_created: int | None) -> None:
        """Marks rows as sent to the stream with this time of creation."""
        raise NotImplementedError


class SqliteTurn(Turn):
    """Without a transaction while publishing, so that the one writer stays free."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def unsent(self, after: int, without: Collection[str]) -> tuple[list[Row], bool]:
        async with self.db.read() as conn:
            select = _unsent("?", without)
            return _bounded((await conn.exec_driver_sql(select, (after,))).all())

    async def mark(self, rows: Sequence[Sent], now: int, stream_created: int | None) -> None:
        update = (
            "UPDATE outbox SET sent = ?, stream_seq = ?, "
            "stream_created = CASE WHEN door IS NOT NULL THEN ? END WHERE seq = ?"
        )
        values = [(now, row.stream_seq, stream_created, row.seq) for row in rows]
        async with self.db.write() as conn:
            await conn.exec_driver_sql(update, values)


class PostgresTurn(Turn):
    """Keeps the rows locked in one transaction until they are marked."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn

    async def unsent(self, after: int, without: Collection[str]) -> tuple[list[Row], bool]:
        select = _unsent("$1", without) + " FOR UPDATE SKIP LOCKED"
        return _bounded((await self.conn.exec_driver_sql(select, (after,))).all())

    async def mark(self, rows: Sequence[Sent], now: int, stream_created: int | None) -> None:
        update = (
            "UPDATE outbox SET sent = $1, stream_seq = placed.place, "
            "stream_created = CASE WHEN door IS NOT NULL THEN $4::bigint END "
            "FROM unnest($2::bigint[], $3::bigint[]) AS placed(seq, place) "
            "WHERE outbox.seq = placed.seq"
        )
        seqs, places = [row.seq for row in rows], [row.stream_seq for row in rows]
        await self.conn.exec_driver_sql(update, (now, seqs, places, stream_created))


def _bounded(rows: Sequence[Any]) -> tuple[list[Row], bool]:
    """The first rows that fit into a batch, at least one; whether there are more."""
    batch: list[Row] = []
    size = 0
    for columns in rows:
        row = Row(*columns)
        size += len(row.body)
        if batch and size > BATCH_BYTES_MAX:
            break
        batch.append(row)
    return batch, len(batch) < len(rows) or len(rows) == BATCH_MAX


@contextlib.asynccontextmanager
async def turn_of(db: Database) -> AsyncIterator[Turn | None]:
    """The turn to relay the outbox of a database; None while another relay has it."""
    if db.sqlite:
        with _file_lock(f"{db.file}.relay") as mine:
            yield SqliteTurn(db) if mine else None
        return
    async with db.write() as conn:
        for plan in WRONG_PLANS:
            await conn.execute(text(f"SET LOCAL {plan} = off"))
        lock = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
        got = (await conn.execute(lock, {"name": f"{db.schema} relay"})).scalar()
        yield PostgresTurn(conn) if got else None


@contextlib.contextmanager
def _file_lock(path: str) -> Iterator[bool]:
    """Whether this process got the lock, which the system releases when the process dies."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as away:  # too many open files or a full disk: transient
        raise DatabaseAway(away) from away
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
