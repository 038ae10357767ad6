"""State of an earlier version, brought to this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.database import migrate
from services.scoring import queries
from services.scoring.app import MIGRATIONS
from tests.scoring.cities import accepted, city, rubrics
from tests.scoring.folding import Fold, folding

pytestmark = pytest.mark.anyio


async def marked(fold: Fold) -> list[Any]:
    """The identities that the ledger marks as retracted."""
    async with fold.db.read() as conn:
        rows = await conn.execute(text("SELECT identity FROM ledger WHERE retracted"))
        return sorted(bytes(row[0]) for row in rows)


async def test_a_ledger_without_marks_is_marked_as_the_fold_marks_it(
    tmp_path: Path, database_url: str
) -> None:
    """After the change the same events are retracted, and every mark agrees with its retraction."""
    async with folding(database_url, rubrics(1, tmp_path)[1]) as fold:
        for one in accepted(city(3, 8, 300)[0]):
            await fold.fold([one])
        before = await marked(fold)
        async with fold.db.write() as conn:
            await conn.execute(text("ALTER TABLE ledger DROP COLUMN retracted"))
            await conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        await migrate(fold.db, MIGRATIONS)
        assert before and await marked(fold) == before
        async with fold.db.read() as conn:
            assert await queries.wrongly_marked(conn) == 0
