"""A department system that sends events to three doors.

It takes a door out while its /readyz is not 200, and sends again, with the same ids, whatever was
not answered with receipts.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.deploy.topology.processes import Process

UNITS = 20
QUERY_EVERY = 10
BATCH, EVERY_SECONDS = 5, 0.1
"""50 events a second."""
PROBE_SECONDS, REQUEST_SECONDS = 0.25, 5.0
TAKEN = ("accepted", "duplicate")
SOURCE = "urn:city:portal"


def event(id_: str, unit: int, kind: str, time_: str, data: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent."""
    return {
        "specversion": "1.0", "id": id_, "source": SOURCE, "subject": f"H44.{unit}", "time": time_,
        "type": f"vn.danchu.{kind}.v1", "data": data,
    }  # fmt: skip


def registrations() -> list[dict[str, Any]]:
    """The units that everything else is about."""
    return [
        event(f"unit-{unit}", unit, "unit.registered", "2025-01-01T00:00:00+07:00",
              {"name": f"Phường {unit}", "kind": "commune"})
        for unit in range(1, UNITS + 1)
    ]  # fmt: skip


def practice(number: int) -> dict[str, Any]:
    """One event of a pair: an item that is due, and the same item published."""
    pair, second = divmod(number, 2)
    unit, item = pair % UNITS + 1, f"item-{pair}"
    if second:
        data = {"item": item, "channel": "portal"}
        return event(f"p-{pair}", unit, "disclosure.published", "2025-03-01T08:00:00+07:00", data)
    data = {"item": item, "due": "2025-03-01" if pair % 3 else "2025-02-01"}
    return event(f"d-{pair}", unit, "disclosure.due", "2025-01-15T08:00:00+07:00", data)


@dataclass
class Traffic:
    """The sender; `failures` are requests without an answer of the door, or with a 5xx."""

    doors: Sequence[Process]
    tokens: dict[str, str]
    events: list[dict[str, Any]] = field(default_factory=list)
    receipts: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    again: int = 0
    _in: dict[str, bool] = field(default_factory=dict)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def probe(self) -> None:
        """Takes doors in and out of the rotation, as Kubernetes does by their readiness."""

        async def watch(door: Process) -> None:
            while True:
                self._in[door.name] = await door.ready()
                await asyncio.sleep(PROBE_SECONDS)

        await asyncio.gather(*map(watch, self.doors))

    async def run(self) -> None:
        """Sends until it is stopped, and then what is still under way."""
        sending = set[asyncio.Task[None]]()
        async with httpx.AsyncClient(timeout=REQUEST_SECONDS) as client:
            try:
                await self._send_all(client, sending)
                await asyncio.gather(*sending)
            finally:
                for task in sending:
                    task.cancel()

    async def _send_all(self, client: httpx.AsyncClient, sending: set[asyncio.Task[None]]) -> None:
        numbers = itertools.count()
        for turn in itertools.count():
            if self._ending.is_set():
                return
            batch = [practice(next(numbers)) for _ in range(BATCH)]
            work = [self.send(client, batch, "emitter")]
            if turn % QUERY_EVERY == 0:
                work.append(self._query(client, turn))
            for coroutine in work:
                task = asyncio.create_task(coroutine)
                sending.add(task)
                task.add_done_callback(sending.discard)
            await asyncio.sleep(EVERY_SECONDS)

    def stop(self) -> None:
        """Sends nothing new."""
        self._ending.set()

    async def send(self, client: httpx.AsyncClient, batch: list[dict[str, Any]], role: str) -> None:
        """Sends a batch until every event has its receipt."""
        self.events += batch
        turns = itertools.count(len(self.events))
        while True:
            doors = [door for door in self.doors if self._in.get(door.name)]
            if not doors:
                await asyncio.sleep(PROBE_SECONDS)
                continue
            if await self._posted(client, doors[next(turns) % len(doors)], batch, role):
                return
            self.again += 1
            await asyncio.sleep(PROBE_SECONDS)

    async def _query(self, client: httpx.AsyncClient, turn: int) -> None:
        """Asks one of the doors for a rating, as HR does."""
        doors = [door for door in self.doors if self._in.get(door.name)]
        if not doors:
            return
        door, headers = doors[turn % len(doors)], {"authorization": f"Bearer {self.tokens['hr']}"}
        try:
            answer = await client.get(f"{door.url}/scoring/ratings/2025/H44.1", headers=headers)
        except httpx.HTTPError as error:
            self.failures.append(f"{door.name}: a query: {type(error).__name__}")
            return
        if answer.status_code != 200:
            self.failures.append(f"{door.name}: a query: {answer.status_code} {answer.text[:200]}")

    async def _posted(
        self, client: httpx.AsyncClient, door: Process, batch: list[dict[str, Any]], role: str
    ) -> bool:
        headers = {
            "authorization": f"Bearer {self.tokens[role]}",
            "content-type": "application/cloudevents-batch+json",
        }
        began = time.monotonic()
        try:
            answer = await client.post(
                f"{door.url}/intake/events", content=json.dumps(batch), headers=headers
            )
        except httpx.HTTPError as error:
            took = time.monotonic() - began
            self.failures.append(f"{door.name}: {type(error).__name__} after {took:.1f} s")
            return False
        if answer.status_code != 202:
            self.failures.append(f"{door.name}: {answer.status_code} {answer.text[:200]}")
            return False
        receipts = answer.json()["receipts"]
        assert all(receipt["status"] in TAKEN for receipt in receipts), receipts
        self.receipts |= {receipt["receipt"] for receipt in receipts}
        return True

    def write(self, file: Path) -> None:
        """Writes all events that were sent, one a line."""
        file.write_text("".join(json.dumps(each) + "\n" for each in self.events))
