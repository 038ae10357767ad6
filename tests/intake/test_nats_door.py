"""The NATS door: the same answers as over HTTP, for the unit that the subject names."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from services.intake.handlers import Intake
from tests.conftest import NatsServer, Postgres, eventually, free_port
from tests.support.builders.events import Door, event, fields, opened

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


async def test_a_fault_of_the_door_is_answered_and_logged(
    nats_door: Door, department: Department, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The sender learns at once that nothing was taken, as over HTTP."""

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(Intake, "accept", broken)
    assert (await department.send(event("a")))["status"] == 500
    assert any("planted" in str(record.exc_info) for record in caplog.records)


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


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_without_its_database_the_nats_door_answers_503(
    nats_door: Door, department: Department, postgres: Postgres
) -> None:
    """As over HTTP; afterwards the same request is taken."""
    assert "receipts" in await department.send(event("a"))
    name = nats_door.app.db.url.database
    await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await postgres.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    assert (await department.send(event("b")))["status"] == 503
    await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert "receipts" in await department.send(event("b"))


@asynccontextmanager
async def bounded(
    home: Path, tmp_path: Path, issuer: Issuer, sources: dict[str, list[str]]
) -> AsyncIterator[Door]:
    """An intake that knows which sources each unit may use at the NATS door."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    async with opened(home, url, issuer, intake_nats_sources=sources) as made:
        yield made


A, B, OTHER = "H44-12", "H44-13", "H44-14"
SOURCES = {"H44.12": ["urn:a:"], "H44.13": ["urn:b:"]}


async def test_a_unit_takes_no_identity_of_another(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer, department: Department
) -> None:
    """With sources given, B neither uses A's source first nor retracts what A sent."""
    mine = event("1", source="urn:a:portal")
    async with bounded(home, tmp_path, issuer, SOURCES) as made:
        stolen = await department.send({**mine, "subject": "H44.13"}, B)
        assert (stolen["status"], fields(stolen)) == (422, ["source"])
        assert (await department.send(mine))["receipts"][0]["status"] == "accepted"
        named = {"source": "urn:a:portal", "id": "1", "reason": "x"}
        for source, wrong in (("urn:a:portal", "source"), ("urn:b:portal", "data.source")):
            retracted = event("2", "event.retracted", subject="H44.13", source=source, data=named)
            assert wrong in fields(await department.send(retracted, B))
        assert len(await made.outbox()) == 1


async def test_a_unit_that_is_not_named_has_no_source_or_those_of_the_star(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer, department: Department
) -> None:
    """Once sources are given to one unit, nobody else has any by an oversight."""
    sent = event("1", subject="H44.14", source="urn:b:portal")
    async with bounded(home, tmp_path, issuer, SOURCES):
        assert fields(await department.send(sent, OTHER)) == ["source"]
    shared = {**SOURCES, "*": ["urn:shared:"]}
    async with bounded(home, tmp_path, issuer, shared):
        assert fields(await department.send(sent, OTHER)) == ["source"]
        assert "receipts" in await department.send({**sent, "source": "urn:shared:x"}, OTHER)
        assert fields(await department.send(event("1", source="urn:shared:x"))) == ["source"]


@pytest.mark.parametrize(
    ("outside", "sources", "warned"),
    [(True, {}, True), (True, SOURCES, False), (False, {}, False)],
)
async def test_sources_without_bounds_at_an_outside_nats_stay_a_visible_warning(
    home: Path, tmp_path: Path, issuer: Issuer, outside: bool, sources: Any, warned: bool
) -> None:
    """The embedded one has no user but the development emitter, who speaks for every unit."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    nats_url = f"nats://127.0.0.1:{free_port()}" if outside else None
    async with opened(
        home, url, issuer, nats_url=nats_url, nats_port=free_port(), intake_nats_sources=sources
    ) as made:
        shown = (await made.client.get("/readyz")).json()["warnings"]
        assert any("DANCHU_INTAKE_NATS_SOURCES" in one for one in shown) == warned
