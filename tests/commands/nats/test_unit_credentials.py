"""The credentials of departments: what each attack of one unit on the others comes to."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error, NoRespondersError

from services.chassis.auth.credentials import Issuer
from services.commands.nats.embedded import regenerate
from services.commands.nats.reload import ReloadRefused, reload_servers
from services.commands.nats.units import Issued, issue, listed, revoke
from services.intake.settings import IntakeSettings
from tests.conftest import NatsServer, eventually
from tests.support.builders.events import Door, event, fields, opened

pytestmark = pytest.mark.anyio
A, B = "H44.12", "H44.13"
DOOR_A, DOOR_B = "danchu.emit.H44-12", "danchu.emit.H44-13"
SOURCE_A, SOURCE_B = f"urn:danchu:unit:{A}:portal", f"urn:danchu:unit:{B}:portal"
JETSTREAM = (
    "INFO", "STREAM.INFO.EVENTS", "STREAM.CREATE.MORE", "STREAM.UPDATE.EVENTS",
    "STREAM.DELETE.EVENTS", "STREAM.PURGE.EVENTS", "STREAM.MSG.GET.EVENTS",
    "STREAM.MSG.DELETE.EVENTS", "STREAM.SNAPSHOT.EVENTS", "STREAM.NAMES", "DIRECT.GET.EVENTS",
    "CONSUMER.CREATE.EVENTS", "CONSUMER.DURABLE.CREATE.EVENTS.x", "CONSUMER.DELETE.EVENTS.scoring",
    "CONSUMER.MSG.NEXT.EVENTS.scoring", "CONSUMER.RESET.EVENTS.scoring", "CONSUMER.NAMES.EVENTS",
)  # fmt: skip
PUBLISHED = (
    DOOR_B, "danchu.emit.*", "danchu.emit.>", "danchu.emit.h44-12", "DANCHU.EMIT.H44-12",
    "danchu.emit.H44.12", "danchu.emit.\u041d44-12", "danchu.emit.H44-1", "danchu.emit.H44-12.",
    f"{DOOR_A}.{{a}}", f"{DOOR_A}.{{b}}", f"{DOOR_B}.{{b}}", f"{DOOR_A}.more",
    "danchu.events.H44-12.training.completed", "danchu.events.H44-13.award.granted",
    "danchu.events.CITY.year.sealed", "danchu.marks.intake.00000000", "danchu.doors.intake.x",
    "danchu.quarantine.syntax", "danchu.ratings.2025.H44-12", "danchu.query.rating",
    "danchu.query.receipt", "_INBOX.intake.x", "_INBOX.x", "_R_.x", "$SRV.PING",
    "$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$SYS.REQ.ACCOUNT.DANCHU.INFO",
    "$JS.ACK.EVENTS.scoring.1.1.1.1.1", *(f"$JS.API.{each}" for each in JETSTREAM),
)  # fmt: skip
HEARD = (
    ">", "danchu.>", "danchu.emit.*", f"{DOOR_A}", f"{DOOR_B}.*", "danchu.events.>", "_R_.>",
    "danchu.query.>", "$JS.>", "$SYS.>", "$SRV.>", "*.>",
)  # fmt: skip
HEADERS = (
    {"Nats-Rollup": "all"}, {"Nats-Rollup": "sub"}, {"Nats-TTL": "1s"},
    {"Nats-Schedule": "@at 2030-01-01T00:00:00Z", "Nats-Schedule-Target": "danchu.events.x.y.z"},
    {"Nats-Expected-Stream": "EVENTS", "Nats-Expected-Last-Sequence": "0"},
    {"Nats-Batch-Id": "x", "Nats-Batch-Sequence": "1", "Nats-Batch-Commit": "1"},
    {"Danchu-Door": "intake.00000000"}, {"Nats-Request-Info": '{"acc":"DANCHU"}'},
)  # fmt: skip
REPLIES = (
    "danchu.events.H44-13.award.granted", DOOR_B, f"{DOOR_B}.{{b}}", "_INBOX.7.7",
    "$JS.API.STREAM.PURGE.EVENTS", "danchu.marks.intake.00000000", "$SYS.REQ.SERVER.PING",
)  # fmt: skip


@dataclass
class Department:
    """A client with nothing but the file of its credential."""

    nc: Client
    errors: list[str] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def denied(self, subject: str, hear: bool = False) -> bool:
        """Whether the server tells the client that it may not publish or hear a subject."""
        self.errors.clear()
        if hear:
            await self.nc.subscribe(subject)
        else:
            # an attacker's client does not check subjects as this one does
            command = f"PUB {subject} {self.nc.new_inbox()} 2\r\n{{}}\r\n"
            await self.nc._send_command(command.encode())
            await self.nc._flush_pending()

        async def refused() -> bool:
            return any("permissions violation" in error.lower() for error in self.errors)

        try:
            return bool(await eventually(refused, 5))
        except TimeoutError:
            return False

    async def ask(self, subject: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """The answer of a door, asked again while nobody listens."""

        async def answer() -> Any:
            try:
                raw = json.dumps(body).encode()
                return await self.nc.request(subject, raw, timeout=10, headers=headers)
            except NoRespondersError:
                return None

        return json.loads((await eventually(answer)).data)


async def connect(issued: Issued, tls: ssl.SSLContext | None = None) -> Department:
    """A connection by the file of a credential."""
    access = json.loads(issued.file.read_text())
    department = Department(Client())

    async def on_error(error: Exception) -> None:
        department.errors.append(str(error))

    async def on_closed() -> None:
        department.closed.set()

    await department.nc.connect(
        access["url"], user=access["user"], password=access["password"], error_cb=on_error,
        closed_cb=on_closed, allow_reconnect=False, tls=tls,
    )  # fmt: skip
    return department


@dataclass
class City:
    """A server with the credentials of two units, and a running intake."""

    settings: IntakeSettings
    server: NatsServer
    door: Door
    credentials: tuple[Issued, Issued]
    a: Department
    b: Department

    def filled(self, subject: str) -> str:
        """A subject with the users of the two credentials."""
        one, other = (issued.credential.user for issued in self.credentials)
        return subject.format(a=one, b=other)

    async def stored(self) -> list[str]:
        """The sources and ids of what the door has recorded."""
        bodies = [json.loads(body) for _, body in await self.door.outbox()]
        return sorted(f"{body['source']} {body['id']}" for body in bodies)

    def log(self) -> str:
        """The log of the NATS server."""
        return (self.settings.home / "nats" / "server.log").read_text()


@pytest.fixture
async def city(provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer) -> Any:
    """Credentials that a running server took up, and a connection of each unit."""
    settings = IntakeSettings(home=home)
    one, other = (issue(settings, [unit], [f"urn:danchu:unit:{unit}:"], 0) for unit in (A, B))
    assert await reload_servers(settings) == ["danchu"]
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    async with opened(home, url, issuer) as door:
        a, b = await connect(one), await connect(other)
        yield City(settings, provisioned, door, (one, other), a, b)
        await a.nc.close()
        await b.nc.close()


@pytest.fixture
async def stream(provisioned: NatsServer) -> AsyncIterator[Any]:
    """Reads the stream as the operator may."""
    broker = provisioned.broker("provision")
    await broker.ensure()
    yield broker
    await broker.close()


async def test_no_attack_of_a_unit_has_an_effect(city: City, stream: Any) -> None:
    """Each is denied by the server, which tells the client and writes one line."""
    own = await city.a.ask(DOOR_A, event("own", subject=A, source=SOURCE_A))
    assert own["receipts"][0]["status"] == "accepted"
    subjects = [city.filled(subject) for subject in PUBLISHED]
    assert [each for each in subjects if not await city.a.denied(each)] == []
    assert [each for each in HEARD if not await city.a.denied(each, hear=True)] == []
    log = city.log()
    lines = [f'Publish Violation - Subject "{each}"\n' for each in subjects]
    lines += [f'Subscription Violation - Subject "{each}",' for each in HEARD]
    assert [line for line in lines if log.count(line) != 1] == []
    assert await city.stored() == [f"{SOURCE_A} own"]

    async def arrived() -> bool:
        return bool((await stream.stream_info("EVENTS")).state.messages == 1)

    await eventually(arrived)


async def test_a_forged_reply_reaches_nobody(city: City, stream: Any) -> None:
    """It stays in the account of the sender: no inbox, no door, no stream."""
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    await city.b.nc.subscribe("_INBOX.>", cb=hear)
    await city.b.nc.flush()
    for number, reply in enumerate(map(city.filled, REPLIES)):
        body = json.dumps(event(f"r{number}", subject=A, source=SOURCE_A)).encode()
        await city.a.nc.publish(DOOR_A, body, reply=reply)
    own = await city.a.ask(DOOR_A, event("last", subject=A, source=SOURCE_A))
    assert own["receipts"][0]["status"] == "accepted"

    async def arrived() -> bool:
        return len(await city.stored()) == len(REPLIES) + 1

    await eventually(arrived)
    await city.b.ask(DOOR_B, event("b", subject=B, source=SOURCE_B))
    assert all(subject.startswith("_INBOX.") for subject in heard) and len(heard) == 1


async def test_headers_of_a_department_never_reach_the_stream(city: City, stream: Any) -> None:
    """Neither an id that was guessed, nor one that empties, ends, schedules or labels."""
    theirs = event("b", subject=B, source=SOURCE_B)
    (guessed,) = await city.door.receipts([theirs], units=[B], sources=[SOURCE_B])
    for number, headers in enumerate((*HEADERS, {"Nats-Msg-Id": guessed["receipt"]})):
        mine = event(f"h{number}", subject=A, source=SOURCE_A)
        answer = await city.a.ask(DOOR_A, mine, headers)
        assert answer["receipts"][0]["status"] == "accepted"
    expected = len(HEADERS) + 2

    async def arrived() -> bool:
        return bool((await stream.stream_info("EVENTS")).state.messages == expected)

    await eventually(arrived)
    names: set[str] = set()
    for sequence in range(1, expected + 1):
        message = await stream.manager().get_msg("EVENTS", sequence)
        present = message.headers or {}
        names |= {name for name in present if not name.startswith("Nats-Batch-")}
        assert present["Danchu-Door"] != "intake.00000000"
        assert present.get("Nats-Batch-Id") != "x"
    assert names <= {"Nats-Msg-Id", "Danchu-Door", "traceparent", "tracestate"}


async def test_a_unit_speaks_for_its_units_and_sources_alone(city: City) -> None:
    """Another subject or source is refused in its field; too large a body is a problem."""
    foreign = event("1", subject=B, source=SOURCE_B)
    refused = await city.a.ask(DOOR_A, foreign)
    assert (refused["status"], fields(refused)) == (422, ["subject", "source"])
    large = await city.a.ask(DOOR_A, [event("1", subject=A, source=SOURCE_A)] * 5000)
    assert large["status"] == 413
    assert await city.stored() == []


async def test_a_body_beyond_the_limit_of_the_server_closes_the_connection(city: City) -> None:
    """The server names the limit to the client and in its log."""
    city.a.nc._max_payload = 64 * 2**20
    with pytest.raises(Error):
        await city.a.nc.publish(DOOR_A, b"x" * (9 * 2**20))
        await city.a.nc.flush()
    assert "maximum payload" in city.log().lower()
    assert await city.stored() == []


async def test_a_revoked_unit_is_cut_off_and_others_are_not(city: City) -> None:
    """Its live connection ends, its password opens none; the other one goes on undisturbed."""
    assert [each.user for each in revoke(city.settings, A, None)] == [
        city.credentials[0].credential.user
    ]
    refused = await city.a.ask(DOOR_A, event("1", subject=A, source=SOURCE_A))
    assert refused["status"] == 403  # at once, before the server took it up
    await reload_servers(city.settings)
    await asyncio.wait_for(city.a.closed.wait(), 10)
    with pytest.raises(Error):
        await connect(city.credentials[0])
    accepted = await city.b.ask(DOOR_B, event("1", subject=B, source=SOURCE_B))
    assert accepted["receipts"][0]["status"] == "accepted"
    assert [each.units for each in listed(city.settings)] == [(B,)]


async def test_a_unit_joins_without_a_restart(city: City) -> None:
    """A system of several units sends for each, over connections that stay open beside it."""
    units, sources = ["H44.20", "H44.21"], ["urn:mot-cua:"]
    joined = issue(city.settings, units, sources, 0)
    await reload_servers(city.settings)
    shop = await connect(joined)
    for unit in units:
        subject = f"danchu.emit.{unit.replace('.', '-')}"
        answer = await shop.ask(subject, event(unit, subject=unit, source="urn:mot-cua:1"))
        assert answer["receipts"][0]["status"] == "accepted"
    await shop.nc.close()
    accepted = await city.b.ask(DOOR_B, event("1", subject=B, source=SOURCE_B))
    assert accepted["receipts"][0]["status"] == "accepted"


async def test_a_configuration_with_a_fault_is_reported(city: City) -> None:
    """And the server keeps the former one."""
    with city.server.config.open("a") as config:
        config.write("accounts {{{")
    with pytest.raises(ReloadRefused, match="danchu"):
        await reload_servers(city.settings)
    regenerate(city.settings.home)
    assert await reload_servers(city.settings) == ["danchu"]


def test_passwords_stand_in_the_department_s_file_alone(tmp_path: Path) -> None:
    """That file and the list are readable by their owner; the list has a hash."""
    settings = IntakeSettings(home=tmp_path)
    issued = issue(settings, [A], [SOURCE_A], 0)
    password = json.loads(issued.file.read_text())["password"]
    assert issued.file.stat().st_mode & 0o777 == 0o600
    assert settings.credential_file.stat().st_mode & 0o777 == 0o600
    assert password not in settings.credential_file.read_text()
