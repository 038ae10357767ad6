"""State of an earlier version, brought to this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text

from services.chassis.database import Database, bulk_insert, migrate
from services.chassis.migrating import _alembic
from services.chassis.settings import normal_url
from services.scoring import queries, tables
from services.scoring.app import MIGRATIONS
from tests.scoring.cities import accepted, city, rubrics
from tests.scoring.folding import Fold, folding

pytestmark = pytest.mark.anyio


async def marked(fold: Fold) -> list[Any]:
    """The identities that the ledger marks as retracted."""
    async with fold.db.read() as conn:
        rows = await conn.execute(text("SELECT identity FROM ledger WHERE retracted"))
        return sorted(bytes(row[0]) for row in rows)


def first_version(conn: Connection) -> None:
    """Brings an empty schema to the first version of scoring."""
    config = _alembic(MIGRATIONS)
    config.attributes["connection"] = conn
    command.upgrade(config, "0001")


async def test_a_ledger_without_marks_is_marked_as_the_fold_marks_it(
    tmp_path: Path, database_url: str
) -> None:
    """After the change the same events are retracted, and every mark agrees with its retraction."""
    async with folding(database_url, rubrics(1, tmp_path)[1]) as fold:
        for one in accepted(city(3, 8, 300)[0]):
            await fold.fold([one])
        marks = await marked(fold)
        async with fold.db.read() as conn:
            names = "identity, receipt, subject, year, time, recorded, part, kind, raw"
            events = (await conn.execute(text(f"SELECT {names} FROM ledger"))).all()
            targets = (await conn.execute(text("SELECT target FROM retractions"))).all()
        url = database_url if not fold.db.sqlite else f"sqlite:///{tmp_path / 'older.db'}"
        older = Database(normal_url(url), "older")
        async with older.write() as conn:
            if not older.sqlite:
                await conn.execute(text('CREATE SCHEMA "older"'))
            await conn.run_sync(first_version)
            await bulk_insert(conn, tables.ledger, [tuple(r) for r in events], names.split(", "))
            await bulk_insert(conn, tables.retractions, [tuple(r) for r in targets], ("target",))
        await migrate(older, MIGRATIONS)
        assert marks and await marked(Fold(older, fold.folder)) == marks
        async with older.read() as conn:
            assert await queries.wrongly_marked(conn) == 0
        await older.close()
