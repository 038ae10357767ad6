"""Writes of the intake: inserts each identity exactly once, also under concurrency."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import subject_of
from services.chassis.database.engine import bulk_insert, select_among
from services.intake.tables import identities

CLAIM = (
    "INSERT INTO identities (identity, receipt) "
    "SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS given(identity, receipt) "
    "ORDER BY identity ON CONFLICT DO NOTHING RETURNING identity"
)
SENT = "SELECT receipt, subject FROM outbox WHERE receipt"
STORED = "SELECT identity, receipt FROM identities WHERE identity"


async def claim(conn: AsyncConnection, receipts: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Inserts the new identities with their receipts; returns the receipts of the others.

    The others were stored before, by this or another process. On PostgreSQL an identity that
    another open transaction inserts is waited for. An identity missing from the result is new.
    """
    if not receipts:
        return {}
    if conn.dialect.name == "sqlite":
        return await _claim_sqlite(conn, receipts)
    ordered = sorted(receipts)
    columns = (ordered, [receipts[identity] for identity in ordered])
    claimed: Sequence[Any] = (await conn.exec_driver_sql(CLAIM, columns)).all()
    new = {row[0] for row in claimed}
    return await accepted_receipts(conn, [identity for identity in ordered if identity not in new])


async def subjects(conn: AsyncConnection, targets: Collection[bytes]) -> dict[bytes, str]:
    """The subjects under which these identities were accepted; others are left out."""
    identities_of = {value: key for key, value in (await accepted_receipts(conn, targets)).items()}
    rows = await select_among(conn, SENT, identities_of, "bytea")
    return {identities_of[bytes(receipt)]: subject_of(subject) for receipt, subject in rows}


async def _claim_sqlite(
    conn: AsyncConnection, receipts: Mapping[bytes, bytes]
) -> dict[bytes, bytes]:
    """Selects, then inserts: no race, because the transaction is the only writer of the file."""
    known_receipts = await accepted_receipts(conn, receipts)
    new = sorted(item for item in receipts.items() if item[0] not in known_receipts)
    await bulk_insert(conn, identities, new, ("identity", "receipt"))
    return known_receipts


async def accepted_receipts(conn: AsyncConnection, keys: Collection[bytes]) -> dict[bytes, bytes]:
    """The receipts of identities that were accepted; others are left out."""
    rows = await select_among(conn, STORED, keys, "bytea")
    return {bytes(row[0]): bytes(row[1]) for row in rows}
