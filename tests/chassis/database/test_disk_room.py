"""A database without room to write says so: by its error, in the log, and to readyz."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.database import disk_room
from services.chassis.database.disk_room import DiskRoom
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import BrokerAway, DiskFull
from services.chassis.settings import NatsAccess, Settings
from tests.conftest import NatsServer
from tests.support.builders.events import event, opened

pytestmark = pytest.mark.anyio
SERVER_FULL = "DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$"


async def fill(db: Database) -> None:
    """Writes where there is no room for it."""
    async with db.write() as conn:
        if not db.sqlite:
            await conn.execute(text(SERVER_FULL))
        await conn.execute(text("PRAGMA max_page_count = 1"))
        await conn.execute(text("CREATE TABLE filler AS SELECT randomblob(1000000) AS x"))


async def test_a_full_disk_is_said_by_its_name(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """On SQLite and on a server, in both languages, once in the log however often it happens."""
    db = Database(normal_url(database_url), "public")
    db.room.check()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(DiskFull) as full:
                await fill(db)
    await db.close()
    assert "disk of the database is full" in str(full.value) and "Ổ đĩa" in str(full.value)
    assert [record.message for record in caplog.records] == ["the disk is full"]
    with pytest.raises(DiskFull):
        db.room.check()


async def test_a_door_whose_disk_is_full_is_not_ready_and_says_why(
    home: Path, database_url: str, issuer: Issuer
) -> None:
    """503 for who asks and for who sends; it is ready again when there is room."""
    async with opened(home, database_url, issuer) as door:
        now = 0.0
        db = door.app.db
        db.room.clock = lambda: now
        with pytest.raises(DiskFull):
            await fill(db)
        answer = await door.client.get("/intake/readyz")
        assert answer.status_code == 503
        assert "disk of the database is full" in answer.json()["checks"]["disk"]
        now = disk_room.REMEMBERED_SECONDS + 1
        await door.app.health.readiness()
        state: dict[str, Any] = (await door.app.health.readiness())[1]
        assert state["checks"]["disk"] == "has room"
        if db.sqlite:
            async with db.write() as conn:
                await conn.execute(text("PRAGMA max_page_count = 1000000"))
        assert (await door.receipts([event(1)]))[0]["status"] == "accepted"


def test_a_folder_without_space_is_seen_before_anything_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is in the sentence."""
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=3, f_frsize=4096))
    with pytest.raises(DiskFull, match="12 KiB left"):
        DiskRoom("here", tmp_path).check()
    DiskRoom("a server").check()


async def test_a_user_whom_the_broker_refuses_is_one_line_of_the_log(
    nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Who and why, without the password; at the start and for a subject."""
    good = Settings(home=nats_server.home).nats("emitter")
    access = NatsAccess(nats_server.url, "emitter", "secret-guess", "_INBOX.emitter")
    with caplog.at_level(logging.WARNING, "danchu.denials"):
        refused = Broker(access, "test refused")
        with pytest.raises(BrokerAway):
            await refused.ensure()
        broker = Broker(good, "test emitter")
        nc = await broker.ensure()
        await nc.publish("danchu.events.H44.unit.registered", b"{}")
        await nc.flush()
        await broker.close()
    lines = [vars(record) for record in caplog.records]
    assert [(line["service"], line["user"]) for line in lines] == [
        ("test refused", "emitter"), ("test emitter", "emitter"),
    ]  # fmt: skip
    assert "secret-guess" not in caplog.text and "violation" in lines[0]["error"].lower()
