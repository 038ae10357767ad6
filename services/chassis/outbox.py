"""The transactional outbox: messages committed together with the data that they announce.

`relay` publishes them to JetStream. Sent rows are kept, so that the stream can be rebuilt.
"""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import with_recordedtime
from services.chassis import door as recording
from services.chassis.database.engine import bulk_insert

FOR_EVER = 2**62
COLUMNS = (
    "receipt", "subject", "body", "headers", "recorded", "generation", "door", "ordinal",
)  # fmt: skip


def outbox_table(metadata: MetaData) -> Table:
    """The outbox and door tables, for the `tables.py` of a service. Instants are microseconds."""
    recording.door_table(metadata)
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
        Column("door", Text),
        Column("ordinal", BigInteger),
        Column("stream_created", BigInteger),
    )  # fmt: skip
    unsent = text("sent IS NULL")
    Index("outbox_unsent", table.c.seq, postgresql_where=unsent, sqlite_where=unsent)
    Index("outbox_recorded", table.c.recorded)
    Index("outbox_placed", table.c.stream_created, table.c.stream_seq)
    return table


class Outgoing(NamedTuple):
    """A message to publish: `receipt` is its permanent identity, `recorded` in microseconds.

    An event has the `door` that recorded it and its `ordinal` among all events of that door.
    """

    receipt: bytes
    subject: str
    body: bytes
    recorded: int
    headers: dict[str, str] | None = None
    door: str | None = None
    ordinal: int | None = None


class Draft(NamedTuple):
    """An event to record: `body` encodes it with its timestamp."""

    receipt: bytes
    subject: str
    body: Callable[[int], bytes]
    headers: dict[str, str] | None = None


class Backlog(NamedTuple):
    """The committed messages that the stream has not acknowledged yet."""

    waiting: int
    oldest_seconds: float

    def members(self) -> dict[str, int | float]:
        """The members of a JSON answer."""
        return {"waiting": self.waiting, "oldest_seconds": round(self.oldest_seconds, 3)}


_TABLE = outbox_table(MetaData())


async def add(conn: AsyncConnection, rows: Sequence[Outgoing]) -> None:
    """Inserts messages into the outbox, in order, within the caller's transaction."""
    values = [
        (r.receipt, r.subject, r.body, json.dumps(r.headers) if r.headers else None, r.recorded, 0,
         r.door, r.ordinal)
        for r in rows
    ]  # fmt: skip
    await bulk_insert(conn, _TABLE, values, COLUMNS)


async def record(conn: AsyncConnection, drafts: Sequence[Draft], now: int) -> None:
    """Records events, in order, each with its own timestamp: the last step before the commit.

    It locks the door, so no other transaction of this database records until this one ends.
    """
    if not drafts:
        return
    door, first, ordinal = await recording.stamp(conn, now, len(drafts))
    rows = [
        Outgoing(
            draft.receipt, draft.subject, draft.body(first + number), first + number,
            draft.headers, door, ordinal + number,
        )
        for number, draft in enumerate(drafts)
    ]  # fmt: skip
    await add(conn, rows)


async def backlog(conn: AsyncConnection, now: int) -> Backlog:
    """The number of unsent messages, and the age of the oldest."""
    count = await conn.execute(text("SELECT count(*) FROM outbox WHERE sent IS NULL"))
    oldest = await conn.execute(
        text("SELECT recorded FROM outbox WHERE sent IS NULL ORDER BY seq LIMIT 1")
    )
    since = oldest.scalar()
    age = 0.0 if since is None else max(0, now - int(since)) / 1e6
    return Backlog(int(count.scalar() or 0), age)


class Entry(NamedTuple):
    """A row of the outbox, as audits compare it."""

    seq: int
    receipt: bytes
    body: bytes
    is_sent: bool
    recorded: int
    door: str | None


async def messages(
    conn: AsyncConnection, subjects: str, after: int, limit: int, until: int = FOR_EVER
) -> list[Entry]:
    """The next messages after a `seq`, recorded before `until`, by the prefix of their subject."""
    rows = await conn.execute(
        text(
            "SELECT seq, receipt, body, sent, recorded, door FROM outbox WHERE seq > :after "
            "AND subject LIKE :subjects AND recorded < :until ORDER BY seq LIMIT :limit"
        ),
        {"after": after, "subjects": f"{subjects}%", "limit": limit, "until": until},
    )
    return [
        Entry(row[0], bytes(row[1]), bytes(row[2]), row[3] is not None, row[4], row[5])
        for row in rows
    ]


async def count(conn: AsyncConnection, subjects: str) -> int:
    """The number of all messages, sent or not, by the prefix of their subject."""
    select = text("SELECT count(*) FROM outbox WHERE subject LIKE :subjects")
    return int((await conn.execute(select, {"subjects": f"{subjects}%"})).scalar() or 0)


