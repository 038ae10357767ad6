"""What telemetry costs: the fold and one rating with everything exported, beside without.

With it a process sends traces and metrics to a receiver that discards them, and is scraped, every
five seconds each, more often than in production; every event carries a trace of its own, the most
that a fold can link. Compared is the processor time that each process takes, all its threads
together. Two folds run at the same moment on one core that they share, so that whatever else the
machine does slows both alike; their consumers are paused until both wait for them, so that neither
the start of a process nor a batch that is folded in part counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from services.chassis.database.engine import Database
from services.scoring import app as scoring
from services.scoring.settings import SERVICE
from services.scoring.store import position
from services.scoring.stream import CONSUMER, STREAM
from tests.bench import measures
from tests.bench.city import City, fill
from tests.bench.exact import expected
from tests.bench.ground import Ground, Stream, nats
from tests.bench.processes import Running, answer, running
from tests.support.servers import NatsServer, free_port

EVERY_SECONDS = 5
EVENTS_MAX = 50_000
"""More make a run longer and its figures no steadier."""
WARM_SECONDS = 0.3
TURNS = 4
"""How often each of two processes that answer with ratings has its turn."""
IDLE_SECONDS, IDLE_TIME = 0.3, 0.03
"""A process that takes less processor time than the second in the first waits for events."""
PAUSE = timedelta(hours=1)
NO_SETTINGS: dict[str, str] = {}


class Compared(NamedTuple):
    """Microseconds of processor time, for an event or an answer, with telemetry and without."""

    exported: float
    silent: float


class Costs(NamedTuple):
    """What one pair of processes came to."""

    fold: Compared
    rating: Compared


class Silent(NamedTuple):
    """What telemetry that is off takes of a fold: nanoseconds an event, percent of the fold."""

    nanoseconds: float
    percent: float


class _Discarding(BaseHTTPRequestHandler):
    """Takes OTLP and keeps nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextlib.contextmanager
