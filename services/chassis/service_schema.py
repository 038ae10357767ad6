"""Migrates the schema of one service, beside processes that use it.

On PostgreSQL a change of a table waits until nobody uses it, and everybody else queues behind that
wait: a migration therefore gives up a wait soon, lets the others pass, and tries again.
"""

import asyncio
import logging
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.chassis.errors import DatabaseAway
from services.chassis.migrations import upgrade
from services.chassis.settings import Settings
from services.chassis.wait_log import WaitLog

LOCK_SECONDS, PAUSE_SECONDS, TRIES = 3, 1.0, 450
"""Half an hour, the length of a large backup, which reads each table within one transaction."""
NOT_AVAILABLE = "55P03"
"""The SQLSTATE of a lock that was not given in time."""
log = logging.getLogger(__name__)


async def migrate_service(name: str, settings: Settings, script_location: Path) -> None:
    """Migrates the schema of the service `name`, to this version."""
    db = Database(settings.database(name), name, PATIENT)
    try:
        await migrate(db, script_location)
    finally:
        await db.close()


async def migrate(db: Database, script_location: Path) -> None:
    """Migrates the schema of one service to this version; one process at a time."""
    waiting = WaitLog(log, "the migration")
    for attempt in range(TRIES):
        try:
            await _migrate(db, script_location)
            waiting.end()
            return
        except DatabaseAway as away:
            if attempt == TRIES - 1 or not _is_lock_wait(away):
                raise
            waiting.note(away)
            await asyncio.sleep(PAUSE_SECONDS)


async def _migrate(db: Database, script_location: Path) -> None:
    if db.sqlite:
        db.file.parent.mkdir(parents=True, exist_ok=True)
    async with db.write() as conn:
        if not db.sqlite:
            await conn.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            await conn.execute(text("SELECT pg_advisory_xact_lock(hashtext(:s))"), {"s": db.schema})
            await conn.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{db.schema}"'))
        await conn.run_sync(upgrade, script_location, db.where)


def _is_lock_wait(away: DatabaseAway) -> bool:
    """Whether a lock was not given in time, rather than the server gone."""
    cause = away.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", "") == NOT_AVAILABLE
