"""Ratings asked for over NATS: the bytes of HTTP, and what an account of readers cannot do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from services.chassis.settings import NatsAccess
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered

pytestmark = pytest.mark.anyio
ONE_UNIT = """
  ONE {
    users: [ { user: one, password: one } ]
    imports: [ { service: { account: DANCHU, subject: "danchu.query.rating.H44-1" },
                 to: "danchu.query.rating" } ]
  }
}
"""


class Asker:
    """A program that asks for ratings, connected by nothing but address, user and password."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.broker = Broker(NatsAccess(url, user, password, "_INBOX"), f"asker {user}")

    async def ask(self, body: Any) -> bytes:
        """The answer, asked for again while nobody listens yet."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def answer() -> bytes | None:
            try:
                return bytes((await self.broker.request("danchu.query.rating", raw)).data)
            except BrokerAway:
                return None

        reply_body: bytes = await eventually(answer)
        return reply_body


@pytest.fixture
async def server(home: Path) -> AsyncIterator[NatsServer]:
    """The embedded server, with one account more that may ask about one unit."""
    server = NatsServer(home)
    config = server.config.read_text()
    config = config.replace("    exports: [", '    exports: [ { service: "danchu.query.rating.>" }')
    server.config.write_text(config.rstrip().removesuffix("}") + ONE_UNIT)
    server.start()
    await server.provisioned()
    yield server
    server.stop()


@pytest.fixture
async def askers(server: NatsServer) -> AsyncIterator[tuple[Asker, Asker]]:
    """Who may ask about every unit, and who may about one."""
    file = json.loads((server.home / "nats-reader.json").read_text())
    made = Asker(file["url"], file["user"], file["password"]), Asker(server.url, "one", "one")
    yield made
    for asker in made:
        await asker.broker.close()


async def http(road: Road, unit: str, role: str = "hr", **parameters: Any) -> bytes:
    """The body over HTTP."""
    return (await road.get(f"/ratings/2025/{unit}", role, **parameters)).content


async def test_a_question_is_answered_as_over_http_and_refused_by_field(
    home: Path, tmp_path: Path, issuer: Issuer, askers: tuple[Asker, Asker]
) -> None:
    """Also of a moment that is past, of a version, and where nothing is to be had."""
    everybody, one = askers
    async with open_road(home, f"sqlite:///{tmp_path / 'test.db'}", issuer) as road:
        receipts = await road.send([registered("H44.1"), registered("H44.2"), due("H44.1", "a")])
        await road.get("/ratings/2025/H44.1", wait_for=receipts[-1])
        past = json.loads(await http(road, "H44.1"))
        lag = await road.get("/ratings/2025/H44.1/events", wait_for=receipts[-1])
        recorded = lag.json()["items"][-1]["recordedtime"]
        receipts = await road.send([published("H44.1", "a")])
        await road.get("/ratings/2025/H44.1", wait_for=receipts[-1])

        async def same(unit: str, asker: Asker = everybody, **parameters: Any) -> Any:
            """The answer, which is the body of HTTP byte for byte."""
            role = "hr" if asker is everybody else "reader"
            claims = {} if asker is everybody else {"units": ["H44.1"]}
            answer = await asker.ask({"year": 2025, "unit": unit, **parameters})
            assert answer == await http(road, unit, role, claims=claims, **parameters)
            return json.loads(answer)

        assert (await same("H44.1"))["total"] != past["total"]

        async def known() -> bool:
            parameters = {"year": 2025, "unit": "H44.1", "as_of": recorded}
            return bool(json.loads(await everybody.ask(parameters)).get("status") is None)

        await eventually(known)
        assert (await same("H44.1", as_of=recorded))["total"] == past["total"]
        assert (await same("H44.1", version=1))["version"] == 1
        assert (await same("H44.1", one))["unit"] == "H44.1"
        refused = [
            await same("H44.9"), await same("H44.1", version=2), await same("H44.2", one),
            await same("H44.9", one),
        ]  # fmt: skip
        assert [problem["status"] for problem in refused] == [404, 404, 403, 403]
        for body, status, fields in (
            (b"{", 400, []), (b"[]", 422, [""]), (b'{"year":1,"year":2}', 400, []),
            ({"year": "2025", "unit": 1}, 422, ["year", "unit"]), ({}, 422, ["year", "unit"]),
            ({"year": 2025, "unit": "H44.1", "view": "own"}, 422, ["view"]),
            ({"year": 2025, "unit": "H44.1", "as_of": "yesterday"}, 422, ["as_of"]),
            ({"year": 2025, "unit": "H44.1", "as_of": "2999-01-01T00:00:00Z"}, 409, []),
            ({"year": 2025, "unit": "H44.1", "version": 0}, 422, ["version"]),
            ({"year": 2025, "unit": "H44.1", "as_of": recorded, "version": 1}, 422, ["as_of"]),
            (b" " * 5000, 413, []),
        ):  # fmt: skip
            problem = json.loads(await everybody.ask(body))
            errors = problem.get("errors", [])
            assert (problem["status"], [error["field"] for error in errors]) == (status, fields)
            assert all(error["message_vi"] and error["message_en"] for error in errors)
        for parameters in (
            {"as_of": "yesterday"}, {"as_of": "2025-12-31T17:00:00 07:00"}, {"version": 0},
            {"as_of": recorded, "version": 1},
        ):  # fmt: skip
            assert (await same("H44.1", **parameters))["code"] == "chassis.parameters-wrong"
        early = json.loads(await http(road, "H44.1", as_of="2999-01-01T00:00:00Z"))
        late = json.loads(
            await everybody.ask({"year": 2025, "unit": "H44.1", "as_of": "2999-01-01T00:00:00Z"})
        )
        assert late.keys() == early.keys() and late["code"] == early["code"]
        reads = (await road.get("/reads", "auditor")).json()["items"]
        assert ("nats", "nats", "H44.1") in {(r["who"], r["address"], r["unit"]) for r in reads}


@pytest.mark.parametrize(
    "subject",
    [
        "danchu.query.rating.H44-1", "danchu.query.receipt", "danchu.emit.H44-1",
        "danchu.ratings.2025.H44-1", "$JS.API.CONSUMER.MSG.NEXT.RATINGS.hr", "$JS.API.INFO",
    ],
)  # fmt: skip
async def test_a_reader_can_ask_for_ratings_and_nothing_else(
    provisioned: NatsServer, subject: str
) -> None:
    """Every other subject is denied at once."""
    file = json.loads((provisioned.home / "nats-reader.json").read_text())
    reader = Asker(file["url"], file["user"], file["password"]).broker
    with pytest.raises(BrokerAway, match=r"permission was denied"):
        await reader.request(subject, b"{}")
    await reader.close()


async def test_a_forged_reply_to_the_feed_puts_nothing_into_the_stream(
    provisioned: NatsServer,
) -> None:
    """The server delivers to the account of the HR system alone, and so do acknowledgements."""
    file = json.loads((provisioned.home / "nats-feed.json").read_text())
    feed = Asker(file["url"], file["user"], file["password"]).broker
    scoring, admin = provisioned.broker("scoring"), provisioned.broker("provision")
    await scoring.request("danchu.ratings.2025.H44-1", b"{}")
    nc, forged = await feed.ensure(), "danchu.events.H44-1.training.completed"
    await nc.publish("$JS.API.CONSUMER.MSG.NEXT.RATINGS.hr", b'{"batch": 5}', reply=forged)
    await nc.publish("$JS.ACK.RATINGS.hr.1.1.1.1.0", b"+NXT", reply=forged)
    await nc.flush()
    for subject in ("$JS.API.CONSUMER.CREATE.RATINGS.x", "$JS.API.STREAM.PURGE.RATINGS"):
        with pytest.raises(BrokerAway, match=r"permission was denied"):
            await feed.request(subject, b"{}")
    bound = await nc.jetstream().pull_subscribe_bind("hr", "RATINGS")
    (message,) = await bound.fetch(1, timeout=10)
    await message.ack_sync()
    await bound.unsubscribe()
    assert (await admin.stream_info("EVENTS")).state.messages == 0
    for broker in (feed, scoring, admin):
        await broker.close()
