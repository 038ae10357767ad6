"""The same measurements of the tutorial design, on the same servers in the same run."""

from __future__ import annotations

import time
from typing import Any

from nats.js.errors import NotFoundError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from services.chassis.database.url import normal_url
from tests.bench.exact import NotExact, compare_counts
from tests.bench.ground import Ground, Stream
from tests.bench.measures import Read, load, when
from tests.bench.processes import running
from tests.bench.tutorial.api import token
from tests.bench.tutorial.models import Base, Event, Fact, Rating, Tally, engine

TUTORIAL = "tests.bench.tutorial"


async def fold(ground: Ground, url: str) -> float:
    """Events per second, from the first event that it has committed to the last.

    Its start is not counted, that of danchu is.
    """
    made = engine(normal_url(url))
    await _tables(made)
    await _anew(ground.tutorial)
    given = {"BENCH_DATABASE": normal_url(url), "BENCH_NATS": ground.tutorial.server.url}

    async def folded() -> int:
        async with made.connect() as conn:
            return int((await conn.execute(select(func.count()).select_from(Event))).scalar() or 0)

    async def begun() -> bool:
        return await folded() > 0

    async def done() -> bool:
        return await folded() >= ground.tutorial.events

    with running(ground.folder, TUTORIAL, "fold", given) as process:
        await when(begun, process)
        began = time.perf_counter()
        await when(done, process)
        seconds = time.perf_counter() - began
    await _check(made, ground.tutorial)
    await made.dispose()
    return ground.tutorial.messages / seconds


async def _tables(made: AsyncEngine) -> None:
    async with made.begin() as conn:
        await conn.run_sync(Base.metadata.create_all)


async def _anew(stream: Stream) -> None:
    """Forgets how far an earlier repetition was."""
    broker = stream.server.broker("provision")
    await broker.ensure()
    try:
        await broker.manager().delete_consumer("EVENTS", "tutorial")
    except NotFoundError:
        return
    finally:
        await broker.close()


async def _check(made: AsyncEngine, stream: Stream) -> None:
    """NotExact unless each event is in the ledger once and the tallies are those of the facts."""
    on = (
        select(Fact.unit, Fact.year, Fact.indicator, Fact.side, func.count())
        .where(Fact.on)
        .group_by(Fact.unit, Fact.year, Fact.indicator, Fact.side)
    )
    held = select(Tally.unit, Tally.year, Tally.indicator, Tally.side, Tally.count)
    async with made.connect() as conn:
        events = int((await conn.execute(select(func.count()).select_from(Event))).scalar() or 0)
        facts = sorted(map(tuple, await conn.execute(on)))
        tallies = sorted(map(tuple, await conn.execute(held.where(Tally.count != 0))))
    compare_counts("the tutorial design", {"events": events}, {"events": stream.events})
    if not facts or facts != tallies:
        raise NotExact("the tutorial design has tallies that are not those of its facts")


async def one_rating(ground: Ground, url: str, seconds: float) -> Read:
    """One stored rating over HTTP."""
    made = engine(normal_url(url))
    await _tables(made)
    async with async_sessionmaker(made)() as session:
        session.add_all(Rating(**_stored(held)) for held in ground.expected.ratings.values())
        await session.commit()
    await made.dispose()
    given = {"BENCH_DATABASE": normal_url(url)}
    with running(ground.folder, TUTORIAL, "queries", given, listens=True) as process:
        return load(ground, process.port, "", token(), seconds, _answered)


def _stored(rating: dict[str, Any]) -> dict[str, Any]:
    """`class` is no name of an attribute in Python."""
    return {"class_name" if name == "class" else name: value for name, value in rating.items()}


def _answered(rating: dict[str, Any]) -> dict[str, Any]:
    return {"class" if name == "class_name" else name: value for name, value in rating.items()}
