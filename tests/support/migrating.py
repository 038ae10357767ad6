"""A database of an earlier version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from services.chassis.database.engine import Database


def _upgrade(conn: Connection, script_location: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


async def migrate_to(db: Database, script_location: Path, revision: str) -> None:
    """Makes the schema of a version before this one."""
    async with db.write() as conn:
        if not db.sqlite:
            await conn.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{db.schema}"'))
        await conn.run_sync(_upgrade, script_location, revision)
