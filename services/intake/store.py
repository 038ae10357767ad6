"""Writes of the intake: identities, each exactly once whatever races."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database import bulk_insert, chunks
from services.intake.tables import identities

CLAIM = (
    "INSERT INTO identities (identity, receipt) "
    "SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS given(identity, receipt) "
    "ORDER BY identity ON CONFLICT DO NOTHING RETURNING identity"
)
STORED = "SELECT identity, receipt FROM identities WHERE identity = ANY($1::bytea[])"


async def claim(conn: AsyncConnection, wanted: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Stores identities with their receipts where they are new.

    Answers the receipts of those that were stored before, by this or another process; a
    transaction that holds one of them is waited for. What is missing in the answer is new.
    """
    if not wanted:
        return {}
    if conn.dialect.name == "sqlite":
        return await _claim_sqlite(conn, wanted)
    ordered = sorted(wanted)
    given = (ordered, [wanted[identity] for identity in ordered])
    claimed: Sequence[Any] = (await conn.exec_driver_sql(CLAIM, given)).all()
    new = {row[0] for row in claimed}
    rest = [identity for identity in ordered if identity not in new]
    if not rest:
        return {}
    return await _receipts(conn, STORED, (rest,))


async def _claim_sqlite(conn: AsyncConnection, wanted: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The transaction is the only writer of the file, so looking and storing cannot race."""
    found: dict[bytes, bytes] = {}
    for some in chunks(wanted):
        marks = ",".join("?" * len(some))
        select = f"SELECT identity, receipt FROM identities WHERE identity IN ({marks})"
        found |= await _receipts(conn, select, tuple(some))
    new = sorted(item for item in wanted.items() if item[0] not in found)
    await bulk_insert(conn, identities, new, ("identity", "receipt"))
    return found


async def _receipts(
    conn: AsyncConnection, select: str, given: tuple[Any, ...]
) -> dict[bytes, bytes]:
    rows: Sequence[Any] = (await conn.exec_driver_sql(select, given)).all()
    return {row[0]: row[1] for row in rows}
