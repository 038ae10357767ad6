"""The corpus of hostile payloads at the real doors and on the stream itself.

Each is refused or quarantined with its reason, its good neighbours are accepted and folded, and
neither a door nor the consumer is stuck afterwards.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from contracts import door, envelope
from services.chassis.broker.connection import Broker
from services.chassis.clock import now_us
from services.scoring.handlers import authorship
from services.scoring.operations import quarantine
from services.scoring.settings import ScoringSettings
from tests.conftest import NatsServer, eventually
from tests.contracts.hostile import EVENT, payloads
from tests.support.processes import Answer, Served

pytestmark = pytest.mark.anyio
CORPUS = list(payloads())
EVENTS = [body for _, _, body, answer in CORPUS if answer == "refused"]
REQUEST_BYTES = 600_000
UNIT = "H44.12.34"
DOOR = "danchu.emit.H44-12-34"
ON_STREAM = "danchu.events.H44-12-34.training.completed"
REGISTERED = {
    **EVENT, "id": "unit", "type": "vn.danchu.unit.registered.v1",
    "data": {"name": "Phường mẫu", "kind": "commune"},
}  # fmt: skip


@pytest.fixture
async def served(provisioned: NatsServer, home: Path) -> AsyncIterator[Served]:
    """Door, relay and fold in a process of their own, on SQLite and a real nats-server."""
    made = Served(home, "all")
    await made.migrated()
    made.start()
    assert made.post(REGISTERED, "registrar").status == 202
    yield made
    made.stop()


@pytest.fixture
async def emitter(provisioned: NatsServer) -> AsyncIterator[Broker]:
    """The development emitter."""
    broker = provisioned.broker("emitter")
    yield broker
    await broker.close()


def good(number: int) -> dict[str, Any]:
    """One more event that keeps the contract."""
    return EVENT | {"id": f"good-{number}"}


def batches() -> Iterator[tuple[list[str], bytes]]:
    """Hostile events with a good one before each, in batches that NATS takes, with their ids."""
    pairs = enumerate(EVENTS)
    while some := list(islice(pairs, 40)):
        parts = [(json.dumps(good(i)).encode(), bad) for i, bad in some]
        raw = b"[" + b",".join(one for pair in parts for one in pair) + b"]"
        assert len(raw) < REQUEST_BYTES
        yield [f"good-{i}" for i, _ in some], raw


async def folded(served: Served, at_least: int) -> dict[str, Any]:
    """The lag once nothing is left in the outbox and the stream."""

    async def caught_up() -> dict[str, Any] | None:
        lag = served.get("/scoring/lag").json()
        waiting = served.get("/intake/outbox").json()["waiting"]
        done = lag["events"] == waiting == 0
        return lag if done and lag["folded"] + lag["quarantined"] >= at_least else None

    found: dict[str, Any] = await eventually(caught_up, 60)
    return found


async def alive(served: Served) -> None:
    """One more event goes the whole road."""
    before = served.get("/scoring/lag").json()["folded"]
    assert served.post(EVENT | {"id": f"alive-{before}"}).status == 202
    await folded(served, before + 1)


def refused_well(answer: Answer, wanted: int | str) -> bool:
    """A problem with the status that belongs to it, and each fault with its field and sentence."""
    problem = answer.json()
    if wanted == "refused":
        return answer.status == 422 and all(
            fault["message"] and "field" in fault for fault in problem["errors"]
        )
    return answer.status == problem["status"] == wanted and bool(problem["detail"])


async def test_hostile_payloads_at_the_http_door(served: Served) -> None:
    """Alone each gets its status; among good ones each is refused and they are accepted."""
    wrong = []
    for name, media, body, wanted in CORPUS:
        answer = served.post(body, content_type=media or "none")
        if not refused_well(answer, wanted):
            wrong.append((name, answer.status, answer.body[:200]))
    assert wrong == []
    accepted = 0
    for ids, raw in batches():
        receipts = served.post(raw, content_type=door.BATCH).json()["receipts"]
        assert [one["id"] for one in receipts[::2]] == ids
        assert {one["status"] for one in receipts[::2]} == {"accepted"}
        assert {one["status"] for one in receipts[1::2]} == {"refused"}
        assert all(one["errors"] for one in receipts[1::2])
        accepted += len(ids)
    lag = await folded(served, accepted + 1)
    assert (lag["folded"], lag["quarantined"]) == (accepted + 1, 0)
    await alive(served)


async def test_hostile_payloads_at_the_nats_door(served: Served, emitter: Broker) -> None:
    """The same answers as over HTTP; what has no meaning there (content types) is left out."""

    async def ask(body: bytes) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await emitter.request(DOOR, body)).data)
        return found

    await eventually(lambda: _open(emitter))
    for name, media, body, wanted in CORPUS:
        if media != door.SINGLE or len(body) > REQUEST_BYTES or body[:1] == b"[":
            continue
        reply = await ask(body)
        assert reply["status"] == (422 if wanted == "refused" else wanted), name
        assert reply.get("errors") or reply["detail"], name
    for ids, raw in batches():
        receipts = (await ask(raw))["receipts"]
        assert [one["id"] for one in receipts[::2]] == ids
        assert {one["status"] for one in receipts[::2]} == {"accepted"}
        assert {one["status"] for one in receipts[1::2]} == {"refused"}
    lag = await folded(served, len(EVENTS) + 1)
    assert (lag["folded"], lag["quarantined"]) == (len(EVENTS) + 1, 0)
    await alive(served)


async def _open(emitter: Broker) -> bool:
    reply = json.loads((await emitter.request(DOOR, b"[]")).data)
    return bool(reply == {"receipts": []})


def relayed(number: int, body: bytes) -> bytes:
    """A hostile event as a faulty relay would send it: in the form of the stream, where it fits."""
    try:
        item = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(item, dict):
        return body
    if item.get("id") == EVENT["id"]:
        item["id"] = f"bad-{number}"
    item.pop("recordedtime", None)
    return envelope.body(item, now_us(), envelope.content_of(item))


async def test_hostile_payloads_on_the_stream_itself(
    served: Served, provisioned: NatsServer
) -> None:
    """Each is folded or in quarantine with its reason and bytes, and every good one is folded."""
    relay = provisioned.broker("intake")
    now, sent = now_us(), 0
    bodies = [body for _, media, body, _ in CORPUS if len(body) < 2**20]
    bodies += [relayed(number, body) for number, body in enumerate(EVENTS)]
    unique = list(dict.fromkeys(bodies))
    assert len(unique) >= 400
    for number, body in enumerate(unique):
        await relay.request(ON_STREAM, body)
        event = good(number)
        await relay.request(ON_STREAM, envelope.body(event, now, envelope.content_of(event)))
        sent += 2
    await relay.close()
    lag = await folded(served, sent // 2)
    spoiled = sum(not _readable(body) for body in unique)
    assert lag["quarantined"] == spoiled
    assert lag["folded"] == 1 + sent - spoiled - _same(unique)
    settings = ScoringSettings(home=served.home)
    kept = await quarantine.entries(settings, None, 1000)
    assert len(kept) == spoiled and all(entry["reason"] and entry["detail"] for entry in kept)
    for number in range(0, spoiled, 40):
        entry = await quarantine.entry(settings, kept[number]["id"].hex())
        assert bytes(entry["raw"]) in unique
    await alive(served)


def _readable(body: bytes) -> bool:
    """Whether the contract of the stream, which ignores unknown fields, is kept."""
    try:
        return authorship.misfit(envelope.decode(body), ON_STREAM) is None
    except envelope.ContractBroken:
        return False


def _same(bodies: list[bytes]) -> int:
    """How many are the same event as an earlier one."""
    known = [envelope.decode(body).identity for body in bodies if _readable(body)]
    return len(known) - len(set(known))
