"""Fixtures of the chassis: an outbox without a service around it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import MetaData, text

from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.outbox import outbox_table

DOOR = "INSERT INTO door VALUES (1, 'intake.00000001', 0, 0, 0, 0, '[]')"


@pytest.fixture
async def outbox_db(database_url: str) -> AsyncIterator[Database]:
    """A database with an empty outbox and its door."""
    db = Database(normal_url(database_url), "intake")
    metadata = MetaData()
    outbox_table(metadata)
    await db.open()
    async with db.write() as conn:
        if not db.sqlite:
            await conn.execute(text('CREATE SCHEMA "intake"'))
        await conn.run_sync(metadata.create_all)
        await conn.execute(text(DOOR))
    yield db
    await db.close()
