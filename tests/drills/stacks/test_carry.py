"""`danchu carry`: a home goes from SQLite to PostgreSQL with every row, or not at all."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.database.engine import Database, bulk_insert
from services.chassis.settings import Settings
from services.commands import home_transfer, table_copy
from services.commands.service_registry import SERVICES, migrate_one
from tests.drills.stacks.test_stack import rated
from tests.support.servers import Postgres
from tests.support.stacks import Stack


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"c{uuid.uuid4().hex}"
    asyncio.run(postgres.run(f"CREATE DATABASE {name}"))
    yield postgres.url.replace("/postgres", f"/{name}")
    asyncio.run(postgres.run(f"DROP DATABASE {name} WITH (FORCE)"))


def test_a_home_that_is_carried_goes_on_where_it_stopped(
    stack: Stack, events: Path, empty: str
) -> None:
    """The rating is the same, the audit agrees, and new events are taken; twice is refused."""
    stack.up()
    assert stack.here("emit", str(events)).returncode == 0
    rating = rated(stack)
    refused = stack.here("carry", "--to", empty)
    assert refused.returncode == 2 and "is already running" in refused.stderr
    assert stack.stop() == 0
    result = stack.here("carry", "--to", empty, "--json")
    assert result.returncode == 0, result.stderr
    carried = json.loads(result.stdout)["carried"]
    assert carried["intake"]["outbox"] == 3 and carried["scoring"]["ledger"] == 3
    again = stack.here("carry", "--to", empty)
    assert again.returncode == 2 and "is not empty" in again.stderr
    stack.up("--empty", DANCHU_DATABASE_URL=empty)
    assert rated(stack) == rating
    audit = stack.here("audit", DANCHU_DATABASE_URL=empty)
    assert audit.returncode == 0, audit.stdout
    more = {**json.loads(events.read_text().splitlines()[2]), "id": "p2"}
    events.write_text(json.dumps(more))
    assert "1 accepted" in stack.run("emit", str(events)).stdout
    assert stack.stop() == 0


@pytest.mark.parametrize(
    ("to", "words"), [("sqlite:///x.db", "--to"), ("postgresql://127.0.0.1:1/x", "was refused")]
)
def test_a_target_that_takes_nothing_is_named(
    to: str, words: str, stack: Stack, tmp_path: Path
) -> None:
    """A file takes the tables of one service alone; a home is needed first of all."""
    none = stack.here("carry", "--to", to)
    assert none.returncode == 2 and not stack.home.exists()
    assert stack.here("migrate").returncode == 0
    run = stack.here("carry", "--to", to)
    assert run.returncode == 2 and words in run.stderr and "Traceback" not in run.stderr


def test_what_does_not_read_back_is_not_committed(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that changes on the way is noticed, and no service keeps a row of the copy."""
    settings = Settings(home=tmp_path)

    async def tried() -> list[int]:
        for name in SERVICES:
            await migrate_one(name, settings)
        written = bulk_insert

        async def bent(conn: Any, table: Any, rows: Any, columns: Any) -> None:
            if table.name == "position":
                rows = [(*row[:3], "bent", *row[4:]) for row in rows]
            await written(conn, table, rows, columns)

        monkeypatch.setattr(table_copy, "bulk_insert", bent)
        with pytest.raises(table_copy.CopyDiffers, match="position"):
            await home_transfer.carry(settings, empty, lambda result, of: None)
        left = []
        for name in SERVICES:
            db = Database(Settings(home=tmp_path, database_url=empty).database(name), name)
            async with db.read() as conn:
                rows = await conn.execute(text("SELECT count(*) FROM outbox"))
                left.append(int(rows.scalar_one()))
            await db.close()
        return left

    assert asyncio.run(tried()) == [0] * len(SERVICES)
