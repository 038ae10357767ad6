"""A fold that takes events as they arrive, beside what-ifs and in the pauses between them.

A backlog tells how much of a busy machine a what-if takes; this tells whether those who wait for
their events to count notice anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import NamedTuple

import httpx

from services.chassis.database.engine import Database
from services.chassis.relay.publisher import Publisher
from services.chassis.relay.turn import Row
from services.scoring import app as scoring
from services.scoring.settings import SERVICE
from tests.bench import measures
from tests.bench.city import fill
from tests.bench.exact import compare_counts
from tests.bench.ground import Ground, Stream, nats
from tests.bench.processes import running
from tests.bench.what_if import asking, folded_number, try_all_rules
from tests.support.servers import NatsServer

PER_SECOND, STEP_SECONDS = 1_000, 0.05
"""How many events arrive in a second, and how often some of them do."""
PART = 5
"""One in so many events of the city arrives live; the others are folded before."""


class Live(NamedTuple):
    """Events a second that were folded beside what-ifs, and in the pauses; the average seconds by
    which the fold was behind the stream in both; and how many what-ifs were answered."""

    beside: float
    alone: float
    behind: float
    behind_alone: float
    answers: int


@dataclass
class Window:
    """The times beside what-ifs, or the pauses."""

    events: int = 0
    seconds: float = 0.0
    behind: list[int] = field(default_factory=list)

    def per_second(self, otherwise: float) -> float:
        """The rate of the fold, or another one where the run was too short for one."""
        return self.events / self.seconds if self.events and self.seconds else otherwise

    @property
    def seconds_behind(self) -> float:
        """How much later than it arrived an event was folded."""
        return mean(self.behind or [0]) / PER_SECOND


@dataclass
class Arrivals:
    """The events that arrive: how many are in the stream by now."""

    number: int
    rows: Iterator[Row]
    ended: bool = False

    async def publish(self, server: NatsServer) -> None:
        """Publishes at an even rate, which the clock decides and not the answers."""
        broker = server.broker("intake")
        publisher = Publisher(broker)
        began, first = time.perf_counter(), self.number
        while not self.ended:
            due = int(PER_SECOND * (time.perf_counter() - began)) - (self.number - first)
            batch = list(itertools.islice(self.rows, due))
            await publisher.publish(batch)
            self.number += len(batch)
            self.ended = len(batch) < due
            await asyncio.sleep(STEP_SECONDS)
        await broker.close()


async def fold_live(ground: Ground, url: str) -> Live:
    """Folds most of a city, then the rest as it arrives; NotExact unless all of it is folded."""
    rows = list(ground.city.rows())
    early = len(rows) - len(rows) // PART
    with nats(ground.folder / uuid.uuid4().hex) as server:
        await server.provisioned()
        await fill(server, iter(rows[:early]))
        own = replace(ground, stream=Stream(server, len(rows), ground.stream.events))
        await scoring.migrated(own.settings(url))
        async with _folding(own, url, early) as (db, client):
            arrivals = Arrivals(early, iter(rows[early:]))
            arriving = asyncio.create_task(arrivals.publish(server))
            began = time.perf_counter()
            windows, answers = await _take_turns(client, db, arrivals)
            await arriving
        whole = (len(rows) - early) / (time.perf_counter() - began)
        counts = await _counted(own, url)
    compare_counts("the live fold", counts, {"ledger": ground.expected.events, "quarantine": 0})
    one, other = windows[True], windows[False]
    return Live(
        one.per_second(whole), other.per_second(whole), one.seconds_behind, other.seconds_behind,
        answers,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def _folding(
    ground: Ground, url: str, early: int
) -> AsyncIterator[tuple[Database, httpx.AsyncClient]]:
    """A fold that has taken the early events, and goes on until it has taken all."""
    async with asking(ground, url) as client, measures.opened(url, SERVICE) as db:
        with running(ground.folder, measures.SERVE, "fold", ground.environment(url)) as process:

            async def folded(number: int) -> bool:
                return await folded_number(db) >= number

            await measures.when(lambda: folded(early), process)
            yield db, client
            await measures.when(lambda: folded(ground.stream.messages), process)


async def _counted(ground: Ground, url: str) -> dict[str, int]:
    async with measures.opened(url, SERVICE) as db:
        return await measures.counted(db, "ledger", "quarantine")


async def _take_turns(
    client: httpx.AsyncClient, db: Database, arrivals: Arrivals
) -> tuple[dict[bool, Window], int]:
    """What-ifs (True) and pauses of their length, until nothing arrives any more; and how many
    what-ifs were answered."""
    windows, answers = {True: Window(), False: Window()}, 0
    while not arrivals.ended:
        spent = 0.0
        for beside in (True, False):
            events, began = await folded_number(db), time.perf_counter()
            watching = asyncio.create_task(_watch(db, arrivals, windows[beside].behind))
            if beside:
                answers += await try_all_rules(client)
            else:
                await asyncio.sleep(spent)
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            spent = time.perf_counter() - began
            windows[beside].seconds += spent
            windows[beside].events += await folded_number(db) - events
    return windows, answers


async def _watch(db: Database, arrivals: Arrivals, behind: list[int]) -> None:
    """Notes by how many events the fold is behind the stream."""
    while not arrivals.ended:
        behind.append(max(0, arrivals.number - await folded_number(db)))
        await asyncio.sleep(STEP_SECONDS)
