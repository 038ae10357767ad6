"""How SQLite finds the rows of questions about a year: never by reading the whole ledger."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from services.chassis.driver_rows import Row
from services.scoring.fold.registry import Registry
from services.scoring.queries import appeals, seal_sets, unit_context
from services.scoring.ratings.appeals import DECIDED, FILED
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import book_inputs
from services.scoring.store.book_inputs import LedgerPast
from services.scoring.year.stages import YearState
from tests.scoring.folding import folding

pytestmark = pytest.mark.anyio
YEAR = 2025


class Noting:
    """Bulk reads that only note their statements."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    async def all(self, select: str) -> list[Row]:
        """No rows."""
        self.statements.append(select)
        return []

    async def among(self, select: str, values: Collection[Any], kind: str) -> list[Row]:
        """No rows."""
        self.statements.append(f"{select} IN ('x')")
        return []

    async def look(self) -> None:
        """Nothing."""


async def test_a_question_about_a_year_reads_by_the_index_of_what_it_asks_for(
    tmp_path: Path,
) -> None:
    """Appeals, the events of years for seals, and one unit's events in the set of a seal."""
    noting = Noting()
    await book_inputs.events(
        noting, {"x"}, YEAR, {"training.completed"}, LedgerPast(1, frozenset())
    )
    statements: list[tuple[str, Any]] = [(each, ()) for each in noting.statements]

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, values))

    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold, fold.db.read() as conn:
        event.listen(conn.sync_connection, "before_cursor_execute", note)
        await appeals.events(conn, YEAR, {FILED, DECIDED})
        await appeals.undecided(conn, [YearState(year=YEAR)], Registry(()), Rubrics(()))
        await unit_context.statements(conn, {"H44.1"}, 1)
        await unit_context.reopenings(conn, YEAR, 1)
        await seal_sets.checkpoint_events(conn)
        await seal_sets.checkpoint_events(conn, YEAR)
        event.remove(conn.sync_connection, "before_cursor_execute", note)
        plans = []
        for statement, values in statements:
            rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append(str(rows.all()))
    indexes = (
        "ledger_unit ", "ledger_said ", "ledger_said ", "ledger_registry ", "ledger_stages ",
        "ledger_stages", "ledger_stages ",
    )  # fmt: skip
    assert len(plans) == len(indexes)
    for plan, index in zip(plans, indexes, strict=True):
        assert f"INDEX {index}" in plan
