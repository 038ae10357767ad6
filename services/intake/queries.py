"""Reads of the intake: how far its outbox is behind."""

from services.chassis import outbox
from services.chassis.database import Database


async def waiting(db: Database, now: int) -> dict[str, int | float]:
    """Events committed and not yet in the stream, and the age of the oldest in seconds."""
    async with db.read() as conn:
        return (await outbox.waiting(conn, now)).shown()
