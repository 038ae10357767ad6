"""The transactional outbox: rows committed together with the data that they announce.

`relay` brings them to JetStream afterwards. Rows are kept after they were sent, so that the
stream can be rebuilt from them.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database import bulk_insert

COLUMNS = ("receipt", "subject", "body", "headers", "recorded", "generation")


def outbox_table(metadata: MetaData) -> Table:
    """The outbox of a service, for its `tables.py`. Instants are microseconds."""
    table = Table(
        "outbox", metadata,
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("receipt", LargeBinary, nullable=False),
        Column("subject", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("headers", Text),
        Column("recorded", BigInteger, nullable=False),
        Column("sent", BigInteger),
        Column("stream_seq", BigInteger),
        Column("generation", Integer, nullable=False, server_default="0"),
    )  # fmt: skip
    unsent = text("sent IS NULL")
    Index("outbox_unsent", table.c.seq, postgresql_where=unsent, sqlite_where=unsent)
    Index("outbox_recorded", table.c.recorded)
    return table


class Outgoing(NamedTuple):
    """A message to publish: `receipt` is its identity for ever, `recorded` in microseconds."""

    receipt: bytes
    subject: str
    body: bytes
    recorded: int
    headers: dict[str, str] | None = None


class Waiting(NamedTuple):
    """What is committed and not yet acknowledged by the stream."""

    waiting: int
    oldest_seconds: float

    def shown(self) -> dict[str, int | float]:
        """As operators see it."""
        return {"waiting": self.waiting, "oldest_seconds": round(self.oldest_seconds, 3)}


_TABLE = outbox_table(MetaData())


async def add(conn: AsyncConnection, rows: Sequence[Outgoing]) -> None:
    """Puts messages into the outbox, in the order given, within the caller's transaction."""
    made = [
        (r.receipt, r.subject, r.body, json.dumps(r.headers) if r.headers else None, r.recorded, 0)
        for r in rows
    ]
    await bulk_insert(conn, _TABLE, made, COLUMNS)


async def waiting(conn: AsyncConnection, now: int) -> Waiting:
    """How many messages wait for the stream and for how long the oldest does."""
    count = await conn.execute(text("SELECT count(*) FROM outbox WHERE sent IS NULL"))
    oldest = await conn.execute(
        text("SELECT recorded FROM outbox WHERE sent IS NULL ORDER BY seq LIMIT 1")
    )
    since = oldest.scalar()
    age = 0.0 if since is None else max(0, now - int(since)) / 1e6
    return Waiting(int(count.scalar() or 0), age)


async def sent(
    conn: AsyncConnection, subjects: str, after: int, until: int, limit: int
) -> list[tuple[int, bytes]]:
    """(seq, body) of messages that the stream has at or before its sequence `until`.

    Of subjects that begin with `subjects`, with a `seq` greater than `after`, in order.
    """
    rows = await conn.execute(
        text(
            "SELECT seq, body FROM outbox WHERE seq > :after AND sent IS NOT NULL "
            "AND stream_seq <= :until AND subject LIKE :subjects ORDER BY seq LIMIT :limit"
        ),
        {"after": after, "until": until, "subjects": f"{subjects}%", "limit": limit},
    )
    return [(int(row[0]), bytes(row[1])) for row in rows]


async def count(conn: AsyncConnection, subjects: str) -> int:
    """How many messages the outbox ever took, of subjects that begin so."""
    select = text("SELECT count(*) FROM outbox WHERE subject LIKE :subjects")
    return int((await conn.execute(select, {"subjects": f"{subjects}%"})).scalar() or 0)


async def resend(conn: AsyncConnection, since: int) -> int:
    """Marks what was recorded from `since` on as unsent again, under a new message id."""
    done = await conn.execute(
        text(
            "UPDATE outbox SET sent = NULL, stream_seq = NULL, generation = generation + 1 "
            "WHERE recorded >= :since AND sent IS NOT NULL"
        ),
        {"since": since},
    )
    return int(done.rowcount)
