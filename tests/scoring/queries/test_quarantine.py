"""Which entries of the quarantine keep a year from being sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from services.chassis.database.engine import bulk_insert
from services.scoring import tables
from services.scoring.queries import quarantine
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store.quarantine import COLUMNS
from tests.scoring.folding import folding

pytestmark = pytest.mark.anyio


async def test_entries_that_are_later_hide_none_that_was_recorded_before(tmp_path: Path) -> None:
    """Some say only in their bytes when they were recorded, and may fill a page of the query."""
    until = moments.instant("2026-01-05T00:00:00Z")
    raw = b'{"recordedtime":"2026-01-06T00:00:00Z"}'
    rows: list[tuple[Any, ...]] = [
        (bytes([n]) * 16, "unknown-type", "", "H44", None, n, "waiting", raw, None, None)
        for n in range(3)
    ]
    rows.append((b"b" * 16, "unknown-type", "", "H44", None, 9, "waiting", b"{}", 1, until))
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold:
        async with fold.db.write() as conn:
            await bulk_insert(conn, tables.quarantine, rows, COLUMNS)
        async with fold.db.read() as conn:
            for limit in (1, 2, 100):
                (entry,) = await quarantine.waiting(conn, until, limit)
                assert entry.id == (b"b" * 16).hex()
