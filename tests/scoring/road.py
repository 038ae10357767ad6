"""The whole road of a test: a door, a real nats-server, the fold, and the queries over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from services.chassis.auth.credentials import Issuer
from services.chassis.clock import Clock, now_us
from services.chassis.http.service_api import compose
from services.chassis.outbox_service import Producer
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.settings import ScoringSettings
from tests.support.builders.events import BATCH
from tests.support.empty import migrated_once

ROLES = {"unit": "registrar", "exemption": "council", "adjustment": "council"}


@dataclass
class Road:
    """Both services on one HTTP root, and who may ask them."""

    intake: Producer
    scoring: scoring.App
    client: httpx.AsyncClient
    issuer: Issuer

    def headers(self, role: str = "hr", **claims: Any) -> dict[str, str]:
        """The header of a token."""
        return {"authorization": f"Bearer {self.issuer.mint(role, **claims)}"}

    async def send(self, events: Sequence[dict[str, Any]], role: str = "") -> list[str]:
        """Sends events, each with a role that may; answers their receipts in order."""
        receipts = []
        for event in events:
            domain = event["type"].split(".")[2]
            headers = self.headers(role or ROLES.get(domain, "emitter"))
            answer = await self.client.post(
                "/intake/events", content=json.dumps([event]), headers={**headers, **_BATCH}
            )
            assert answer.status_code == 202, answer.text
            (receipt,) = answer.json()["receipts"]
            assert receipt["status"] in ("accepted", "duplicate"), receipt
            receipts.append(receipt["receipt"])
        return receipts

    async def get(self, path: str, role: str = "hr", **asked: Any) -> httpx.Response:
        """Asks scoring; `claims` of the token in `claims=`."""
        claims = asked.pop("claims", {})
        params = {name.rstrip("_"): value for name, value in asked.items()}
        headers = self.headers(role, **claims)
        return await self.client.get(f"/scoring{path}", params=params, headers=headers)


_BATCH = {"content-type": BATCH}


@asynccontextmanager
async def open_road(
    home: Path, url: str, issuer: Issuer, clock: Clock = now_us, **settings: Any
) -> AsyncIterator[Road]:
    """Migrated and started services; `settings` are those of scoring.

    On SQLite each service has its file in the home, on PostgreSQL a schema of one database.
    """
    common = None if url.startswith("sqlite") else url
    door = IntakeSettings(home=home, database_url=common)
    rater = ScoringSettings(home=home, database_url=common, **settings)
    for name, service, of in (("intake", intake, door), ("scoring", scoring, rater)):
        await migrated_once(name, of.database(name), partial(service.migrated, of))
    apps = intake.build(door, clock), scoring.build(rater, clock=clock)
    for app in apps:
        await app.start()
    root = compose(
        {"intake": (apps[0].api, apps[0].health), "scoring": (apps[1].api, apps[1].health)}
    )
    transport = httpx.ASGITransport(root, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            yield Road(*apps, client, issuer)
    finally:
        for app in reversed(apps):
            await app.stop()
