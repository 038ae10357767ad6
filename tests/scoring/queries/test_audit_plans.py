"""How SQLite finds the rows of the pages of the audit: by an index, without sorting a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from services.chassis import read_log
from services.chassis.read_log import Selection
from services.scoring.queries import quarantine, signs
from services.scoring.queries.quarantine import EntryPlace
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import folding

pytestmark = pytest.mark.anyio
PLACE = EntryPlace(1, b"x")


async def test_lists_of_the_audit_read_by_the_index_of_what_they_are_narrowed_by(
    tmp_path: Path,
) -> None:
    """The quarantine by state and reason, its counts, the log by content, the events of a year."""
    statements: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, values))

    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold, fold.db.read() as conn:
        event.listen(conn.sync_connection, "before_cursor_execute", note)
        await quarantine.page(conn, "waiting", None, PLACE, 50)
        await quarantine.page(conn, "waiting", "contract", PLACE, 50)
        await quarantine.counts(conn)
        await read_log.page(conn, Selection(what="sheet"), 7, 50)
        async for _ in signs.practice(conn, 2025, 50):
            pass
        event.remove(conn.sync_connection, "before_cursor_execute", note)
        plans = []
        for statement, values in statements:
            rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append(str(rows.all()))
    indexes = ("quarantine_state ", "quarantine_reason ", "quarantine_reason", "reads_what ",
               "ledger_year ")  # fmt: skip
    assert len(plans) == len(indexes)
    for plan, index in zip(plans, indexes, strict=True):
        assert f"INDEX {index}" in plan
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan and "SCAN ledger" not in plan
