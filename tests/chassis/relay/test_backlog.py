"""What a batch of the relay costs does not grow with what waits behind it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.awards.app import migrated
from services.chassis import outbox, outbox_service
from services.chassis.clock import now_us
from services.chassis.outbox import Outgoing
from services.chassis.relay.turn import UNSENT, PostgresTurn, turn_of
from services.chassis.settings import Settings
from tests.conftest import free_port

pytestmark = pytest.mark.anyio


async def test_a_backlog_is_read_along_its_index_and_never_sorted(
    home: Path, database_url: str
) -> None:
    """Whatever the statistics say: PostgreSQL would sort the whole backlog for each batch."""
    settings = Settings(home=home, database_url=database_url, nats_port=free_port())
    await migrated(settings)
    parts = outbox_service.parts("awards", settings, now_us)
    async with parts.db.write() as conn:
        waiting = [Outgoing(os.urandom(16), "danchu.events.x", b"{}", 1) for _ in range(20_000)]
        await outbox.add(conn, waiting)
    explain = "EXPLAIN QUERY PLAN" if parts.db.sqlite else "EXPLAIN"
    async with turn_of(parts.db) as turn, parts.db.read() as reader:
        conn = turn.conn if isinstance(turn, PostgresTurn) else reader
        lines = (await conn.exec_driver_sql(f"{explain} {UNSENT}")).all()
    await parts.db.close()
    plan = "\n".join(str(line) for line in lines)
    assert "outbox_unsent" in plan
    assert "sort" not in plan.lower() and "temp b-tree" not in plan.lower()
