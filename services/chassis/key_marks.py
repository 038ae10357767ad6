"""The table of key fingerprints in each database, and its comparison with the keys at start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database
from services.chassis.keys import (
    RECORDS,
    RECORDS_INDEX,
    Keys,
    KeysClosed,
    KeysForeign,
    KeysReordered,
)

TABLE, OUTBOX = "key_marks", "outbox"


def key_marks_table(metadata: MetaData) -> Table:
    """The table of the fingerprints of the keys that a database was written with."""
    return Table(
        TABLE, metadata,
        Column("kind", Text, primary_key=True),
        Column("fingerprint", Text, primary_key=True),
        Column("recorded", BigInteger, nullable=False),
    )  # fmt: skip


def create_key_marks(op: Any) -> None:
    """Creates the table, in a migration of each service."""
    op.create_table(
        TABLE,
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("recorded", sa.BigInteger, nullable=False),
    )


async def check_keys(db: Database, keys: Iterable[Keys], now: int) -> None:
    """Compares the keys with the fingerprints in the database, and records new ones.

    KeysForeign, KeysReordered or KeysClosed say what is wrong and what to do; the service does
    not start then.
    """
    async with db.write() as conn:
        if conn.dialect.name == "postgresql":
            await conn.execute(text("SELECT pg_advisory_xact_lock(hashtext(:s))"), {"s": TABLE})
        for of_kind in keys:
            recorded = await marks(conn, of_kind.kind)
            missing = recorded - set(of_kind.fingerprints)
            if missing:
                raise KeysForeign(of_kind.kind, of_kind.file, db.where, min(missing))
            if not recorded:
                await _check_open(conn, of_kind)
            if of_kind.kind == RECORDS:
                await _check_index(conn, of_kind, now)
            await _remember(conn, of_kind.kind, set(of_kind.fingerprints) - recorded, now)


async def _check_open(conn: AsyncConnection, keys: Keys) -> None:
    if keys.stored is not None:
        for ciphertext in await keys.stored(conn):
            if not keys.opens(ciphertext):
                raise KeysClosed(keys.file)


async def _check_index(conn: AsyncConnection, keys: Keys, now: int) -> None:
    recorded = await marks(conn, RECORDS_INDEX)
    if recorded and recorded != {keys.fingerprints[-1]}:
        raise KeysReordered(keys.file)
    await _remember(conn, RECORDS_INDEX, {keys.fingerprints[-1]} - recorded, now)


async def marks(conn: AsyncConnection, kind: str) -> set[str]:
    """The recorded fingerprints of one kind of key."""
    select = text(f"SELECT fingerprint FROM {TABLE} WHERE kind = :kind")
    return {str(row[0]) for row in await conn.execute(select, {"kind": kind})}


async def _remember(conn: AsyncConnection, kind: str, new: Iterable[str], now: int) -> None:
    insert = text(f"INSERT INTO {TABLE} (kind, fingerprint, recorded) VALUES (:kind, :mark, :now)")
    for mark in sorted(new):
        await conn.execute(insert, {"kind": kind, "mark": mark, "now": now})


async def add(db: Database, kind: str, mark: str, now: int) -> None:
    """Records a further key of a kind, where the database has recorded keys of that kind."""
    async with db.write() as conn:
        recorded = await marks(conn, kind)
        if recorded:
            await _remember(conn, kind, {mark} - recorded, now)


async def remove(db: Database, kind: str, mark: str) -> None:
    """Forgets one key of a kind, which the home may then lack."""
    async with db.write() as conn:
        delete = text(f"DELETE FROM {TABLE} WHERE kind = :kind AND fingerprint = :mark")
        await conn.execute(delete, {"kind": kind, "mark": mark})


async def replace(conn: AsyncConnection, kind: str, mark: str, now: int) -> None:
    """Records one fingerprint in place of those of its kind."""
    await conn.execute(text(f"DELETE FROM {TABLE} WHERE kind = :kind"), {"kind": kind})
    await _remember(conn, kind, [mark], now)


async def forget(db: Database) -> None:
    """Deletes all fingerprints; the next start records those of the keys in the home."""
    async with db.write() as conn:
        if TABLE in await conn.run_sync(lambda sync: sa.inspect(sync).get_table_names()):
            await conn.execute(text(f"DELETE FROM {TABLE}"))


async def is_new(db: Database) -> bool:
    """Whether a database holds neither a fingerprint nor an event."""
    return not await _any_row(db, {TABLE, OUTBOX})


async def has_events(db: Database) -> bool:
    """Whether a service has recorded an event."""
    return await _any_row(db, {OUTBOX})


async def _any_row(db: Database, names: set[str]) -> bool:
    """Whether one of the tables is there and has a row."""
    if db.sqlite and not db.file.exists():
        return False
    async with db.read() as conn:
        tables = set(await conn.run_sync(lambda sync: sa.inspect(sync).get_table_names()))
        for table in names & tables:
            if (await conn.execute(text(f"SELECT 1 FROM {table} LIMIT 1"))).first() is not None:
                return True
    return False