async def resend(conn: AsyncConnection, since: int) -> int:
    """Marks messages recorded from `since` on as unsent again, with new message ids."""
    result = await conn.execute(
        text(f"UPDATE outbox SET {RESET} WHERE recorded >= :since AND sent IS NOT NULL"),
        {"since": since},
    )
    return int(result.rowcount)


class Group(NamedTuple):
    """The events that were sent to one stream, known by its time of creation, or by None for rows
    of earlier versions that did not store it."""

    stream_created: int | None

    @property
    def condition(self) -> str:
        """The SQL condition of its rows."""
        if self.stream_created is None:
            return "stream_created IS NULL AND subject LIKE 'danchu.events.%'"
        return f"stream_created = {int(self.stream_created)}"


class Place(NamedTuple):
    """A sent row and its sequence in the stream."""

    stream_seq: int
    receipt: bytes
    generation: int


async def last_place(conn: AsyncConnection, group: Group, until: int) -> Place | None:
    """The last sent row of a group up to a sequence of the stream."""
    select = (
        f"SELECT stream_seq, receipt, generation FROM outbox WHERE {group.condition} "
        "AND stream_seq <= :until ORDER BY stream_seq DESC LIMIT 1"
    )
    row = (await conn.execute(text(select), {"until": until})).first()
    return None if row is None else Place(row[0], bytes(row[1]), row[2])


async def is_placed_after(conn: AsyncConnection, group: Group, place: int) -> bool:
    """Whether a row of a group was sent to a later sequence of the stream."""
    select = f"SELECT 1 FROM outbox WHERE {group.condition} AND stream_seq > :place LIMIT 1"
    return (await conn.execute(text(select), {"place": place})).first() is not None


async def of_other_streams(conn: AsyncConnection, stream_created: int, limit: int) -> list[int]:
    """The `seq` of some rows that were sent to another stream."""
    select = text(
        "SELECT seq FROM outbox WHERE stream_created < :created "
        "UNION ALL SELECT seq FROM outbox WHERE stream_created > :created LIMIT :limit"
    )
    rows = await conn.execute(select, {"created": stream_created, "limit": limit})
    return [int(row[0]) for row in rows]


RESET = "sent = NULL, stream_seq = NULL, stream_created = NULL, generation = generation + 1"


async def unsend(conn: AsyncConnection, seqs: Sequence[int]) -> None:
    """Marks rows as unsent again, with new message ids."""
    if conn.dialect.name == "sqlite":
        update = f"UPDATE outbox SET {RESET} WHERE seq = ?"
        await conn.exec_driver_sql(update, [(seq,) for seq in seqs])
    else:
        update = f"UPDATE outbox SET {RESET} WHERE seq = ANY($1::bigint[])"
        await conn.exec_driver_sql(update, (list(seqs),))


async def unsend_after(conn: AsyncConnection, group: Group, place: int) -> None:
    """Marks as unsent the rows of a group that were sent to later sequences."""
    update = f"UPDATE outbox SET {RESET} WHERE {group.condition} AND stream_seq > :place"
    await conn.execute(text(update), {"place": place})


async def resend_door(conn: AsyncConnection, door: str, after: int) -> int:
    """Marks the events that a door recorded after an instant as unsent again."""
    update = (
        f"UPDATE outbox SET {RESET} WHERE recorded > :after AND door = :door AND sent IS NOT NULL"
    )
    return int((await conn.execute(text(update), {"after": after, "door": door})).rowcount)


async def relabel(conn: AsyncConnection, former: str, name: str, after: int) -> int:
    """Moves the events of a door after an instant to another door, unsent; their number."""
    counted = text(
        "SELECT count(*), min(ordinal) FROM outbox WHERE recorded > :after AND door = :former"
    )
    number, first = (await conn.execute(counted, {"after": after, "former": former})).one()
    update = (
        f"UPDATE outbox SET {RESET}, door = :name, ordinal = ordinal - :before "
        "WHERE recorded > :after AND door = :former"
    )
    values = {"name": name, "before": (first or 1) - 1, "after": after, "former": former}
    await conn.execute(text(update), values)
    return int(number)


async def unsent_instants(conn: AsyncConnection, door: str) -> list[tuple[int, int]]:
    """(seq, instant) of the unsent events of a door, in order."""
    select = text(
        "SELECT seq, recorded FROM outbox WHERE sent IS NULL AND door = :door ORDER BY ordinal"
    )
    return [(row[0], row[1]) for row in await conn.execute(select, {"door": door})]


async def rerecord(conn: AsyncConnection, seq: int, recorded: int) -> None:
    """Changes the timestamp of an event that was never sent, in its body too."""
    select = text("SELECT body FROM outbox WHERE seq = :seq")
    body = bytes((await conn.execute(select, {"seq": seq})).scalar_one())
    await conn.execute(
        text("UPDATE outbox SET body = :body, recorded = :recorded WHERE seq = :seq"),
        {"body": with_recordedtime(body, recorded), "recorded": recorded, "seq": seq},
    )
