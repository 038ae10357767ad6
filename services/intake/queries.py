"""Reads of the intake: how far its outbox is behind, and what it accepted."""

from typing import NamedTuple

from sqlalchemy import text

from services.chassis import outbox
from services.chassis.database.engine import Database


async def waiting(db: Database, now: int) -> dict[str, int | float]:
    """Events committed and not yet in the stream, and the age of the oldest in seconds."""
    async with db.read() as conn:
        return (await outbox.backlog(conn, now)).members()


class Accepted(NamedTuple):
    """An accepted event as it goes to the stream, and whether the stream has acknowledged it."""

    body: bytes
    sent: bool


async def accepted(db: Database, receipt: bytes) -> Accepted | None:
    """The event of a receipt; None where the door accepted none."""
    select = "SELECT body, sent IS NOT NULL FROM outbox WHERE receipt = :receipt LIMIT 1"
    async with db.read() as conn:
        row = (await conn.execute(text(select), {"receipt": receipt})).first()
    return None if row is None else Accepted(bytes(row[0]), bool(row[1]))
