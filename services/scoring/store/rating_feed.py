"""What the feed of ratings announced, and its messages in the outbox.

The outbox has only the last message of each unit's year: an earlier one is deleted once it is sent
and a later one is there, and none is added while the last one is unsent. So it does not grow with
history. The messages belong to no door, since marks count events alone.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.chassis import outbox
from services.chassis.database.engine import select_among
from services.chassis.outbox import RESET, Outgoing
from services.scoring.fold.books import Book

SUBJECTS = "danchu.ratings."
PACE_US = 1_000_000
"""The least time between two messages about a unit's year."""


class Feed(NamedTuple):
    """The state of the feed: how often it announced something, and to which stream."""

    revision: int = 0
    stream_created: int | None = None


class Announced(NamedTuple):
    """What was announced last of a unit's year, in hundredths; `seq` is the row in the outbox."""

    total: int
    version: int
    stage: str
    rated: bool
    seq: int = 0


class Message(NamedTuple):
    """A message to add: the attributes of its event, and what is announced with it."""

    book: Book
    subject: str
    attributes: dict[str, Any]
    announced: Announced


async def load(conn: AsyncConnection) -> Feed:
    """The state of the feed; changed only under the lock of the position."""
    row = (await conn.execute(text("SELECT revision, stream_created FROM rating_feed"))).first()
    return Feed() if row is None else Feed(*row)


async def save(conn: AsyncConnection, feed: Feed) -> None:
    """Saves the state of the feed."""
    await conn.execute(
        text(
            "INSERT INTO rating_feed (id, revision, stream_created) VALUES (1, :revision, :created)"
            " ON CONFLICT (id) DO UPDATE SET revision = :revision, stream_created = :created"
        ),
        {"revision": feed.revision, "created": feed.stream_created},
    )


async def announced(conn: AsyncConnection) -> dict[Book, Announced]:
    """What was announced last of every unit's year."""
    rows = await conn.execute(
        text("SELECT unit, year, total, version, stage, rated, seq FROM announced_ratings")
    )
    return {
        Book(unit, year): Announced(total, version, stage, bool(rated), seq)
        for unit, year, total, version, stage, rated, seq in rows
    }


async def pacing(conn: AsyncConnection, seqs: Collection[int], now: int) -> set[int]:
    """Those of the messages after which the next one must wait: unsent, or sent just now."""
    rows = await select_among(conn, "SELECT seq, sent FROM outbox WHERE seq", seqs, "bigint")
    return {seq for seq, sent in rows if sent is None or 0 <= now - sent < PACE_US}


async def add(
    conn: AsyncConnection, messages: Sequence[Message], earlier: Collection[int], now: int
) -> dict[Book, Announced]:
    """Adds messages to the outbox; `earlier` are those that they replace. The caller has the lock
    of the position, and counts the revision up."""
    await outbox.add(conn, [_outgoing(message, now) for message in messages])
    seqs = await _unsent(conn)
    latest = {m.book: m.announced._replace(seq=seqs[m.subject]) for m in messages}
    await _save_announced(conn, latest)
    await _delete_sent(conn, earlier)
    return latest


def _outgoing(message: Message, now: int) -> Outgoing:
    """The message as a row, whose receipt identifies it in the stream."""
    attributes = message.attributes
    content = envelope.content_of(attributes)
    identity = envelope.identity(attributes["source"], attributes["id"])
    receipt = envelope.receipt(identity, now, content)
    return Outgoing(receipt, message.subject, envelope.body(attributes, now, content), now)


async def _unsent(conn: AsyncConnection) -> dict[str, int]:
    """The last unsent message by its subject."""
    rows = await conn.execute(
        text(
            "SELECT subject, max(seq) FROM outbox WHERE sent IS NULL AND subject LIKE :subjects "
            "GROUP BY subject"
        ),
        {"subjects": f"{SUBJECTS}%"},
    )
    return {row[0]: row[1] for row in rows}


async def _save_announced(conn: AsyncConnection, latest: Mapping[Book, Announced]) -> None:
    await conn.execute(
        text(
            "INSERT INTO announced_ratings (unit, year, total, version, stage, rated, seq) "
            "VALUES (:unit, :year, :total, :version, :stage, :rated, :seq) "
            "ON CONFLICT (unit, year) DO UPDATE SET total = :total, version = :version, "
            "stage = :stage, rated = :rated, seq = :seq"
        ),
        [{**book._asdict(), **entry._asdict()} for book, entry in latest.items()],
    )


async def _delete_sent(conn: AsyncConnection, seqs: Collection[int]) -> None:
    """Deletes messages that were sent; the relay has no lock on them.

    The last row of the outbox is never among them, so SQLite gives no number twice.
    """
    if seqs:
        delete = text("DELETE FROM outbox WHERE seq = :seq AND sent IS NOT NULL")
        await conn.execute(delete, [{"seq": seq} for seq in seqs])


class LastSent(NamedTuple):
    """The message of the feed that was sent last, as the stream has it."""

    stream_seq: int
    receipt: bytes
    generation: int


async def last_sent(conn: AsyncConnection) -> LastSent | None:
    """The message with the greatest sequence in the stream RATINGS; None where none was sent."""
    rows = await conn.execute(
        text(
            "SELECT o.stream_seq, o.receipt, o.generation FROM announced_ratings a "
            "JOIN outbox o ON o.seq = a.seq WHERE o.sent IS NOT NULL "
            "ORDER BY o.stream_seq DESC LIMIT 1"
        )
    )
    row = rows.first()
    return None if row is None else LastSent(row[0], bytes(row[1]), row[2])


async def send_again(conn: AsyncConnection) -> int:
    """Marks the last message of every unit's year as unsent; returns their number."""
    result = await conn.execute(
        text(
            f"UPDATE outbox SET {RESET} WHERE sent IS NOT NULL "
            "AND seq IN (SELECT seq FROM announced_ratings)"
        )
    )
    return int(result.rowcount)
