"""A connection that was lost and comes again is one line of log each."""

from __future__ import annotations

import logging

import pytest

from services.chassis.database import liveness
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from tests.conftest import eventually
from tests.support.servers import NatsServer, Postgres

pytestmark = pytest.mark.anyio


async def test_a_broker_that_comes_back_is_logged(
    nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """By the name of the connection."""
    broker = nats_server.broker("intake")
    await broker.ensure()
    with caplog.at_level(logging.INFO):
        nats_server.stop()
        nats_server.start()

        async def is_logged() -> bool:
            return "the broker is connected again" in caplog.messages

        await eventually(is_logged)
    assert caplog.messages.count("the connection to the broker was lost") == 1
    await broker.close()


async def test_a_database_that_comes_back_is_logged(
    postgres: Postgres, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and not for the first connection."""
    monkeypatch.setattr(liveness, "IDLE_SECONDS", 0.0)
    db = Database(normal_url(postgres.url), "x")
    with caplog.at_level(logging.INFO):
        await db.check()
        assert "the database is connected again" not in caplog.messages
        await postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'danchu x'"
        )
        await db.check()
    assert caplog.messages.count("the database is connected again") == 1
    await db.close()
