"""Migrations against the tables that the code works with."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError

from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.migrations import OWN_TABLES, revisions
from services.chassis.service_schema import migrate
from tests.support.migrating import migrate_to
from tests.support.tampering import assert_kept

pytestmark = pytest.mark.anyio
SERVICES = ("intake", "scoring", "training", "awards", "violations")


def differences(conn: Connection, tables: MetaData) -> list[Any]:
    """What a migration would still have to change."""

    def is_of_service(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name not in OWN_TABLES

    opts = {"compare_type": True, "include_name": is_of_service}
    context = MigrationContext.configure(conn, opts=opts)
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


@pytest.mark.parametrize("service", SERVICES)
def test_revisions_are_numbered_in_the_order_in_which_they_run(service: str) -> None:
    """Files are named by them, so that no process needs alembic to know the latest one."""
    folder = importlib.import_module(f"services.{service}.tables").MIGRATIONS
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    walked = [each.revision for each in script.walk_revisions()][::-1]
    assert revisions(folder) == walked and script.get_current_head() == walked[-1]


READ = "INSERT INTO reads (at, role, \"by\", what, rows) VALUES (1, 'hr', 'x', 'y', 1)"
STEP = (
    'INSERT INTO journal (record, version, step, at, recorded, role, "by", data, events) '
    "VALUES ('a', 1, 'plan', 1, 1, 'clerk', 'x', '{}', '[]')"
)


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "scoring"])
async def test_rows_of_an_earlier_version_cannot_be_replaced_after_the_upgrade(
    service: str, tmp_path: Path
) -> None:
    """On SQLite, where a replacement deletes the row in its way past all other triggers."""
    tables = importlib.import_module(f"services.{service}.tables")
    kept = {"reads": READ} if service == "intake" else {"reads": READ, "journal": STEP}
    db = Database(normal_url(f"sqlite:///{tmp_path / 'a.db'}"), service)
    try:
        await migrate_to(db, tables.MIGRATIONS, "0005")
        async with db.write() as conn:
            for insert in kept.values():
                await conn.execute(text(insert))
        await migrate(db, tables.MIGRATIONS)
        for table in kept:
            await assert_kept(db, table, "role", ("seq",))
        if "journal" in kept:  # the version of a record is a key beside the number of the row
            with pytest.raises(DBAPIError, match="append-only"):
                async with db.write() as conn:
                    await conn.execute(text(STEP.replace("INSERT", "INSERT OR REPLACE")))
    finally:
        await db.close()
