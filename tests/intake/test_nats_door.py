"""The NATS door: the same answers as over HTTP, for the unit that the subject names."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth import Issuer
from services.chassis.broker import Broker
from services.chassis.errors import BrokerAway
from tests.conftest import NatsServer, eventually
from tests.intake.events import Door, event, fields, opened

pytestmark = pytest.mark.anyio


class Department:
    """A department system with the development emitter's password."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    async def send(self, body: Any, unit: str = "H44-12") -> dict[str, Any]:
        """The reply to a request at the unit's door, asked again while nobody listens."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def ask() -> dict[str, Any] | None:
            try:
                answer = await self.broker.request(f"danchu.emit.{unit}", raw)
            except BrokerAway:
                return None
            found: dict[str, Any] = json.loads(answer.data)
            return found

        found: dict[str, Any] = await eventually(ask)
        return found


@pytest.fixture
async def nats_door(
    provisioned: NatsServer, home: Path, database_url: str, issuer: Issuer
) -> AsyncIterator[Door]:
    """A running intake with NATS, on either database."""
    async with opened(home, database_url, issuer) as made:
        yield made


@pytest.fixture
async def department(provisioned: NatsServer) -> AsyncIterator[Department]:
    """A client at the NATS doors."""
    broker = provisioned.broker("emitter")
    yield Department(broker)
    await broker.close()


async def test_both_doors_answer_the_same(nats_door: Door, department: Department) -> None:
    """A receipt by NATS is the receipt by HTTP; what was sent there is a duplicate here."""
    reply = await department.send(event("a"))
    assert reply["receipts"][0]["status"] == "accepted"
    (again,) = await nats_door.receipts([event("a")])
    assert again == {**reply["receipts"][0], "status": "duplicate"}
    conflict = await department.send(event("a", time="2025-07-02T08:00:00+07:00"))
    assert (conflict["status"], fields(conflict)) == (409, ["id"])
    refused = await department.send(event("b", data={}))
    assert refused["status"] == 422 and "data.person" in fields(refused)


async def test_accepted_events_reach_the_stream(
    nats_door: Door, department: Department, provisioned: NatsServer
) -> None:
    """From the door by the relay to EVENTS, each once."""
    reply = await department.send([event(number) for number in range(1000)])
    assert {receipt["status"] for receipt in reply["receipts"]} == {"accepted"}
    broker = provisioned.broker("provision")

    async def arrived() -> bool:
        return (await broker.stream_info("EVENTS")).state.messages == 1000

    await eventually(arrived)
    message = await broker.manager().get_msg("EVENTS", 1)
    assert message.subject == "danchu.events.H44-12.training.completed"
    assert message.headers is not None
    assert message.headers["Nats-Msg-Id"] == reply["receipts"][0]["receipt"]
    await broker.close()


async def test_a_unit_speaks_for_itself_alone(nats_door: Door, department: Department) -> None:
    """Events with another subject are refused in the field `subject`, one by one."""
    batch = [event("a"), event("b", subject="H44.13"), event("c", "unit.headed", data={})]
    found = (await department.send(batch, "H44-13"))["receipts"]
    assert [receipt["status"] for receipt in found] == ["refused", "accepted", "refused"]
    assert fields(found[0]) == ["subject"]


async def test_the_role_at_the_nats_door_is_emitter(
    nats_door: Door, department: Department
) -> None:
    """Registrar and council use HTTP."""
    unit = event("a", "unit.registered", data={"name": "A", "kind": "commune"})
    refused = await department.send(unit)
    assert (refused["status"], fields(refused)) == (422, ["type"])


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 1000, 400), (b" " * 950_000, 413)],
)
async def test_what_is_no_request_is_answered_with_a_problem(
    nats_door: Door, department: Department, body: bytes, status: int
) -> None:
    """The door stays open for the next."""
    assert (await department.send(body))["status"] == status
    assert "receipts" in await department.send(event("a"))


async def test_a_request_has_at_most_a_thousand_events(
    nats_door: Door, department: Department
) -> None:
    """One more is refused whole."""
    batch = [event(number, data={}) for number in range(1001)]
    assert (await department.send(batch))["status"] == 413
    assert await nats_door.outbox() == []


async def test_a_unit_with_given_sources_uses_no_others(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer, department: Department
) -> None:
    """A setting bounds the sources at the NATS door, so that no unit takes another's ids."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    bounded = {"H44.12": ["/theirs/"]}
    async with opened(home, url, issuer, intake_nats_sources=bounded):
        refused = await department.send(event("a"))
        assert fields(refused) == ["source"]
        assert "receipts" in await department.send(event("a", source="/theirs/x"))
