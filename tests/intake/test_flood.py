"""A department that publishes without end at the NATS door: the others are answered meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from services.intake.handlers import Intake
from services.intake.unit_queues import (
    PUBLISHES_OF_UNIT_MAX,
    REQUESTS_OF_UNIT_MAX,
    SERVED_OF_UNIT_MAX,
)
from tests.conftest import NatsServer, eventually
from tests.intake.test_nats_door import Department
from tests.support.builders.events import BATCH, Door, event, opened

pytestmark = pytest.mark.anyio
FLOOD = 20_000
A, B = "danchu.emit.H44-13", "H44-12"


@pytest.fixture
async def door(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer
) -> AsyncIterator[Door]:
    """A running intake with NATS."""
    async with opened(home, f"sqlite:///{tmp_path / 'intake.db'}", issuer) as made:
        yield made


@pytest.fixture
async def department(provisioned: NatsServer) -> AsyncIterator[Department]:
    """A client at the doors of units."""
    broker = provisioned.broker("emitter")
    yield Department(broker)
    await broker.close()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """What is accepted of unit A takes until this is set; how many are served at once is kept."""
    free = asyncio.Event()
    accept = Intake.accept

    async def slow(self: Intake, batch: Any, sender: Any, subject: str, headers: Any) -> Any:
        if subject == "H44.13":
            await free.wait()
        return await accept(self, batch, sender, subject, headers)

    monkeypatch.setattr(Intake, "accept", slow)
    return free


async def test_publishes_without_end_are_shed_and_others_are_answered(
    door: Door, department: Department, stuck: asyncio.Event
) -> None:
    """While all that A may have in service is stuck, B's requests are answered one by one."""
    assert "receipts" in await department.send(event("first"), B)
    client = await department.broker.ensure()
    for number in range(FLOOD):
        body = json.dumps(event(number, subject="H44.13")).encode()
        await client.publish(A, body)
    await client.flush()
    for number in range(20):
        reply = await department.send(event(f"b{number}"), B)
        assert reply["receipts"][0]["status"] == "accepted"
    stuck.set()

    async def taken() -> int:
        number = sum(b"H44.13" in body for _, body in await door.outbox())
        return number if number >= PUBLISHES_OF_UNIT_MAX else 0

    assert await eventually(taken, 60) <= PUBLISHES_OF_UNIT_MAX + SERVED_OF_UNIT_MAX


async def test_requests_without_end_are_told_that_the_door_is_full(
    door: Door, department: Department, stuck: asyncio.Event
) -> None:
    """Those beyond the unit's places get 503 in both languages; B is answered meanwhile."""
    assert "receipts" in await department.send(event("first"), B)
    most = REQUESTS_OF_UNIT_MAX + SERVED_OF_UNIT_MAX
    bodies = [json.dumps(event(n, subject="H44.13")).encode() for n in range(most + 50)]
    asked = [asyncio.create_task(department.broker.request(A, body, seconds=60)) for body in bodies]

    async def refused() -> int:
        return sum(task.done() for task in asked) >= 50

    await eventually(refused)
    assert "receipts" in await department.send(event("b"), B)
    early = [json.loads(task.result().data) for task in asked if task.done()]
    assert {one["status"] for one in early} == {503}
    assert 50 <= len(early) <= 50 + SERVED_OF_UNIT_MAX
    assert "Too many requests" in early[0]["detail_en"] and "quá nhiều" in early[0]["detail_vi"]
    stuck.set()
    late = [json.loads((await task).data) for task in asked]
    assert sum("receipts" in one for one in late) == len(asked) - len(early)


async def test_a_token_that_sends_too_many_events_is_told_when_to_come_back(
    home: Path, issuer: Issuer, tmp_path: Path
) -> None:
    """Each event of a batch counts, nothing of it is accepted, and other tokens go on."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    limits = {"intake_credential_rate": 1, "intake_credential_burst": 3}
    async with opened(home, url, issuer, **limits) as door:
        own = {**door.headers(), "content-type": BATCH}

        async def send(*numbers: int, headers: dict[str, str] = own) -> httpx.Response:
            body = json.dumps([event(number) for number in numbers])
            return await door.client.post("/intake/events", content=body, headers=headers)

        assert (await send(1, 2, 3)).status_code == 202
        refused = await send(4, 5)
        assert refused.status_code == 429 and refused.headers["retry-after"] in ("1", "2")
        assert refused.json()["code"] == "intake.events-rate" and refused.json()["detail_vi"]
        assert len(await door.outbox()) == 3
        other = {**door.headers(), "content-type": BATCH}
        assert (await send(4, 5, headers=other)).status_code == 202
