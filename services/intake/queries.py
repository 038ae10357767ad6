"""Reads of the intake: accepted events by receipt."""

from typing import NamedTuple

from sqlalchemy import text

from services.chassis.database.engine import Database


class Accepted(NamedTuple):
    """An accepted event: its body on the stream, and whether the stream has acknowledged it."""

    body: bytes
    sent: bool


async def accepted(db: Database, receipt: bytes) -> Accepted | None:
    """The event of a receipt; None if no event with this receipt was accepted."""
    select = "SELECT body, sent IS NOT NULL FROM outbox WHERE receipt = :receipt LIMIT 1"
    async with db.read() as conn:
        row = (await conn.execute(text(select), {"receipt": receipt})).first()
    return None if row is None else Accepted(bytes(row[0]), bool(row[1]))
