"""While a large body is read everybody else is answered. No test here asks how long it takes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts import door as contract
from services.chassis.auth.credentials import Issuer
from services.chassis.http.problems import Problem
from services.intake import api, body_threads, handlers, subscribers
from services.intake.body_threads import SMALL_BYTES_MAX, BodyThreads, Lane, weight_of
from tests.conftest import NatsServer, eventually
from tests.intake.test_nats_door import Department
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import registered
from tests.support.builders.events import Door, event, opened

pytestmark = pytest.mark.anyio
SMALL, LARGE = 30, 400


class Reading:
    """The reading of bodies: of large ones the first is stuck until `free` is set."""

    def __init__(self, read: Callable[..., Any]) -> None:
        self.read = read
        self.free = threading.Event()
        self.large: list[str] = []

    def __call__(self, raw: bytes, *arguments: Any) -> Any:
        if len(raw) > SMALL_BYTES_MAX:
            self.large.append(threading.current_thread().name)
            assert self.free.wait(60)
        return self.read(raw, *arguments)

    async def begun(self) -> bool:
        """Whether a large body is being read."""
        return bool(self.large)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    """How the door reads, with large bodies stuck."""
    stuck = Reading(contract.read)
    monkeypatch.setattr(handlers, "read", stuck)
    yield stuck
    stuck.free.set()


@pytest.fixture
async def road(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer
) -> AsyncIterator[Road]:
    """Door and queries on one loop, on SQLite."""
    async with open_road(home, f"sqlite:///{tmp_path / 'road.db'}", issuer) as made:
        yield made


@pytest.fixture
async def nats_door(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer
) -> AsyncIterator[Door]:
    """A running intake with NATS."""
    async with opened(home, f"sqlite:///{tmp_path / 'intake.db'}", issuer) as made:
        yield made


def batch(name: str, number: int) -> list[dict[str, Any]]:
    """Events of one sender."""
    return [event(f"{name}{one}") for one in range(number)]


def faulty(number: int) -> bytes:
    """Events that lack everything, and have what no event has."""
    foreign = {f"note{one}": "written by hand" for one in range(12)}
    return json.dumps([{"id": f"f{one}", **foreign} for one in range(number)]).encode()


async def test_everybody_else_is_answered_while_a_large_body_is_read(
    road: Road, reading: Reading
) -> None:
    """A small batch, a single event, the readiness and a rating, on the same loop."""
    await road.send([registered("H44.12")])

    async def rated() -> bool:
        return (await road.get("/ratings/2025/H44.12")).status_code == 200

    await eventually(rated)
    road_door = Door(road.intake, road.client, road.issuer)
    large = asyncio.create_task(road_door.post(batch("large", LARGE)))
    await eventually(reading.begun)
    small = await road_door.receipts(batch("small", SMALL))
    assert [one["status"] for one in small] == ["accepted"] * SMALL
    assert (await road_door.post(event("single"))).status_code == 202
    assert (await road.client.get("/readyz")).status_code == 200
    assert (await road.get("/ratings/2025/H44.12")).status_code == 200
    assert not large.done()
    reading.free.set()
    receipts = (await large).json()["receipts"]
    assert [one["status"] for one in receipts] == ["accepted"] * LARGE


async def test_a_second_large_body_waits_for_the_first(lone_door: Door, reading: Reading) -> None:
    """One at a time is read, in its own thread; in the end both are answered."""
    first = asyncio.create_task(lone_door.post(batch("first", LARGE)))
    await eventually(reading.begun)
    second = asyncio.create_task(lone_door.post(batch("second", LARGE)))
    assert (await lone_door.post(batch("small", SMALL))).status_code == 202
    assert len(reading.large) == 1
    reading.free.set()
    assert {(await first).status_code, (await second).status_code} == {202}
    assert reading.large == ["intake large bodies_0"] * 2


async def test_too_many_large_bodies_are_refused_until_there_is_room(
    lone_door: Door, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After in both languages; small ones are taken, and the same body later."""
    size = len(json.dumps(batch("first", LARGE)))
    intake = handlers_of(lone_door)
    monkeypatch.setattr(intake.large, "waiting_max", 2 * size)
    first = asyncio.create_task(lone_door.post(batch("first", LARGE)))
    await eventually(reading.begun)
    late = batch("a third", LARGE)
    second = asyncio.create_task(lone_door.post(batch("other", LARGE)))

    async def waits() -> bool:
        return intake.large.size > size

    await eventually(waits)
    refused = await lone_door.post(late)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    problem = refused.json()
    assert problem["code"] == "intake.bodies-waiting"
    assert "chưa nhận gì" in problem["detail_vi"] and "was accepted" in problem["detail_en"]
    assert (await lone_door.post(batch("small", SMALL))).status_code == 202
    reading.free.set()
    assert {(await first).status_code, (await second).status_code} == {202}
    receipts = await lone_door.receipts(late)
    assert [one["status"] for one in receipts] == ["accepted"] * LARGE
    assert intake.large.size == intake.small.size == 0


