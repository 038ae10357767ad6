"""Checks that a database syncs to disk before it acknowledges a commit."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.errors import DurabilityTooWeak
from services.chassis.messages import message


async def check_durability(conn: AsyncConnection) -> None:
    """Reads the server's settings; DurabilityTooWeak names the one that is too weak."""
    if conn.dialect.name == "sqlite":
        await _check_sqlite(conn)
        return
    for setting in ("fsync", "synchronous_commit"):
        value = str((await conn.execute(text(f"SHOW {setting}"))).scalar())
        if value == "off":
            why = message("why-accepted")
            raise DurabilityTooWeak("PostgreSQL", setting, value, "on", why)


async def _check_sqlite(conn: AsyncConnection) -> None:
    journal = str((await conn.execute(text("PRAGMA journal_mode"))).scalar())
    if journal != "wal":
        why = message("why-block")
        raise DurabilityTooWeak("SQLite", "journal_mode", journal, "wal", why)
    level = int((await conn.execute(text("PRAGMA synchronous"))).scalar() or 0)
    if level < 2:
        why = message("why-accepted")
        value = ("OFF", "NORMAL")[level]
        raise DurabilityTooWeak("SQLite", "synchronous", value, "FULL", why)
