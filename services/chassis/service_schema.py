"""Migrates the schema of one service, in the database that the settings name."""

from pathlib import Path

from services.chassis.database.engine import Database, migrate
from services.chassis.database.limits import PATIENT
from services.chassis.settings import Settings


async def migrate_service(name: str, settings: Settings, script_location: Path) -> None:
    """Migrates the schema of the service `name`, to this version."""
    db = Database(settings.database(name), name, PATIENT)
    try:
        await migrate(db, script_location)
    finally:
        await db.close()
