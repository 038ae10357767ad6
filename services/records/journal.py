"""The journal of a system of record: who did what when, append-only, and nothing is ever edited.

Beside it stand the answers to commands that carried an Idempotency-Key, and the reads of
person-level rows. Triggers refuse to change or delete entries and reads, whoever asks.
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

from services.records.announcing import AnnouncedEvent
from services.records.state_machine import Step

COUNTED_KEY = BigInteger().with_variant(Integer, "sqlite")
ANSWERS_KEPT_US = 30 * 86_400_000_000
FORGOTTEN_MAX = 100
ENTRIES_MAX = 1000


class Actor(NamedTuple):
    """Who did something: the role of the token and whom it was given to."""

    role: str
    name: str


class Entry(NamedTuple):
    """One step as it stands in the journal; `version` counts the steps of its record."""

    record: str
    version: int
    step: Step
    recorded: int
    by: Actor
    events: tuple[AnnouncedEvent, ...]

    def members(self) -> dict[str, Any]:
        """The entry as JSON has it, instants in microseconds."""
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
    Table(
        "reads", metadata,
        Column("seq", COUNTED_KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("role", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("what", Text, nullable=False),
        Column("rows", Integer, nullable=False),
    )  # fmt: skip


APPEND_ONLY = ("journal", "reads")


def append_only(dialect: str) -> list[str]:
    """The statements of a migration that make journal and reads append-only."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in APPEND_ONLY
            for what in ("update", "delete")
        ]
    refuse = (
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    return [refuse] + [
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        for table in APPEND_ONLY
    ]


async def append(
    conn: AsyncConnection, record: str, version: int, step: Step, by: Actor, recorded: int,
    events: Sequence[AnnouncedEvent],
) -> Entry:  # fmt: skip
    """Writes the step as this version of its record; the unique key refuses a second writer."""
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
    """The steps of a record in their order."""
    select = text(f"{_SELECT} WHERE record = :record ORDER BY version LIMIT {ENTRIES_MAX}")
    return _read(await conn.execute(select, {"record": record}))


async def lock(conn: AsyncConnection, record: str, shared: bool = False) -> None:
    """Keeps other writers away from a record until the transaction ends.

    `shared` keeps only those away who do not share it.
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
    """Remembers that somebody read person-level rows."""
    await conn.execute(
        text(
            'INSERT INTO reads (at, role, "by", what, rows) VALUES (:at, :role, :by, :what, :rows)'
        ),
        {"at": at, "role": by.role, "by": by.name, "what": what, "rows": rows},
    )


class StoredAnswer(NamedTuple):
    """The answer that a command got; None where it is still under way."""

    request: bytes
    status: int | None
    headers: dict[str, str]
    body: bytes


async def claim_answer(
    conn: AsyncConnection, key: bytes, request: bytes, now: int
) -> StoredAnswer | None:
    """The answer of an earlier command under this key, or None: then this is the first.

    A command under the same key that is still under way is waited for, by the unique key.
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
    """Keeps the answer with the command's own transaction, and forgets some old ones."""
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
