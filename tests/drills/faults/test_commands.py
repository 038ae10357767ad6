"""Commands to the systems of record while parts are killed: each acknowledged one is an event.

No command acknowledged without its event, no event without its command, none twice in the ratings.
`FAULT_COMMANDS`, `FAULT_KILLS` and `FAULT_SEED` make it longer; `make faults` does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest

from contracts.envelope import Recorded, decode
from services.records.announcing import source_of
from services.records.state_machine import RETRACTION
from tests.drills.faults.lives import LIVES, UNITS
from tests.drills.faults.victims import Victims, victims

COMMANDS = int(os.environ.get("FAULT_COMMANDS", "160"))
KILLS = int(os.environ.get("FAULT_KILLS", "5"))
SEED = int(os.environ.get("FAULT_SEED", "21"))
WORKERS, TRIES = 6, 400
AGAIN_SECONDS = 0.1
SOURCES = frozenset(map(source_of, LIVES))
OF_NO_COMMAND = "year-"
"""Records of training that it makes by itself when a year begins."""

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300 + COMMANDS)]


class Sent(NamedTuple):
    """An event in an outbox."""

    receipt: str
    said: Recorded


@dataclass
class Clerks:
    """Those who give commands, and what they were answered: receipts by service."""

    client: httpx.AsyncClient
    tokens: dict[str, str]
    receipts: dict[str, Counter[str]] = field(
        default_factory=lambda: {service: Counter() for service in LIVES}
    )
    given: int = 0
    repeated: int = 0

    async def give(self, service: str, path: str, role: str, body: dict[str, Any], key: str) -> Any:
        """One command, asked again under its key until it is answered."""
        headers = {"authorization": f"Bearer {self.tokens[role]}", "idempotency-key": key}
        said = ""
        for _ in range(TRIES):
            try:
                answer = await self.client.post(f"/{service}/{path}", json=body, headers=headers)
                said = answer.text
            except httpx.TransportError as away:
                answer, said = None, repr(away)
            if answer is not None and answer.status_code != 503:
                assert answer.status_code in (200, 201), f"{path} {body}: {answer.text}"
                self.given += 1
                told = answer.headers.get("x-danchu-receipts", "")
                self.receipts[service].update(filter(None, told.split(",")))
                return answer.json()
            self.repeated += 1
            await asyncio.sleep(AGAIN_SECONDS)
        raise AssertionError(f"nobody answered {path}: {said}")

    async def one(self, number: int, chance: random.Random) -> None:
        """The life of one record: four to eight commands, to each service in turn."""
        service = tuple(LIVES)[number % len(LIVES)]
        places = itertools.count()

        async def give(path: str, role: str, body: dict[str, Any]) -> Any:
            return await self.give(service, path, role, body, f"{number}-{next(places)}")

        await LIVES[service](give, number, chance)


async def _work(clerks: Clerks, seed: int, alive: Callable[[], bool]) -> None:
    """Workers take records until the commands are spent and every kill was done."""
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


async def _rows(found: Victims, service: str, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows of the database of a service, read past it."""
    select = f"SELECT {columns} FROM {table}"
    if found.postgres is None:
        with sqlite3.connect(found.stack.home / f"{service}.db") as conn:
            return list(conn.execute(select))
    conn = await asyncpg.connect(found.postgres.url)
    try:
        await conn.execute(f"SET search_path TO {service}")
        return [tuple(row) for row in await conn.fetch(select)]
    finally:
        await conn.close()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await holds():
            await asyncio.sleep(0.05)


async def _listed(client: httpx.AsyncClient, tokens: dict[str, str], year: int) -> Counter[str]:
    """How often scoring lists each receipt of these services, over all units."""
    headers = {"authorization": f"Bearer {tokens['hr']}"}
    found: Counter[str] = Counter()
    for unit in range(UNITS):
        asked: dict[str, Any] = {"limit": 1000}
        while True:
            path = f"/scoring/ratings/{year}/H44.{unit}/events"
            page = (await client.get(path, params=asked, headers=headers)).json()
            found.update(e["receipt"] for e in page["items"] if e["source"] in SOURCES)
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
            async with asyncio.TaskGroup() as group:
                killing = group.create_task(_kill(found, clerks, chance))
                group.create_task(_work(clerks, SEED, lambda: not killing.done()))
            await _check(found, client, clerks)
    print(f"seed {SEED}: {clerks.given} commands, {clerks.repeated} asked again, {found.killed}")


async def _check(found: Victims, client: httpx.AsyncClient, clerks: Clerks) -> None:
    """Answers, journals, outboxes and ledger tell of the same events, each once."""
    sent: Counter[str] = Counter()
    years: set[int] = set()
    for service in LIVES:
        mine = await _sent(found, service, clerks.receipts[service])
        sent.update(event.receipt for event in mine)
        years |= {event.said.year for event in mine}
    assert set(sent.values()) == {1}

    async def folded() -> bool:
        listed: Counter[str] = Counter()
        for year in years:
            listed += await _listed(client, clerks.tokens, year)
        return listed == sent

    await _until(folded)
    audit = await asyncio.to_thread(found.stack.run, "audit")
    assert audit.returncode == 0, audit.stdout


async def _sent(found: Victims, service: str, answered: Counter[str]) -> list[Sent]:
    """What the outbox of a service holds, which is what its journal and its answers say."""
    written: Counter[str] = Counter()
    of_commands: Counter[str] = Counter()
    for record, events in await _rows(found, service, "journal", "record, events"):
        receipts = [event[3] for event in json.loads(events)]
        written.update(receipts)
        of_commands.update(receipts if not record.startswith(OF_NO_COMMAND) else [])
    rows = await _rows(found, service, "outbox", "receipt, body")
    sent = [Sent(bytes(receipt).hex(), decode(bytes(body))) for receipt, body in rows]
    assert answered == of_commands, service
    assert written == Counter(event.receipt for event in sent), service
    if service == "training":
        told = await _rows(found, service, "announced", "event")
        assert Counter(one for (one,) in told) == Counter(_standing(sent)), service
    return sent


def _standing(sent: list[Sent]) -> list[str]:
    """The ids of what was announced and not retracted, retractions left out."""
    back = {one.said.event.data.id for one in sent if one.said.kind.short == RETRACTION}
    ids = [one.said.event.id for one in sent if one.said.kind.short != RETRACTION]
    return [id_ for id_ in ids if id_ not in back]
