"""One coroutine per measurement of danchu; each is checked before it answers a figure."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import httpx
from sqlalchemy import text

from services.chassis.auth.credentials import development_issuer
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.intake import app as intake
from services.intake.settings import SERVICE as INTAKE
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.ratings.json import rating_members
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics import loader
from services.scoring.rubrics.model import Rubrics
from services.scoring.settings import SERVICE
from services.scoring.store import position
from tests.bench.city import YEAR, Batches
from tests.bench.exact import NotExact, compare, compare_counts
from tests.bench.ground import Ground, environment, nats
from tests.bench.processes import Running, answer, running

SERVE, CLIENT = "tests.bench.serve", "tests.bench.client"
POLL_SECONDS = 0.02
DEADLINE_SECONDS = 1800
DOOR_CONNECTIONS, READER_CONNECTIONS = 2, 16


class Folded(NamedTuple):
    """How long a fold took from the start of its process, and the most memory that it held."""

    seconds: float
    peak_mb: float


class Read(NamedTuple):
    """What the load client saw."""

    per_second: float
    p99_ms: float
    busy: float
    requests: int


async def when(holds: Callable[[], Awaitable[bool]], process: Running) -> None:
    """Returns when the condition holds; ProcessFailed where the process ended before."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await holds():
            process.check()
            await asyncio.sleep(POLL_SECONDS)


@contextlib.asynccontextmanager
async def opened(url: str, schema: str) -> AsyncIterator[Database]:
    """The database of a service, closed after the block."""
    db = Database(normal_url(url), schema)
    try:
        yield db
    finally:
        await db.close()


async def counted(db: Database, *tables: str) -> dict[str, int]:
    """The numbers of rows."""
    async with db.read() as conn:
        return {t: int((await conn.execute(text(f"SELECT count(*) FROM {t}"))).scalar() or 0)
                for t in tables}  # fmt: skip


async def fold(ground: Ground, url: str) -> Folded:
    """Folds the whole stream into an empty database by a process of its own."""
    await scoring.migrated(ground.settings(url))
    await ground.stream.anew()
    async with opened(url, SERVICE) as db:

        async def done() -> bool:
            async with db.read() as conn:
                return (await position.load(conn)).stream_seq >= ground.stream.messages

        began = time.perf_counter()
        with running(ground.folder, SERVE, "fold", ground.environment(url)) as process:
            await when(done, process)
            computed = Folded(time.perf_counter() - began, process.peak_mb())
        counts = await counted(db, "ledger", "quarantine")
    compare_counts("the fold", counts, {"ledger": ground.expected.events, "quarantine": 0})
    return computed


async def stages(ground: Ground, url: str) -> dict[str, float]:
    """Seconds by stage of a fold with timers in it."""
    await scoring.migrated(ground.settings(url))
    await ground.stream.anew()
    given = {**ground.environment(url), "BENCH_LAST": str(ground.stream.messages)}
    spent: dict[str, float] = answer(SERVE, ["stages"], given)
    await check_ratings(ground, url, "the fold by stages")
    return spent


@contextlib.asynccontextmanager
async def queries(ground: Ground, url: str) -> AsyncIterator[int]:
    """The port of scoring's queries, in a process of their own."""
    given = ground.environment(url)
    with running(ground.folder, SERVE, "queries", given, listens=True) as process:
        yield process.port


async def check_ratings(ground: Ground, url: str, what: str) -> None:
    """NotExact unless every rating of the database is the expected one."""
    async with opened(url, SERVICE) as db:
        snapshot = await Snapshots(db, rubrics()).of(YEAR)
        computed = {unit: rating_members(snapshot.rating(unit)) for unit in snapshot.standings}
    compare(what, computed, ground.expected.ratings)


@functools.cache
def rubrics() -> Rubrics:
    """The shipped rubrics."""
    return loader.load_directory(loader.SHIPPED)


