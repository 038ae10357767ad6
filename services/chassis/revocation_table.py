"""The table of revoked tokens and sessions in each database, whose rows are removed at their end.

Sessions that were signed out are counted apart: no number of them keeps a token from being revoked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.revocation import Revocation
from services.chassis.errors import DanchuError
from services.chassis.messages import message

TABLE = "revocations"
ROWS_MAX = 10_000
MARK = f"SELECT CAST(count(*) AS TEXT) || ':' || COALESCE(max(recorded), 0) FROM {TABLE}"
"""Reads one text that changes with each revocation."""
_SELECT = f"SELECT kind, value, issued_before, ends FROM {TABLE} ORDER BY kind, value"


class RevocationsFull(DanchuError):
    """No further token can be revoked on its own."""

    def __init__(self) -> None:
        super().__init__(message("revocations-full", most=ROWS_MAX))


def revocations_table(metadata: MetaData) -> Table:
    """The table; instants in seconds since 1970, `recorded` in microseconds."""
    return Table(
        TABLE, metadata,
        Column("kind", Text, primary_key=True),
        Column("value", Text, primary_key=True),
        Column("issued_before", BigInteger, nullable=False),
        Column("ends", BigInteger, nullable=False),
        Column("recorded", BigInteger, nullable=False),
    )  # fmt: skip


def create_revocations(op: Any) -> None:
    """Creates the table, in a migration of each service."""
    op.create_table(
        TABLE,
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("issued_before", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
    )


async def load(conn: AsyncConnection) -> list[Revocation]:
    """All rows."""
    return [Revocation(*row) for row in await conn.execute(text(_SELECT))]


async def add(conn: AsyncConnection, revocation: Revocation, now: int) -> None:
    """Adds a row, or extends the one of the same value; removes those that have ended.

    `now` in microseconds. RevocationsFull where there are too many.
    """
    await conn.execute(text(f"DELETE FROM {TABLE} WHERE ends < :now"), {"now": now // 1_000_000})
    same = {"kind": revocation.kind, "value": revocation.value}
    rows: Iterable[Any] = await conn.execute(
        text(f"SELECT issued_before, ends FROM {TABLE} WHERE kind = :kind AND value = :value"), same
    )
    issued_before, ends = revocation.issued_before, revocation.ends
    for earlier in rows:
        issued_before = max(issued_before, earlier[0])
        ends = max(ends, earlier[1])
    await conn.execute(text(f"DELETE FROM {TABLE} WHERE kind = :kind AND value = :value"), same)
    alike = "=" if revocation.kind == "session" else "<>"
    count = text(f"SELECT count(*) FROM {TABLE} WHERE kind {alike} 'session'")
    if (await conn.execute(count)).scalar_one() >= ROWS_MAX:
        raise RevocationsFull()
    insert = (
        f"INSERT INTO {TABLE} (kind, value, issued_before, ends, recorded) "
        "VALUES (:kind, :value, :issued_before, :ends, :recorded)"
    )
    await conn.execute(
        text(insert), {**same, "issued_before": issued_before, "ends": ends, "recorded": now}
    )
