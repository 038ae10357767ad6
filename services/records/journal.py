"""The journal of a system of record: an append-only log of who did what when.

This module also stores the answers to commands with an Idempotency-Key, and the log of reads of
personal data. Database triggers refuse every update and delete of journal entries and reads.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import read_log
from services.chassis.http.peer import peer_address
from services.chassis.read_log import Read, reads_table
from services.records.announcing import AnnouncedEvent
from services.records.state_machine import Step

COUNTED_KEY = BigInteger().with_variant(Integer, "sqlite")
ANSWERS_KEPT_US = 30 * 86_400_000_000
FORGOTTEN_MAX = 100
ENTRIES_MAX = 1000


class Actor(NamedTuple):
    """Who acted: the role of the token and the name of its holder."""

    role: str
    name: str


class Entry(NamedTuple):
    """One step in the journal; `version` counts the steps of its record from 1."""

    record: str
    version: int
    step: Step
    recorded: int
    by: Actor
    events: tuple[AnnouncedEvent, ...]

    def members(self) -> dict[str, Any]:
        """The members of the entry in JSON, with instants in microseconds."""
        return {
            "version": self.version, "step": self.step.name, "at": self.step.at,
            "recorded": self.recorded, "role": self.by.role, "by": self.by.name,
            "data": dict(self.step.data), "events": [event.short for event in self.events],
            "receipts": [event.receipt for event in self.events],
        }  # fmt: skip


def journal_tables(metadata: MetaData) -> None:
    """Adds the tables `journal`, `answers` and `reads` of a system of record."""
    Table(
        "journal", metadata,
        Column("seq", COUNTED_KEY, primary_key=True),
        Column("record", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("step", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("recorded", BigInteger, nullable=False),
        Column("role", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("data", Text, nullable=False),
        Column("events", Text, nullable=False),
        UniqueConstraint("record", "version"),
    )  # fmt: skip
    answers = Table(
        "answers", metadata,
        Column("key", LargeBinary, primary_key=True),
        Column("request", LargeBinary, nullable=False),
        Column("status", Integer),
        Column("headers", Text),
        Column("body", LargeBinary),
        Column("came", BigInteger, nullable=False),
    )  # fmt: skip
    Index("answers_came", answers.c.came)
    reads_table(metadata)


async def append(
    conn: AsyncConnection, record: str, version: int, step: Step, by: Actor, recorded: int,
    events: Sequence[AnnouncedEvent],
) -> Entry:  # fmt: skip
    """Inserts a step as a version of its record; a unique key refuses a concurrent writer."""
    entry = Entry(record, version, step, recorded, by, tuple(events))
    await conn.execute(
        text(
            'INSERT INTO journal (record, version, step, at, recorded, role, "by", data, events) '
            "VALUES (:record, :version, :step, :at, :recorded, :role, :by, :data, :events)"
        ),
        {
            "record": record, "version": version, "step": step.name, "at": step.at,
            "recorded": recorded, "role": by.role, "by": by.name,
            "data": json.dumps(dict(step.data), ensure_ascii=False),
            "events": json.dumps(events),
        },
    )  # fmt: skip
    return entry


async def entries(conn: AsyncConnection, record: str) -> list[Entry]:
    """The journal of a record, in the order of its steps."""
    select = text(f"{_SELECT} WHERE record = :record ORDER BY version LIMIT {ENTRIES_MAX}")
    return _read(await conn.execute(select, {"record": record}))


async def lock(conn: AsyncConnection, record: str, shared: bool = False) -> None:
    """Takes the advisory lock of a name, usually a record id, until the transaction ends.

    A `shared` lock excludes only exclusive ones. SQLite has one writer and needs no lock.
    """
    if conn.dialect.name == "postgresql":
        kind = "_shared" if shared else ""
        lock = text(f"SELECT pg_advisory_xact_lock{kind}(hashtextextended(:record, 0))")
        await conn.execute(lock, {"record": record})


_SELECT = 'SELECT record, version, step, at, recorded, role, "by", data, events FROM journal'


def _read(rows: Iterable[Any]) -> list[Entry]:
    return [
        Entry(
            row[0], row[1], Step(row[2], row[3], json.loads(row[7])), row[4], Actor(row[5], row[6]),
            tuple(AnnouncedEvent(*event) for event in json.loads(row[8])),
        )
        for row in rows
    ]  # fmt: skip


async def log_read(conn: AsyncConnection, by: Actor, what: str, rows: int, at: int) -> None:
    """Logs a read of personal data: who, what, how many rows, and from which address."""
    await read_log.insert(conn, [Read(at, by.role, by.name, what, rows, peer_address())])


class StoredAnswer(NamedTuple):
    """The stored answer to a command; `status` is None while the command is in progress."""

    request: bytes
    status: int | None
    headers: dict[str, str]
    body: bytes


async def claim_answer(
    conn: AsyncConnection, key: bytes, request: bytes, now: int
) -> StoredAnswer | None:
    """The answer of an earlier command with this key; None if this command is the first.

    The insert waits on the unique key for a concurrent command with the same key.
    """
    claimed = await conn.execute(
        text(
            "INSERT INTO answers (key, request, came) VALUES (:key, :request, :came) "
            "ON CONFLICT (key) DO NOTHING"
        ),
        {"key": key, "request": request, "came": now},
    )
    if claimed.rowcount:
        return None
    select = text("SELECT request, status, headers, body FROM answers WHERE key = :key")
    row = (await conn.execute(select, {"key": key})).one()
    return StoredAnswer(bytes(row[0]), row[1], json.loads(row[2]), bytes(row[3]))


async def save_answer(
    conn: AsyncConnection, key: bytes, status: int, headers: dict[str, str], body: bytes, now: int
) -> None:
    """Stores the answer in the transaction of the command, and deletes some expired ones."""
    await conn.execute(
        text("UPDATE answers SET status = :status, headers = :headers, body = :body "
             "WHERE key = :key"),
        {"key": key, "status": status, "headers": json.dumps(headers), "body": body},
    )  # fmt: skip
    unheld = " FOR UPDATE SKIP LOCKED" if conn.dialect.name == "postgresql" else ""
    old = text(
        "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE came < :before "
        f"ORDER BY came LIMIT {FORGOTTEN_MAX}{unheld})"
    )
    await conn.execute(old, {"before": now - ANSWERS_KEPT_US})
