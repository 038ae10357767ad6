"""A running system of record for tests: its HTTP, its database and its outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from contracts.envelope import Recorded, decode
from services.awards import app as awards
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import Clock, now_us
from services.chassis.http.service_api import compose
from services.chassis.outbox_service import Producer
from services.chassis.settings import Settings
from services.records import vault
from tests.conftest import free_port
from tests.support.empty import migrated_once

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Marks a test that does not depend on the database: one kind of database is enough."""

Build = Callable[[Settings, Clock], Producer]
Migrate = Callable[[Settings], Awaitable[None]]


@dataclass
class Desk:
    """A running system of record and a client of it."""

    name: str
    app: Producer
    client: httpx.AsyncClient
    issuer: Issuer
    announced: list[str] = field(default_factory=list)

    def headers(self, role: str, **claims: Any) -> dict[str, str]:
        """The header of a token."""
        return {"authorization": f"Bearer {self.issuer.mint(role, **claims)}"}

    async def ask(
        self, method: str, path: str, role: str, body: Any = None,
        headers: dict[str, str] | None = None, **claims: Any,
    ) -> httpx.Response:  # fmt: skip
        """One request as the holder of a fresh token; `path` is below the service."""
        token_headers = {**self.headers(role, **claims), **(headers or {})}
        url = f"/{self.name}/{path}"
        if isinstance(body, bytes):
            return await self.client.request(method, url, content=body, headers=token_headers)
        return await self.client.request(method, url, json=body, headers=token_headers)

    async def post(self, path: str, role: str, body: Any = None, **claims: Any) -> httpx.Response:
        """A command."""
        answer = await self.ask("POST", path, role, {} if body is None else body, **claims)
        self.announced += [r for r in answer.headers.get("X-Danchu-Receipts", "").split(",") if r]
        return answer

    async def get(self, path: str, role: str = "auditor", **claims: Any) -> httpx.Response:
        """A query."""
        return await self.ask("GET", path, role, **claims)

    async def succeed(self, path: str, role: str, body: Any = None, **claims: Any) -> Any:
        """A command that must succeed; its JSON answer."""
        answer = await self.post(path, role, body, **claims)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def events(self) -> list[Recorded]:
        """Every event in the outbox, in order, decoded as the fold decodes it."""
        async with self.app.db.read() as conn:
            rows = await conn.execute(text("SELECT body FROM outbox ORDER BY seq"))
            return [decode(bytes(row[0])) for row in rows]

    async def announcements(self) -> list[tuple[str, str]]:
        """Short name and subject of every announced event, in order."""
        return [(event.kind.short, event.event.subject) for event in await self.events()]


UNITS = frozenset(f"H44.{n}" for n in range(1, 60)) | {f"H44.2.{n}" for n in range(1, 60)}


async def registered_units() -> frozenset[str]:
    """The registered units, in place of a stream."""
    return UNITS


@asynccontextmanager
async def open_desk(
    name: str, build: Build, migrated: Migrate, home: Path, url: str, issuer: Issuer,
    clock: Clock = now_us,
) -> AsyncIterator[Desk]:  # fmt: skip
    """A migrated and started service without NATS."""
    settings = Settings(home=home, database_url=url, nats_port=free_port())
    await migrated_once(name, settings.database(name), partial(migrated, settings))
    vault.make(settings)
    if build is awards.build:
        build = partial(build, units=registered_units)
    app = build(settings, clock)
    await app.start()
    transport = httpx.ASGITransport(
        compose({name: (app.api, app.health)}), raise_app_exceptions=False
    )
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            yield Desk(name, app, client, issuer)
    finally:
        await app.stop()