def handlers_of(door: Door) -> BodyThreads:
    """The threads of a running intake."""
    return door.app.ends.__self__.bodies  # type: ignore[attr-defined,no-any-return]


async def test_the_answer_of_a_large_batch_is_written_beside_the_loop(
    lone_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the thread that reads such bodies, in the language of the request."""
    threads = noted(monkeypatch, api)
    headers = {**lone_door.headers(), "accept-language": "vi", "content-type": "application/json"}
    raw = faulty(LARGE)
    answer = await lone_door.client.post("/intake/events", content=raw, headers=headers)
    assert answer.status_code == 202
    for receipt in answer.json()["receipts"]:
        assert receipt["status"] == "refused"
        assert all(error["message"] == error["message_vi"] for error in receipt["errors"])
    await lone_door.post(event("single"))
    assert threads == ["intake large bodies_0", threading.main_thread().name]


async def test_the_nats_door_writes_a_large_answer_once_and_beside_the_loop(
    nats_door: Door, department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many errors have to be left out so that it fits."""
    threads = noted(monkeypatch, subscribers)
    client = await department.broker.ensure()
    monkeypatch.setattr(subscribers, "REPLY_ROOM", client.max_payload - 900_000)
    reply = await department.send(faulty(1000))
    assert {one["status"] for one in reply["receipts"]} == {"refused"}
    assert [len(one["errors"]) for one in reply["receipts"]] == [3] * 1000
    assert threads == ["intake large bodies_0"]


@pytest.fixture
async def department(provisioned: NatsServer) -> AsyncIterator[Department]:
    """A client at the NATS doors."""
    broker = provisioned.broker("emitter")
    yield Department(broker)
    await broker.close()


def noted(monkeypatch: pytest.MonkeyPatch, module: Any) -> list[str]:
    """The threads that write the answers of a door, in order."""
    threads: list[str] = []
    encode = module.encode_receipts

    def written(*arguments: Any) -> bytes:
        threads.append(threading.current_thread().name)
        body: bytes = encode(*arguments)
        return body

    monkeypatch.setattr(module, "encode_receipts", written)
    return threads


def test_many_events_of_a_few_bytes_weigh_what_they_cost() -> None:
    """Ten thousand empty events are 30 KB, and cost as much as usual ones of some hundred bytes."""
    empty = b"[" + b"{}," * 9_999 + b"{}]"
    marks = b"[" + b"1," * 9_999 + b"1]"
    assert len(empty) < SMALL_BYTES_MAX < weight_of(empty)
    assert len(marks) < SMALL_BYTES_MAX < weight_of(marks)
    assert 0 < weight_of(json.dumps(batch("usual", 100)).encode()) <= SMALL_BYTES_MAX
    assert weight_of(json.dumps(event("single")).encode()) == 0
    assert weight_of(b"[" + b"{}," * 300 + b"{}]") > body_threads.BATCH_AT_ONCE_BYTES


async def test_answers_go_before_bodies_that_wait() -> None:
    """Who waits for an answer alone is not behind what came later, and gives the place back."""
    lane, free, order = Lane("test", 100), threading.Event(), []
    stuck = asyncio.create_task(lane.run(lambda: free.wait(60), is_answer=False))
    jobs = [
        asyncio.create_task(lane.run(lambda name=name: order.append(name), is_answer=name == "c"))  # type: ignore[misc]
        for name in ("a", "b", "c")
    ]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(stuck, *jobs)
    lane.close()
    assert order == ["c", "a", "b"]


async def test_a_body_is_taken_where_nothing_waits_however_large() -> None:
    """The bound is of what waits; the place is given back after a failure too."""
    lane = Lane("test", 10)
    with pytest.raises(ZeroDivisionError), lane.room(50):
        await lane.run(lambda: 1 / 0, is_answer=False)
    with lane.room(50), pytest.raises(Problem), lane.room(1):
        pass
    assert lane.size == 0
    lane.close()


async def test_what_nobody_waits_for_any_more_is_not_read() -> None:
    """A caller that goes away before its turn costs no reading."""
    lane, free, order = Lane("test", 100), threading.Event(), []
    stuck = asyncio.create_task(lane.run(lambda: free.wait(60), is_answer=False))
    gone = asyncio.create_task(lane.run(lambda: order.append("gone"), is_answer=False))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    free.set()
    assert await stuck
    await lane.run(lambda: order.append("next"), is_answer=False)
    lane.close()
    assert order == ["next"] and gone.cancelled()


async def test_an_answer_is_written_though_the_door_has_ended() -> None:
    """Its events are committed; bodies that wait are not read any more."""
    lane, free = Lane("test", 100), threading.Event()
    stuck = asyncio.create_task(lane.run(lambda: free.wait(60), is_answer=False))
    body = asyncio.create_task(lane.run(lambda: "body", is_answer=False))
    answer = asyncio.create_task(lane.run(lambda: "answer", is_answer=True))
    await asyncio.sleep(0)
    lane.close()
    assert await lane.run(lambda: "later", is_answer=True) == "later"
    free.set()
    assert await stuck and await answer == "answer"
    with pytest.raises(asyncio.CancelledError):
        await body
