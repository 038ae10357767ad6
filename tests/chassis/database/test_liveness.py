"""A connection that was idle is asked whether it lives, and one that was just used is not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.database import liveness
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import DatabaseAway
from tests.conftest import eventually
from tests.support.servers import Postgres

pytestmark = pytest.mark.anyio
BACKEND = text("SELECT pg_backend_pid()")
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'danchu y'"


async def backend(db: Database) -> int:
    """The number of the server's process that answers."""
    async with db.read() as conn:
        return int((await conn.execute(BACKEND)).scalar_one())


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch, postgres: Postgres) -> list[Any]:
    """The questions that connections were asked."""
    questions: list[Any] = []
    dialect = type(Database(normal_url(postgres.url), "x")._reader.dialect)
    ping = dialect.do_ping

    def count(self: Any, dbapi: Any) -> bool:
        questions.append(dbapi)
        return ping(self, dbapi)

    monkeypatch.setattr(dialect, "do_ping", count)
    return questions


async def test_a_connection_is_asked_only_after_it_was_idle(
    postgres: Postgres, pings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time it is new, then it was used just now."""
    db = Database(normal_url(postgres.url), "x")
    first = await backend(db)
    assert await backend(db) == first and pings == []
    monkeypatch.setattr(liveness, "IDLE_SECONDS", 0.0)
    assert await backend(db) == first and len(pings) == 1
    await db.close()


async def test_nobody_sees_the_loss_of_a_connection_that_was_idle(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one takes its place."""
    monkeypatch.setattr(liveness, "IDLE_SECONDS", 0.0)
    db = Database(normal_url(postgres.url), "y")
    first = await backend(db)
    await postgres.run(END)
    assert await backend(db) != first
    await db.close()


async def test_one_that_the_server_has_just_ended_is_replaced_without_a_question(
    postgres: Postgres, pings: list[Any]
) -> None:
    """At most the reader who comes before the news of it is told that the database is away."""
    db = Database(normal_url(postgres.url), "y")
    first = await backend(db)
    await postgres.run(END)

    async def is_another() -> bool:
        try:
            return await backend(db) != first
        except DatabaseAway:
            return False

    await eventually(is_another)
    assert pings == []
    await db.close()
