"""What waits in an outbox, brought to the stream while four writers add to it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import text

from services.chassis import outbox
from services.chassis.broker.connection import Broker
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.outbox import Outgoing
from services.chassis.relay.turn import Row
from services.intake import app as intake
from services.intake.settings import SERVICE, IntakeSettings
from tests.bench.city import City, fill
from tests.bench.exact import NotExact, compare_counts
from tests.bench.ground import Ground, environment, nats
from tests.bench.measures import SERVE, opened, when
from tests.bench.processes import Running, running

WRITERS, OF_TRANSACTION, PAUSE_SECONDS = 4, 10, 0.05
ADDED, PAGE, ANSWER_SECONDS = 10_000, 1000, 10
STREAM, END_OF_BATCH = "EVENTS", "204"
FIRST = "SELECT seq FROM outbox WHERE sent IS NULL ORDER BY seq LIMIT 1"
LAST = "SELECT max(seq) FROM outbox"


class Caught(NamedTuple):
    """Rows of the backlog in the stream per second, and what the writers added meanwhile."""

    per_second: float
    written: float


def backlog_rows(city: City, number: int) -> list[Row]:
    """So many events of a city as large as this one, each once."""
    enough = replace(city, events=number + number // 10)
    once = (row for row in enough.rows() if not row.generation)
    return list(itertools.islice(once, number))


async def catch_up(ground: Ground, url: str, rows: Sequence[Row]) -> Caught:
    """Relays by a process of its own; NotExact unless the stream holds the outbox, each once."""
    with nats(ground.folder / uuid.uuid4().hex) as server, contextlib.ExitStack() as held:
        await server.provisioned()
        await intake.migrated(IntakeSettings(home=server.home, database_url=url))
        given = environment(server, url)
        async with opened(url, SERVICE) as db:
            await _put(db, rows)
            last = await _number(db, LAST)

            async def writing() -> bool:
                return await _number(db, LAST) > last

            async def nothing_waits() -> bool:
                return not await _number(db, FIRST)

            with running(ground.folder, SERVE, "writers", given) as writers:
                await when(writing, writers)
                started = time.perf_counter()
                relay = held.enter_context(running(ground.folder, SERVE, "relay", given))
                found = await _timed(db, relay, started, last)
            await when(nothing_waits, relay)
            broker = server.broker("provision")
            await _check(db, broker, last)
            await broker.close()
    return found


async def _timed(db: Database, relay: Running, started: float, last: int) -> Caught:
    """From the first rows that were marked until all up to `last` are.

    Where the first marks were of all of them, from the start of the process.
    """

    async def relaying() -> bool:
        return await _number(db, FIRST) > 1

    async def caught_up() -> bool:
        return not 0 < await _number(db, FIRST) <= last

    await when(relaying, relay)
    began, first = time.perf_counter(), await _number(db, FIRST)
    there = await _number(db, LAST)
    if not 0 < first <= last:
        began, first = started, 1
    await when(caught_up, relay)
    took = time.perf_counter() - began
    return Caught((last + 1 - first) / took, (await _number(db, LAST) - there) / took)


async def alone(ground: Ground, rows: Sequence[Row]) -> float:
    """Rows per second of acknowledged atomic batches alone: no database, no writers."""
    with nats(ground.folder / uuid.uuid4().hex) as server:
        await server.provisioned()
        began = time.perf_counter()
        await fill(server, iter(rows))
        return len(rows) / (time.perf_counter() - began)


async def _put(db: Database, rows: Sequence[Row]) -> None:
    for first in range(0, len(rows), ADDED):
        some = rows[first : first + ADDED]
        async with db.write() as conn:
            made = [Outgoing(row.receipt, row.subject, row.body, now_us()) for row in some]
            await outbox.add(conn, made)


async def _number(db: Database, select: str) -> int:
    async with db.read() as conn:
        return int((await conn.execute(text(select))).scalar() or 0)


async def _check(db: Database, broker: Broker, waited: int) -> None:
    async with db.read() as conn:
        found = await conn.execute(text("SELECT seq, stream_seq, receipt FROM outbox ORDER BY seq"))
        rows = [(int(seq), int(place), bytes(receipt).hex()) for seq, place, receipt in found]
    stored = await _stored(broker)
    compare_counts("the relay", {"in the stream": len(stored)}, {"in the stream": len(rows)})
    if stored != {place: receipt for _, place, receipt in rows}:
        raise NotExact("the relay: the stream holds other messages than the outbox says")
    places = [place for seq, place, _ in rows if seq <= waited]
    if places != sorted(places):
        raise NotExact("the relay: what waited is not in order in the stream")


async def _stored(broker: Broker) -> dict[int, str]:
    """The message id at each place of the stream, read by direct gets of many."""
    last = (await broker.stream_info(STREAM)).state.last_seq
    nc, found = await broker.ensure(), dict[int, str]()
    inbox = nc.new_inbox()
    answers = await nc.subscribe(inbox)
    for first in range(1, last + 1, PAGE):
        asked = json.dumps({"seq": first, "batch": min(PAGE, last + 1 - first)}).encode()
        await nc.publish(f"$JS.API.DIRECT.GET.{STREAM}", asked, reply=inbox)
        while (said := (await answers.next_msg(ANSWER_SECONDS)).headers or {}).get(
            "Status"
        ) != END_OF_BATCH:
            found[int(said["Nats-Sequence"])] = said["Nats-Msg-Id"]
    return found


async def write_on(url: str) -> None:
    """Four writers, each a small transaction twenty times a second at most, until it is ended."""
    async with opened(url, SERVICE) as db, asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(_writer(db))


async def _writer(db: Database) -> None:
    while True:
        rows = [
            Outgoing(secrets.token_bytes(16), "danchu.events.H44.course.held", b"{}", now_us())
            for _ in range(OF_TRANSACTION)
        ]
        async with db.write() as conn:
            await outbox.add(conn, rows)
        await asyncio.sleep(PAUSE_SECONDS)
