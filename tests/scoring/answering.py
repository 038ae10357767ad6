"""The queries of scoring over HTTP on a database that was folded in process, without a broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.chassis.auth.credentials import Issuer
from services.chassis.clock import Clock, now_us
from services.chassis.http.service_api import compose
from services.scoring import app as scoring
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.settings import ScoringSettings
from tests.scoring.folding import folding
from tests.support.builders.cities import accepted


@dataclass
class Answering:
    """Scoring without a fold, and who may ask it."""

    app: scoring.App
    client: httpx.AsyncClient
    issuer: Issuer

    async def ask(
        self, method: str, path: str, role: str = "hr", body: Any = None, **claims: Any
    ) -> httpx.Response:
        """One request as the holder of a fresh token; without a role as nobody."""
        headers = {}
        if role:
            headers["authorization"] = f"Bearer {self.issuer.mint(role, **claims)}"
        url = f"/scoring{path}"
        return await self.client.request(method, url, json=body, headers=headers)

    async def lines(self, **parameters: Any) -> list[dict[str, Any]]:
        """The lines of the log of reads, the newest first."""
        headers = {"authorization": f"Bearer {self.issuer.mint('auditor')}"}
        answer = await self.client.get("/scoring/reads", params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@asynccontextmanager
async def answering(
    home: Path, url: str, issuer: Issuer, events: Sequence[dict[str, Any]],
    clock: Clock = now_us, rubrics: Path = SHIPPED, **settings: Any,
) -> AsyncIterator[Answering]:  # fmt: skip
    """Folds the events by these rubrics into an empty database, and serves it."""
    async with folding(url, load_directory(rubrics)) as fold:
        await fold.fold(accepted(events))
    settings_of_app = ScoringSettings(
        home=home, database_url=url, scoring_rubrics=rubrics, **settings
    )
    app = scoring.build(settings_of_app, "http", clock)
    root = compose({"scoring": (app.api, app.health)})
    transport = httpx.ASGITransport(root, client=("192.0.2.7", 4711))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            yield Answering(app, client, issuer)
    finally:
        await app.stop()
