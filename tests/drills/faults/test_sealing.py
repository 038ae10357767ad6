"""Scoring is killed while a year is sealed under load: sealed or not, never half.

Every event that was accepted is wholly before a cut or wholly after it. `FAULT_KILLS` and
`FAULT_SEED` make it longer; `make faults` does.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import signal
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import text

from contracts import moments
from contracts.envelope import Recorded, decode
from services.chassis.auth.credentials import Issuer
from services.chassis.cancellation import cancel_all
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.relay import loop
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring.year.verify.files import check
from tests.conftest import NatsServer
from tests.scoring.test_road import due, registered
from tests.scoring.test_sealing_road import rubrics_without_replies
from tests.support.builders.events import BATCH
from tests.support.empty import migrated_once
from tests.support.processes import Served

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "12"))
WRITERS, PACE_SECONDS, AGAIN_SECONDS = 2, 0.2, 0.1
DRAFT_SECONDS, SEAL_SECONDS = 3.0, 0.2
"""How long the two halves of a seal last at most, more or less: a kill falls within."""
YEAR = "/scoring/years/2025"

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300 + 30 * KILLS)]


class Half(NamedTuple):
    """One call of a seal: who makes it, its body, and the status of its success."""

    role: str
    body: dict[str, str]
    status: int
    seconds: float


@dataclass
class City:
    """A door in this process, scoring in one of its own, and people who send and seal."""

    door: httpx.AsyncClient
    scoring: Served
    issuer: Issuer
    databases: dict[str, Database]
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=60))
    accepted: int = 0

    async def write(self, name: str) -> None:
        """Sends duties of a unit until it is cancelled."""
        for number in count():
            await self.send([due("H44.1", f"{name}-{number}")], "emitter")
            await asyncio.sleep(PACE_SECONDS)

    async def send(self, events: list[dict[str, Any]], role: str) -> None:
        """Sends events, all of which are accepted."""
        headers = {"authorization": f"Bearer {self.issuer.mint(role)}", "content-type": BATCH}
        answer = await self.door.post("/events", content=json.dumps(events), headers=headers)
        assert answer.status_code == 202, answer.text
        assert {each["status"] for each in answer.json()["receipts"]} == {"accepted"}
        self.accepted += len(events)

    async def ask(self, method: str, path: str, role: str, body: Any = None) -> httpx.Response:
        """One request to scoring; TransportError where it is killed meanwhile."""
        headers = {"authorization": f"Bearer {self.issuer.mint(role, name=role)}"}
        url = self.scoring.url(f"{YEAR}{path}")
        return await self.client.request(method, url, json=body, headers=headers)

    async def call(self, path: str, half: Half) -> dict[str, Any]:
        """Makes a call until it is answered with success, as a person would try again."""
        while True:
            try:
                answer = await self.ask("POST", path, half.role, half.body)
            except httpx.TransportError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if answer.status_code == half.status:
                answered: dict[str, Any] = answer.json()
                return answered
            assert answer.status_code in (409, 503), answer.text
            await asyncio.sleep(AGAIN_SECONDS)

    async def kill(self, chance: random.Random, seconds: float) -> None:
        """Kills scoring within so many seconds, and starts it again."""
        await asyncio.sleep(chance.uniform(0, seconds))
        await asyncio.to_thread(self.scoring.stop, signal.SIGKILL)
        await self.assert_whole()
        await asyncio.to_thread(self.scoring.start)

    async def assert_whole(self) -> None:
        """Seal, decision, its event and ratings are all there, or none of them; never a draft
        beside its own seal."""
        async with self.databases["scoring"].read() as conn:

            async def versions(select: str) -> set[int]:
                return {row[0] for row in await conn.execute(text(select))}

            seals = await versions("SELECT version FROM seals")
            drafts = await versions("SELECT version FROM drafts")
            ratings = await versions("SELECT DISTINCT version FROM sealed_ratings")
            decided = "SELECT version FROM year_decisions WHERE stage = 'sealed'"
            assert await versions(decided) == seals
            assert ratings == seals | drafts and not seals & drafts
            sent = "SELECT body FROM outbox WHERE subject LIKE '%year.sealed'"
            bodies = [decode(bytes(row[0])) for row in await conn.execute(text(sent))]
            assert {event.event.data.version for event in bodies} == seals

    async def recorded(self) -> list[Recorded]:
        """All that the door accepted."""
        async with self.databases["intake"].read() as conn:
            return [
                decode(bytes(row[0])) for row in await conn.execute(text("SELECT body FROM outbox"))
            ]

    async def assert_sealed(self, version: int, note: str) -> None:
        """The bundle holds all that was recorded up to the cut, and nothing else."""
        answer = await self.ask("GET", f"/seal.zip?version={version}", "auditor")
        assert answer.status_code == 200, answer.text
        check(answer.content, [], lambda number, of: None)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
            assert bundle.read("note").decode() == note
            entries = [json.loads(line) for line in bundle.read("entries.ndjson").splitlines()]
        cut = moments.instant(entries[-1]["cut"])
        ids = {entry["event"]["id"] for entry in entries if entry["entry"] == "event"}
        assert ids == {each.event.id for each in await self.recorded() if each.recorded <= cut}


@asynccontextmanager
async def city(home: Path, url: str, issuer: Issuer) -> AsyncIterator[City]:
    """Both services on one database or in files of the home."""
    home.mkdir(exist_ok=True)
    common = None if url.startswith("sqlite") else url
    rubrics = str(rubrics_without_replies(home / "rubrics"))
    settings = {"DANCHU_SCORING_RUBRICS": rubrics}
    settings |= {} if common is None else {"DANCHU_DATABASE_URL": common}
    scoring, of = Served(home, "scoring", settings), IntakeSettings(home=home, database_url=common)
    await migrated_once("intake", of.database("intake"), partial(intake.migrated, of))
    await scoring.migrated()
    door = intake.build(of)
    await door.start()
    scoring.start()
    databases = {
        name: Database(normal_url(common or f"sqlite:///{home / name}.db"), name)
        for name in ("intake", "scoring")
    }
    try:
        transport = httpx.ASGITransport(door.api)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            place = City(client, scoring, issuer, databases)
            async with place.client:
                yield place
    finally:
        scoring.stop()
        await door.stop()
        for db in databases.values():
            await db.close()


def order(number: int) -> dict[str, str]:
    """A decision on paper."""
    return {"decision": f"{number}/QĐ", "date": "2026-01-20", "reason": "Kết thúc kỳ"}


async def test_a_year_that_is_sealed_under_kills_is_sealed_or_not(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Drafted, sealed and reopened while people send events; the same call gets one answer."""
    monkeypatch.setattr(loop, "MARK_SECONDS", 0.1)
    chance = random.Random(SEED)
    async with city(home, database_url, issuer) as place:
        await place.send([registered("H44.1"), registered("H44.2")], "registrar")
        writers = [asyncio.create_task(place.write(f"w{n}")) for n in range(WRITERS)]
        numbers, first = count(1), database_url.startswith("sqlite")
        for version in range(1, KILLS + 1):
            await place.call("/provisional", Half("council", order(next(numbers)), 200, 0))
            halves = (
                Half("operator", order(next(numbers)), 202, DRAFT_SECONDS),
                Half("auditor", {}, 200, SEAL_SECONDS),
            )
            answers = []
            for half in halves:
                call = asyncio.create_task(place.call("/sealed", half))
                if halves.index(half) == (version + first) % 2:
                    await place.kill(chance, half.seconds)
                answers.append(await call)
            note = answers[1]["note"]
            assert note.startswith(answers[0]["note"])
            await place.assert_whole()
            await place.assert_sealed(version, note)
            await place.call("/reopened", Half("council", order(next(numbers)), 200, 0))
        for writer in writers:
            assert not writer.done(), writer.result()
        await cancel_all(writers)
        assert len(await place.recorded()) >= place.accepted > 2
