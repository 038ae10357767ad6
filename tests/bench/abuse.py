"""How long others wait while someone sends hostile bodies, or publishes without end."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from tests.bench.exact import NotExact
from tests.bench.ground import SQLITE, Ground, nats
from tests.bench.processes import running
from tests.support.builders.events import event
from tests.support.processes import Answer, Served
from tests.support.servers import NatsServer

FLOOD = "tests.bench.flood"
AT_ONCE, BEFORE, AFTER = 3, 10, 10
BRACKETS_BYTES = 16 * 2**20 - 10
UNIT = "H44.12"
RATING = f"/scoring/ratings/2025/{UNIT}"
READY_TRIES, READY_SECONDS = 600, 0.05


class Size(NamedTuple):
    """How much is sent: events of a body, and publishes of the flood."""

    events: int = 10_000
    publishes: int = 300_000


class Body(NamedTuple):
    """A hostile body, and how the door must answer it: the status, and those of its receipts."""

    name: str
    raw: bytes
    status: int
    receipts: frozenset[str] = frozenset()


class Waits(NamedTuple):
    """How long others waited for an answer, in milliseconds."""

    worst: float
    median: float


NAMES = ("faulty events", "unknown fields", "brackets", "names", "ids", "good events")
FLOODED = "NATS flood"


def bodies(events: int) -> Iterator[Body]:
    """The hostile ones, and a good one of the same number of events."""
    refused = frozenset({"refused"})
    wrong: dict[str, Any] = {
        "data": {"x": 1, "y": [1, 2], "z": None},
        "time": "yesterday",
        "subject": "??",
    }
    foreign: dict[str, Any] = {f"x{number}": number for number in range(10)}
    names = b",".join(b'"a%d":0' % number for number in range(100 * events))
    good = frozenset({"accepted", "duplicate"})
    raws = [
        (_batch([event(n, **wrong) for n in range(events)]), 202, refused),
        (_batch([event(n, **foreign) for n in range(events)]), 202, refused),
        (b"[" * BRACKETS_BYTES, 400, frozenset[str]()),
        (b"{" + names + b"}", 422, frozenset[str]()),
        (b"[" + b",".join([b'{"id":1}'] * 150 * events) + b"]", 413, frozenset[str]()),
        (_batch([event(n) for n in range(events)]), 202, good),
    ]
    for name, (raw, status, receipts) in zip(NAMES, raws, strict=True):
        yield Body(name, raw, status, receipts)


def _batch(events: list[dict[str, Any]]) -> bytes:
    return json.dumps(events).encode()


async def waits(ground: Ground, database: str, url: str, size: Size) -> dict[str, Waits]:
    """By the name of each abuse; NotExact where anything was not answered as it must be."""
    with nats(ground.folder / uuid.uuid4().hex) as server:
        await server.provisioned()
        settings = {} if database == SQLITE else {"DANCHU_DATABASE_URL": url}
        served = Served(server.home, "all", settings)
        await served.migrated()
        served.start()
        try:
            await _rated(served)
            by_name = {b.name: await beside_bodies(served, b) for b in bodies(size.events)}
            by_name[FLOODED] = await beside_flood(server, size.publishes)
        finally:
            served.stop()
    return by_name


async def _rated(served: Served) -> None:
    """Returns when the unit has a rating."""
    data = {"name": "Phường mẫu", "kind": "commune"}
    unit = event("unit", "unit.registered", subject=UNIT, data=data)
    _check("the registration", served.post(unit, "registrar"), 202)
    for _ in range(READY_TRIES):
        if served.get(RATING).status == 200:
            return
        await asyncio.sleep(READY_SECONDS)
    raise NotExact(f"the abuse: {UNIT} has no rating")


async def beside_bodies(served: Served, body: Body) -> Waits:
    """The waits of one who sends single events and reads a rating, beside three such bodies."""

    async def send() -> None:
        answer = await asyncio.to_thread(served.post, body.raw)
        _check(body.name, answer, body.status)
        if body.receipts:
            statuses = {one["status"] for one in answer.json()["receipts"]}
            if not statuses <= body.receipts:
                raise NotExact(f"the abuse: {body.name} has receipts {sorted(statuses)}")

    async def ask(number: int) -> None:
        if number % 2:
            _check("a rating", await asyncio.to_thread(served.get, RATING), 200)
            return
        single = event(f"beside {body.name} {number}".replace(" ", "-"), subject=UNIT)
        _check("a single event", await asyncio.to_thread(served.post, single), 202)

    async def abuse() -> None:
        await asyncio.gather(*(send() for _ in range(AT_ONCE)))

    return await _beside(ask, abuse)


async def beside_flood(server: NatsServer, publishes: int) -> Waits:
    """The waits of a unit at the NATS door, beside one that publishes without end."""
    broker = server.broker("emitter")

    async def ask(number: int) -> None:
        reply = await _request(broker, event(f"beside-flood-{number}", subject=UNIT))
        if [one["status"] for one in reply.get("receipts", ())] != ["accepted"]:
            raise NotExact(f"the abuse: a request beside the flood got {reply}")

    async def flood() -> None:
        with running(server.home, FLOOD, str(publishes), {"DANCHU_HOME": str(server.home)}) as it:
            code = await asyncio.to_thread(it.process.wait)
            if code:
                it.check()

    try:
        return await _beside(ask, flood)
    finally:
        await broker.close()


async def _request(broker: Broker, one: dict[str, Any]) -> dict[str, Any]:
    subject = f"danchu.emit.{UNIT.replace('.', '-')}"
    try:
        reply = await broker.request(subject, json.dumps(one).encode(), seconds=60)
    except BrokerAway as away:
        raise NotExact(f"the abuse: a request beside the flood: {away}") from away
    answer: dict[str, Any] = json.loads(reply.data)
    return answer


async def _beside(
    ask: Callable[[int], Awaitable[None]], abuse: Callable[[], Awaitable[None]]
) -> Waits:
    """Asks one after the other: some before the abuse, those that count beside it, some after."""
    for number in range(BEFORE):
        await ask(number)
    spent, number, left = [], BEFORE, AFTER
    abusing = asyncio.ensure_future(abuse())
    try:
        while left:
            began = time.perf_counter()
            await ask(number)
            spent.append(1000 * (time.perf_counter() - began))
            number += 1
            left -= abusing.done()
        await abusing
    finally:
        abusing.cancel()
    return Waits(max(spent), median(spent))


def _check(name: str, answer: Answer, status: int) -> None:
    if answer.status != status:
        body = answer.body[:200].decode(errors="replace")
        raise NotExact(f"the abuse: {name} was answered {answer.status}: {body}")