async def one_rating(ground: Ground, url: str, seconds: float) -> Read:
    """One rating over HTTP by keep-alive connections, each unit in turn."""
    async with queries(ground, url) as port:
        return load(ground, port, "/scoring", ground.token, seconds, dict)


def load(
    ground: Ground, port: int, prefix: str, token: str, seconds: float,
    named: Callable[[dict[str, Any]], dict[str, Any]],
) -> Read:  # fmt: skip
    """Drives a server that answers ratings; NotExact where one differs from the expected."""
    paths = {f"{prefix}/ratings/{YEAR}/{unit}": unit for unit in ground.expected.ratings}
    asked = {
        "port": port, "token": token, "paths": list(paths), "seconds": seconds,
        "connections": READER_CONNECTIONS,
    }  # fmt: skip
    seen = answer(CLIENT, [], {}, asked)
    if seen["wrong"]:
        raise NotExact(f"one rating over HTTP: {seen['wrong'][0]}")
    answers = {paths[path]: named(json.loads(body)) for path, body in seen["answers"].items()}
    wanted = {unit: ground.expected.ratings[unit] for unit in answers}
    compare("one rating over HTTP", answers, wanted)
    requests = seen["requests"]
    return Read(requests / seen["seconds"], seen["p99_ms"], seen["busy"], requests)


async def rebuild(ground: Ground, url: str) -> float:
    """Events of the year in the ledger per second of a rebuild, after which all is the same.

    An event that stands in the pooled view of an heir too is read twice and counted once.
    """
    async with opened(url, SERVICE) as db, db.read() as conn:
        asked = text("SELECT count(*) FROM ledger WHERE year = :year")
        events = int((await conn.execute(asked, {"year": YEAR})).scalar() or 0)
    done = answer(SERVE, ["rebuild"], {**ground.environment(url), "BENCH_YEAR": str(YEAR)})
    await check_ratings(ground, url, "the rebuild")
    return events / float(done["seconds"])


async def spoil(url: str) -> None:
    """Takes every fact and tally away, which a rebuild has to bring back."""
    async with opened(url, SERVICE) as db, db.write() as conn:
        await conn.execute(text("DELETE FROM facts"))
        await conn.execute(text("UPDATE books SET tallies = '{}'"))


async def door(ground: Ground, url: str, batches: Batches) -> float:
    """Events per second that the door answered as committed, its relay and NATS running beside."""
    with nats(ground.folder / uuid.uuid4().hex) as server:
        await server.provisioned()
        settings = IntakeSettings(home=server.home, database_url=url)
        await intake.migrated(settings)
        issuer = development_issuer(server.home)
        given = environment(server, url)
        with running(ground.folder, SERVE, "door", given, listens=True) as process:
            asked = {
                "port": process.port, "token": issuer.mint("emitter"), "path": "/intake/events",
                "file": str(batches.file), "connections": DOOR_CONNECTIONS,
            }  # fmt: skip
            seen = await asyncio.to_thread(answer, CLIENT, [], {}, asked)
            await relayed(process, issuer.mint("operator"))
        broker = server.broker("provision")
        in_stream = (await broker.stream_info("EVENTS")).state.messages
        await broker.close()
    async with opened(url, INTAKE) as db:
        counts = await counted(db, "identities", "outbox")
    if seen["wrong"]:
        raise NotExact(f"the door: {seen['wrong'][0]}")
    answered = seen["accepted"] + seen["duplicate"]
    computed = {**counts, "accepted": seen["accepted"], "in the stream": in_stream}
    compare_counts("the door", {"answered": answered}, {"answered": batches.sent})
    compare_counts("the door", computed, dict.fromkeys(computed, batches.distinct))
    return float(batches.sent / seen["seconds"])


async def relayed(process: Running, token: str) -> None:
    """Returns when nothing waits in the outbox of the intake."""
    url = f"http://127.0.0.1:{process.port}/intake/outbox"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as client:

        async def nothing_waits() -> bool:
            return bool((await client.get(url)).raise_for_status().json()["waiting"] == 0)

        await when(nothing_waits, process)
