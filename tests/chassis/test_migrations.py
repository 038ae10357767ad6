"""Migrations against the tables that the code works with."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from services.chassis.database.engine import Database, migrate
from services.chassis.database.url import normal_url

pytestmark = pytest.mark.anyio
SERVICES = ("intake", "scoring", "training", "awards", "violations")


def differences(conn: Connection, tables: MetaData) -> list[Any]:
    """What a migration would still have to change."""
    context = MigrationContext.configure(conn, opts={"compare_type": True})
    return list(compare_metadata(context, tables))


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_lead_to_the_tables_of_the_code(
    service: str, database_url: str, tmp_path: Path
) -> None:
    """On either database nothing is left to change; a table more would be seen."""
    tables = importlib.import_module(f"services.{service}.tables")
    db = Database(normal_url(database_url), service)
    try:
        await migrate(db, tables.MIGRATIONS)
        async with db.read() as conn:
            differing = await conn.run_sync(differences, tables.metadata)
            empty = await conn.run_sync(differences, MetaData())
    finally:
        await db.close()
    assert differing == []
    assert {change[0] for change in empty} >= {"remove_table"}
