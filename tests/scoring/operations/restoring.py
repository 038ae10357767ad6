"""A town whose databases and stream can be saved, lost and restored, each by itself."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis import outbox
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.relay import loop
from services.chassis.settings import Settings
from services.commands import operator
from services.commands.nats.provisioning import provision
from services.commands.service_registry import SERVICES, migrate_one
from services.scoring.settings import ScoringSettings
from services.scoring.store import door_state, doors
from services.scoring.store.door_state import DoorState
from services.scoring.subscribers import mark_watch
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, registered
from tests.support.empty import migrated_once

Rows = dict[str, list[dict[str, Any]]]


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks, looks and alarms come in moments instead of seconds."""
    monkeypatch.setattr(loop, "MARK_SECONDS", 0.1)
    monkeypatch.setattr(loop, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(mark_watch, "STEP_SECONDS", 0.1)
    monkeypatch.setattr(mark_watch, "RESEND_AFTER_US", 0)
    monkeypatch.setattr(mark_watch, "RENEW_AFTER_US", 500_000)
    monkeypatch.setattr(mark_watch, "DEMAND_EVERY_US", 1_000_000)
    monkeypatch.setattr(door_state, "ALARM_US", 3_000_000)


@dataclass
class Town:
    """Intake, scoring and a stream, with everything that was ever accepted, by receipt."""

    home: Path
    url: str
    issuer: Issuer
    server: NatsServer
    monkeypatch: pytest.MonkeyPatch
    accepted: list[str] = field(default_factory=list)
    number: int = 0

    async def begin(self) -> None:
        """Settings for commands, and migrated databases of every service."""
        self.monkeypatch.setenv("DANCHU_HOME", str(self.home))
        if not self.url.startswith("sqlite"):
            self.monkeypatch.setenv("DANCHU_DATABASE_URL", self.url)
        for name in SERVICES:
            url = Settings().database(name)
            await migrated_once(name, url, partial(migrate_one, name, Settings()))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Road]:
        """Both services up."""
        async with open_road(self.home, self.url, self.issuer) as road:
            yield road

    def events(self, number: int) -> list[dict[str, Any]]:
        """The next events: a unit, and duties of it."""
        answer = []
        for _ in range(number):
            answer.append(due("H44.1", f"d{self.number}") if self.number else registered("H44.1"))
            self.number += 1
        return answer

    async def accept(self, road: Road, number: int) -> Sequence[str]:
        """Accepts the next events; their receipts."""
        receipts = await road.send(self.events(number))
        self.accepted += receipts
        return receipts

    @contextlib.asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Database]:
        """The database of a service, beside it."""
        common = None if self.url.startswith("sqlite") else self.url
        url = normal_url(common or f"sqlite:///{self.home / service}.db")
        db = Database(url, service)
        try:
            yield db
        finally:
            await db.close()

    async def saved(self, service: str) -> Rows:
        """A backup of a database."""
        tables = import_module(f"services.{service}.tables").metadata.tables
        answer: Rows = {}
        async with self.database(service) as db, db.read() as conn:
            for table in tables:
                rows = await conn.execute(text(f"SELECT * FROM {table}"))
                answer[table] = [dict(row._mapping) for row in rows]
        return answer

    async def restore(self, service: str, backup: Rows) -> None:
        """A database as it was."""
        async with self.database(service) as db, db.write() as conn:
            for table, rows in backup.items():
                if not db.sqlite:  # as a restore does, which fills new tables
                    await conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                await conn.execute(text(f"DELETE FROM {table}"))
                for row in rows:
                    names = ", ".join(f":{name}" for name in row)
                    insert = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({names})"
                    await conn.execute(text(insert), row)
                if not db.sqlite:
                    await conn.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))

    async def empty(self, service: str) -> None:
        """A database that is new."""
        async with self.database(service) as db:
            if db.sqlite:
                await db.close()
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{db.file}{suffix}").unlink(missing_ok=True)
            else:
                async with db.write() as conn:
                    await conn.execute(text(f'DROP SCHEMA "{service}" CASCADE'))
        await migrate_one(service, Settings())

    @property
    def store(self) -> Path:
        """Where the streams are."""
        return self.home / "nats" / "jetstream"

    def saved_stream(self, name: str) -> Path:
        """A copy of the streams' store, made while the server stands still."""
        copy = self.home / f"copy-{name}"
        self.server.stop()
        shutil.copytree(self.store, copy)
        self.server.start()
        return copy

    def restore_stream(self, copy: Path | None) -> None:
        """The streams' store as it was, or lost."""
        self.server.stop()
        shutil.rmtree(self.store)
        if copy is not None:
            shutil.copytree(copy, self.store)
        self.server.start()

    async def provisioned(self) -> None:
        """What a start of the stack does first."""
        broker = self.server.broker("provision")
        await provision(broker)
        await broker.close()

    async def doors(self, road: Road) -> list[DoorState]:
        """What scoring knows of the doors."""
        async with road.scoring.db.read() as conn:
            return await doors.load(conn)

    async def relayed(self, road: Road) -> None:
        """Waits until the stream has all that was accepted."""

        async def none_waits() -> bool:
            async with road.intake.db.read() as conn:
                return not (await outbox.backlog(conn, 0)).waiting

        await eventually(none_waits)

    async def receipts(self, road: Road) -> set[str]:
        """What is in the ledger."""
        async with road.scoring.db.read() as conn:
            rows = await conn.execute(text("SELECT receipt FROM ledger"))
            return {bytes(row[0]).hex() for row in rows}

    async def lag(self, road: Road) -> dict[str, Any]:
        """The lag as an operator sees it."""
        answer: dict[str, Any] = (await road.get("/lag", "operator")).json()
        return answer

    async def is_whole(self, road: Road, receipts: Sequence[str], since: int) -> bool:
        """Whether all of it is folded, and every mark holds, one of now among them."""
        lag = await self.lag(road)
        if lag.get("events") or lag.get("halted") or set(receipts) - await self.receipts(road):
            return False
        every = await self.doors(road)
        proved = any(d.name.startswith("intake.") and d.held_until >= since for d in every)
        return proved and all(
            door.is_closed or (door.differs_since is None and door.proven_mark == door.mark)
            for door in every
        )

    async def whole(self, road: Road, receipts: Sequence[str] | None = None) -> None:
        """Waits until all is whole, by itself."""
        needed, now = self.accepted if receipts is None else receipts, now_us()
        await eventually(lambda: self.is_whole(road, needed, now), 30)

    async def whole_or_halted(self, road: Road, receipts: Sequence[str]) -> str | None:
        """Waits until all is whole, or it is said why not; never anything else for long."""
        now = now_us()

        async def settled() -> Any:
            halted = (await self.lag(road)).get("halted")
            return (halted or "",) if halted or await self.is_whole(road, receipts, now) else None

        return (await eventually(settled, 30))[0] or None

    async def in_readiness(self, road: Road, words: str) -> None:
        """Waits until readiness says these words: it lies up to a second behind the lag."""

        async def answered() -> bool:
            return words in (await road.client.get("/scoring/readyz")).text

        await eventually(answered)

    async def resend(self, since: str) -> None:
        """What the sentence of a halt says."""
        await operator.resend(ScoringSettings(), since, lambda count, of: None)