def exporting() -> Iterator[dict[str, str]]:
    """The settings of a process that exports everything, to a receiver and a scraper that run."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Discarding)
    port, ended = free_port(), threading.Event()

    def scrape() -> None:
        while not ended.wait(EVERY_SECONDS):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read()

    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=scrape)]
    for thread in threads:
        thread.start()
    try:
        yield {
            "DANCHU_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "DANCHU_METRICS_PORT": str(port),
            "OTEL_METRIC_EXPORT_INTERVAL": str(1000 * EVERY_SECONDS),
        }  # fmt: skip
    finally:
        ended.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


@contextlib.asynccontextmanager
async def traced(ground: Ground) -> AsyncIterator[list[Ground]]:
    """Two grounds, a server each, with the same events of which each has a trace of its own."""
    city = replace(ground.city, events=min(ground.city.events, EVENTS_MAX))
    with nats(ground.folder / "one") as one, nats(ground.folder / "other") as other:
        bodies = await _fill(one, city)
        await _fill(other, city)
        wanted = expected(bodies)
        yield [
            replace(ground, city=city, stream=Stream(server, len(bodies), wanted.events),
                    expected=wanted)
            for server in (one, other)
        ]  # fmt: skip


async def _fill(server: NatsServer, city: City) -> list[bytes]:
    await server.provisioned()
    return await fill(server, (
        row._replace(headers=json.dumps({"traceparent": f"00-{row.seq:032x}-{row.seq:016x}-01"}))
        for row in city.rows()
    ))  # fmt: skip


async def costs(grounds: Sequence[Ground], database: str, seconds: float) -> Costs:
    """Of one pair: the first ground is folded with telemetry, the second without."""
    async with contextlib.AsyncExitStack() as stack:
        settings = [stack.enter_context(exporting()), NO_SETTINGS]
        urls = [await stack.enter_async_context(each.database(database)) for each in grounds]
        async with contextlib.AsyncExitStack() as folds:
            pair = [
                await folds.enter_async_context(_waiting(*each))
                for each in zip(grounds, urls, settings, strict=True)
            ]
            folded = await asyncio.gather(*(each.folded() for each in pair))
        for ground, url in zip(grounds, urls, strict=True):
            await measures.check_ratings(ground, url, "the fold beside telemetry")
        answered = _ratings(grounds[1], urls[1], seconds, settings)
    return Costs(Compared(*folded), Compared(*answered))


@dataclass(frozen=True)
class _Fold:
    """A fold that waits for its consumer."""

    ground: Ground
    db: Database
    process: Running

    async def folded(self) -> float:
        """Folds everything; microseconds of processor time an event."""
        began = self.process.processor_seconds()
        await _pause(self.ground.stream.server, None)
        await measures.when(self._done, self.process)
        spent = self.process.processor_seconds() - began
        return 1e6 * spent / self.ground.stream.messages

    async def _done(self) -> bool:
        async with self.db.read() as conn:
            return (await position.load(conn)).stream_seq >= self.ground.stream.messages

    async def waits(self) -> bool:
        """Whether the fold has checked the stream, and nothing else goes on."""
        async with self.db.read() as conn:
            if (await position.load(conn)).stream_created is None:
                return False
        began = self.process.processor_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        return self.process.processor_seconds() - began < IDLE_TIME


@contextlib.asynccontextmanager
async def _waiting(ground: Ground, url: str, settings: Mapping[str, str]) -> AsyncIterator[_Fold]:
    await scoring.migrated(ground.settings(url))
    await ground.stream.anew()
    await _pause(ground.stream.server, datetime.now(UTC) + PAUSE)
    environment = {**ground.environment(url), **settings}
    async with measures.opened(url, SERVICE) as db:
        with running(ground.folder, measures.SERVE, "fold", environment, shares=True) as process:
            fold = _Fold(ground, db, process)
            await measures.when(fold.waits, process)
            yield fold


async def _pause(server: NatsServer, until: datetime | None) -> None:
    """Pauses the consumer of the fold until an instant, or resumes it."""
    broker = server.broker("provision")
    body = {} if until is None else {"pause_until": until.isoformat()}
    subject = f"$JS.API.CONSUMER.PAUSE.{STREAM}.{CONSUMER}"
    reply = json.loads((await broker.request(subject, json.dumps(body).encode())).data)
    await broker.close()
    if "error" in reply or reply["paused"] is (until is None):
        raise ValueError(f"the consumer was not paused or resumed: {reply}")


def _ratings(
    ground: Ground, url: str, seconds: float, settings: Sequence[Mapping[str, str]]
) -> list[float]:
    """Microseconds of processor time an answer with one rating, of processes that answer by turns.

    How many requests a process reads at once depends on what else runs, so they do not compete.
    """
    spent, answers = [0.0, 0.0], [0, 0]
    with contextlib.ExitStack() as stack:
        pair = [
            stack.enter_context(running(
                ground.folder, measures.SERVE, "queries", {**ground.environment(url), **each},
                listens=True, shares=True,
            ))
            for each in settings
        ]  # fmt: skip
        for process in pair:
            measures.load(ground, process.port, "/scoring", ground.token, WARM_SECONDS, dict)
        for turn in range(TURNS):
            for which in (0, 1) if turn % 2 else (1, 0):
                began = pair[which].processor_seconds()
                read = measures.load(
                    ground, pair[which].port, "/scoring", ground.token, seconds / TURNS, dict
                )
                spent[which] += pair[which].processor_seconds() - began
                answers[which] += read.requests
    return [1e6 * each / number for each, number in zip(spent, answers, strict=True)]


async def silent(ground: Ground, database: str) -> Silent:
    """What the calls of telemetry take in a fold whose settings ask for none of it."""
    async with ground.database(database) as url:
        await scoring.migrated(ground.settings(url))
        await ground.stream.anew()
        last = ground.stream.messages
        given = {**ground.environment(url), "BENCH_LAST": str(last)}
        spent = answer(measures.SERVE, ["silent"], given)
        await measures.check_ratings(ground, url, "the fold without telemetry")
    return Silent(1e9 * spent["telemetry"] / last, 100 * spent["telemetry"] / spent["whole"])
