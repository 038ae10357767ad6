"""State of an earlier version, brought to this one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from contracts.envelope import decode
from services.scoring.fold.verdict import names_own_source, retraction_target
from services.scoring.queries import events as event_queries
from tests.scoring.folding import Fold, folding
from tests.support.builders.cities import accepted, city, rubrics

pytestmark = pytest.mark.anyio


def replay(conn: Any, revision: str) -> None:
    """Does one step of the chain again, as on a database of the version before it."""
    module = import_module(f"services.scoring.migrations.versions.{revision}")
    with Operations.context(MigrationContext.configure(conn)):
        module.upgrade()


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
            await conn.run_sync(replay, "0002_ledger_retracted")
            await conn.run_sync(replay, "0006_retractions_by_subject")
        assert before and await marked(fold) == before
        async with fold.db.read() as conn:
            assert await event_queries.count_wrong_marks(conn) == 0


async def test_what_another_subject_took_back_stands_again(
    tmp_path: Path, database_url: str
) -> None:
    """A retraction of an earlier version named no subject; now it has effect under its own alone.

    Whatever was folded by the former rule is folded anew at the next start, to the same bytes as
    from nothing.
    """
    events = accepted(city(3, 8, 300)[0])
    async with folding(database_url, rubrics(1, tmp_path)[1]) as fold:
        for one in events:
            await fold.fold([one])
        before, held = await marked(fold), await fold.held()
        async with fold.db.write() as conn:
            for statement in (
                "DROP TABLE retractions",
                "CREATE TABLE retractions (target bytea PRIMARY KEY)",
                "UPDATE ledger SET retracted = true WHERE part = 0",
            ):
                await conn.execute(text(statement))
            await conn.run_sync(replay, "0006_retractions_by_subject")
        assert before and await marked(fold) == before
        async with fold.db.read() as conn:
            assert (await conn.execute(text("SELECT rubrics FROM position"))).scalar() == "anew"
            assert await event_queries.count_wrong_marks(conn) == 0
            retractions = [decode(raw) for raw in await event_queries.retractions(conn)]
            assert await event_queries.retraction_targets(conn) == {
                retraction_target(one) for one in retractions if names_own_source(one)
            }
        await fold.folder.prepare()
        assert await fold.held() == held
