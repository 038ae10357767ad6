"""When the last complete backup was made, which `danchu backup` notes once it is complete."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def note(conn: AsyncConnection, moment: int) -> None:
    """Notes that a backup of this moment is complete."""
    insert = "INSERT INTO backups (id, at) VALUES (1, :moment)"
    await conn.execute(
        text(f"{insert} ON CONFLICT (id) DO UPDATE SET at = :moment"), {"moment": moment}
    )


async def last(conn: AsyncConnection) -> int:
    """When the last one was made, in microseconds; 0 if there was none."""
    moment = (await conn.execute(text("SELECT at FROM backups"))).scalar()
    return 0 if moment is None else int(moment)
