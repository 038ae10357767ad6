"""Events to send, and the intake to send them to."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from contracts.catalog import CANONICAL
from services.chassis.auth.credentials import Issuer
from services.chassis.http.service_api import compose
from services.chassis.outbox_service import Producer
from services.intake.app import build, migrated
from services.intake.settings import IntakeSettings
from tests.support.empty import migrated_once

BATCH = "application/cloudevents-batch+json"
SINGLE = "application/cloudevents+json"
SOURCE = "/portal/a"
COMPLETED = {"person": "p1", "course": "c1", "topic": "democracy", "hours": 8}


def event(id_: object, short: str = "training.completed", **changed: Any) -> dict[str, Any]:
    """A good event of a training, with what a test changes; `data=` replaces the data."""
    made = {
        "specversion": "1.0", "id": str(id_), "source": SOURCE, "type": CANONICAL[short].type,
        "subject": "H44.12", "time": "2025-07-01T08:00:00+07:00", "data": COMPLETED,
    }  # fmt: skip
    return {**made, **changed}


def fields(receipt: dict[str, Any]) -> list[str]:
    """The fields that a receipt's or problem's errors name."""
    return [error["field"] for error in receipt.get("errors", [])]


@dataclass
class Door:
    """A running intake and a client of its HTTP door."""

    app: Producer
    client: httpx.AsyncClient
    issuer: Issuer

    def headers(self, role: str = "emitter", **claims: Any) -> dict[str, str]:
        """The header of a token."""
        return {"authorization": f"Bearer {self.issuer.mint(role, **claims)}"}

    async def post(
        self, body: Any, role: str = "emitter", content_type: str | None = None, **claims: Any
    ) -> httpx.Response:
        """Posts events (or raw bytes) as the holder of a fresh token."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = content_type or (BATCH if isinstance(body, list) else SINGLE)
        headers = {**self.headers(role, **claims), "content-type": kind}
        return await self.client.post("/intake/events", content=raw, headers=headers)

    async def receipts(self, body: Any, role: str = "emitter", **claims: Any) -> list[Any]:
        """The receipts of a batch that is answered with 202."""
        answer = await self.post(body, role, **claims)
        assert answer.status_code == 202, answer.text
        found: list[Any] = answer.json()["receipts"]
        return found

    async def outbox(self) -> list[tuple[str, bytes]]:
        """Subject and body of everything that was accepted, in order."""
        async with self.app.db.read() as conn:
            rows = await conn.execute(text("SELECT subject, body FROM outbox ORDER BY seq"))
            return [(subject, bytes(body)) for subject, body in rows.all()]


@asynccontextmanager
async def opened(home: Path, url: str, issuer: Issuer, **settings: Any) -> AsyncIterator[Door]:
    """A migrated and started intake; NATS need not be there."""
    made = IntakeSettings(home=home, database_url=url, **settings)
    await migrated_once("intake", made.database("intake"), partial(migrated, made))
    app = build(made)
    await app.start()
    root = compose({"intake": (app.api, app.health)})
    transport = httpx.ASGITransport(root, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            yield Door(app, client, issuer)
    finally:
        await app.stop()
