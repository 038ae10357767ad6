"""Commands to a system of record while its parts are killed: each acknowledged one is an event.

No command acknowledged without its event, no event without its command, none twice in the ratings.
`FAULT_COMMANDS`, `FAULT_KILLS` and `FAULT_SEED` make it longer; `make faults` does.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest

from contracts.envelope import decode
from services.chassis.announce import source_of
from tests.faults.victims import Victims, victims

COMMANDS = int(os.environ.get("FAULT_COMMANDS", "240"))
KILLS = int(os.environ.get("FAULT_KILLS", "6"))
SEED = int(os.environ.get("FAULT_SEED", "21"))
WORKERS, UNITS, TRIES = 6, 8, 400
AGAIN_SECONDS = 0.1
SOURCE = source_of("awards")

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300 + COMMANDS)]


@dataclass
class Clerks:
    """Those who give commands, and what they were answered; `receipts` by record."""

    client: httpx.AsyncClient
    tokens: dict[str, str]
    receipts: dict[str, list[str]] = field(default_factory=dict)
    given: int = 0
    repeated: int = 0

    async def give(self, path: str, role: str, body: dict[str, Any], key: str) -> Any:
        """One command, asked again under its key until it is answered."""
        headers = {"authorization": f"Bearer {self.tokens[role]}", "idempotency-key": key}
        for _ in range(TRIES):
            try:
                answer = await self.client.post(f"/awards/{path}", json=body, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code != 503:
                assert answer.status_code in (200, 201), answer.text
                self.given += 1
                said = answer.json()
                known = self.receipts.setdefault(said["id"], [])
                known += [r for r in answer.headers.get("x-danchu-receipts", "").split(",") if r]
                return said
            self.repeated += 1
            await asyncio.sleep(AGAIN_SECONDS)
        raise AssertionError(f"nobody answered {path}")

    async def one(self, number: int, chance: random.Random) -> None:
        """The life of one achievement: four to seven commands."""
        unit = f"H44.{number % UNITS}"
        named = {"unit": unit, "title": f"Mô hình {number}", "merits": "mô phỏng"}
        id_ = (await self.give("achievements", "clerk", named, f"{number}-n"))["id"]
        votes = {"what": "model", "level": "city", "in_favour": 5, "against": 0}
        decided = {"level": "city", "decision": f"{number}/QĐ"}
        steps: list[tuple[str, str, dict[str, Any]]] = [
            ("appraise", "council", votes), ("recognise", "council", decided),
            ("replicate", "clerk", {"by": "H44.99"}),
        ]  # fmt: skip
        if chance.random() < 0.3:
            revoked = {"what": "model", "cause": "wrong_appraisal", "decision": "1/QĐ"}
            steps.append(("revoke", "council", revoked))
        elif chance.random() < 0.5:
            steps.append(("retract", "council", {"version": 4, "reason": "nhầm"}))
        for place, (step, role, body) in enumerate(steps):
            await self.give(f"achievements/{id_}/{step}", role, body, f"{number}-{place}")


async def _work(clerks: Clerks, seed: int, alive: Callable[[], bool]) -> None:
    """Workers take achievements until the commands are spent and every kill was done."""
    numbers = iter(range(10**9))

    async def worker() -> None:
        while clerks.given < COMMANDS or alive():
            number = next(numbers)
            await clerks.one(number, random.Random(seed * 1_000_003 + number))

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(worker())


async def _kill(found: Victims, clerks: Clerks, chance: random.Random) -> None:
    """Kills are spread over the commands, so that each falls into work under way."""
    for number in range(1, KILLS + 1):
        due = COMMANDS * number // (KILLS + 1)
        while clerks.given < due:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(found.kill, chance.choice(found.names))


async def _rows(found: Victims, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows of the database of awards, read past the service."""
    select = f"SELECT {columns} FROM {table}"
    if found.postgres is None:
        with sqlite3.connect(found.stack.home / "awards.db") as conn:
            return list(conn.execute(select))
    conn = await asyncpg.connect(found.postgres.url)
    try:
        await conn.execute("SET search_path TO awards")
        return [tuple(row) for row in await conn.fetch(select)]
    finally:
        await conn.close()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await holds():
            await asyncio.sleep(0.05)


async def _listed(client: httpx.AsyncClient, tokens: dict[str, str], year: int) -> Counter[str]:
    """How often scoring lists each receipt of the awards, over all units."""
    headers = {"authorization": f"Bearer {tokens['hr']}"}
    found: Counter[str] = Counter()
    for unit in range(UNITS):
        asked: dict[str, Any] = {"limit": 1000}
        while True:
            path = f"/scoring/ratings/{year}/H44.{unit}/events"
            page = (await client.get(path, params=asked, headers=headers)).json()
            found.update(e["receipt"] for e in page["items"] if e["source"] == SOURCE)
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
    return found


async def _register(client: httpx.AsyncClient, tokens: dict[str, str]) -> None:
    events = [
        {"specversion": "1.0", "id": f"u{unit}", "source": "urn:city:registry",
         "type": "vn.danchu.unit.registered.v1", "subject": f"H44.{unit}",
         "time": "2025-01-01T00:00:00+07:00", "data": {"name": "Đơn vị", "kind": "commune"}}
        for unit in range(UNITS)
    ]  # fmt: skip
    headers = {
        "authorization": f"Bearer {tokens['registrar']}",
        "content-type": "application/cloudevents-batch+json",
    }
    answer = await client.post("/intake/events", content=json.dumps(events), headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_no_command_is_lost_and_no_event_comes_twice_whatever_is_killed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broker, doors, fold and database are killed at random moments of the work."""
    chance = random.Random(SEED)
    with victims(tmp_path / "home", database, monkeypatch) as found:
        tokens = json.loads((found.stack.home / "tokens.json").read_text())
        async with httpx.AsyncClient(base_url=found.stack.url, timeout=30) as client:
            await _register(client, tokens)
            clerks = Clerks(client, tokens)
            killing = asyncio.create_task(_kill(found, clerks, chance))
            await _work(clerks, SEED, lambda: not killing.done())
            await killing
            await _check(found, client, clerks)
    print(f"seed {SEED}: {clerks.given} commands, {clerks.repeated} asked again, {found.killed}")


async def _check(found: Victims, client: httpx.AsyncClient, clerks: Clerks) -> None:
    """Answers, journal, outbox and ledger tell of the same events, each once."""
    answered = Counter(receipt for known in clerks.receipts.values() for receipt in known)
    written: Counter[str] = Counter()
    for (events,) in await _rows(found, "journal", "events"):
        written.update(event[3] for event in json.loads(events))
    sent = Counter(bytes(row[0]).hex() for row in await _rows(found, "outbox", "receipt"))
    assert answered == written == sent
    assert set(sent.values()) == {1}
    years = {decode(bytes(row[0])).year for row in await _rows(found, "outbox", "body")}

    async def folded() -> bool:
        listed: Counter[str] = Counter()
        for year in years:
            listed += await _listed(client, clerks.tokens, year)
        return listed == sent

    await _until(folded)
    audit = await asyncio.to_thread(found.stack.run, "audit")
    assert audit.returncode == 0, audit.stdout
