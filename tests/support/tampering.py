"""How somebody with the password of a database changes what is append-only, or tries to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database


def changes(table: str, column: str, key: Sequence[str], sqlite: bool) -> list[str]:
    """Statements that would change or delete rows of a table.

    `column` is a text in each row, `key` a unique key of the table.
    """
    change = f'SET "{column}" = "{column}" || \'x\''
    statements = [
        f"UPDATE {table} {change}",
        f"DELETE FROM {table}",
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true "
        f'ON CONFLICT ({", ".join(key)}) DO UPDATE SET "{column}" = excluded."{column}"',
    ]
    if not sqlite:
        return [*statements, f"TRUNCATE {table}"]
    return [
        *statements,
        f"REPLACE INTO {table} SELECT * FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        f"UPDATE OR REPLACE {table} {change}",
    ]


async def assert_kept(db: Database, table: str, column: str, key: Sequence[str]) -> None:
    """Each change of a table that has a row is refused by the database itself."""
    for statement in changes(table, column, key, db.sqlite):
        with pytest.raises(DBAPIError, match="append-only"):
            async with db.write() as conn:
                await conn.execute(text(statement))


async def drop_triggers(conn: AsyncConnection) -> None:
    """Takes the triggers off, as a superuser can."""
    if conn.dialect.name == "sqlite":
        names = "SELECT name, '' FROM sqlite_master WHERE type = 'trigger'"
    else:
        names = (
            "SELECT tgname, ' ON ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = "
            "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()))"
        )
    for name, table in (await conn.execute(text(names))).all():
        await conn.execute(text(f"DROP TRIGGER {name}{table}"))
