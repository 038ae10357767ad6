"""How long pages take and how large they are, and how they answer a crowd beside a fold that works.

On a server and a database of its own: the last events of the city wait until the crowd reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import httpx

from services.chassis.relay.publisher import Publisher
from services.chassis.relay.turn import Row
from services.chassis.web.session_keys import make_session_key
from services.chassis.web.sessions import COOKIE, open_sessions
from services.chassis.web.static_files import static_files
from services.scoring import app as scoring
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import position
from tests.bench.city import YEAR, fill
from tests.bench.exact import NotExact
from tests.bench.ground import Ground, environment, nats
from tests.bench.measures import CLIENT, SERVE, check_ratings, opened, when
from tests.bench.processes import Running, answer, running
from tests.support.servers import NatsServer

READERS, PAUSE_SECONDS = 50, 1.0
"""Each opens the next page a second after the last one came."""
EVENTS_A_SECOND, BATCH = 200, 20
SETTLING_SECONDS = 2
"""The fold has begun with the events, and the readers have come, before anything counts."""
LOADED = ("danchu.css", "htmx.min.js", "danchu.svg")
SHEETS = 40
PAGES = {
    "overview": "/years/{year}",
    "search": "/years/{year}?q=xa+phuong",
    "resolution": "/years/{year}/resolution",
    "report": "/years/{year}/report",
    "desk": "/desk/{year}",
    "decisions": "/desk/{year}/decisions",
    "sheet": "/years/{year}/units/{unit}",
    "events": "/years/{year}/units/{unit}/events",
    "history": "/years/{year}/units/{unit}/history",
    "files": "/years/{year}/units/{unit}/files",
}


class PageTimes(NamedTuple):
    """Milliseconds of one reader, those of the processor alone, and the kilobytes that come
    compressed, with all that the page loads."""

    median: float
    p99: float
    processor: float
    kilobytes: float


class CrowdTimes(NamedTuple):
    """Milliseconds of many persons who read, and how many pages a second one process answers to as
    many programs that do not pause."""

    p99: float
    median: float
    per_second: float


@dataclass(frozen=True)
class Reader:
    """Somebody who signed in to a process with pages."""

    site: Running
    cookie: str

    def load(
        self, paths: Sequence[str], seconds: float, readers: int, pause: float = 0.0
    ) -> dict[str, float]:
        """What a load client saw that read these pages in turn; NotExact for a wrong answer."""
        before = self.site.processor_seconds()
        seen = answer(CLIENT, [], {}, {
            "port": self.site.port, "token": "", "cookie": self.cookie, "paths": list(paths),
            "seconds": seconds, "connections": readers, "changing": True, "pause": pause,
        })  # fmt: skip
        if seen["wrong"]:
            raise NotExact(f"a page: {seen['wrong'][0]}")
        spent = self.site.processor_seconds() - before
        return {**seen, "processor_ms": 1000 * spent / seen["requests"]}

    async def kilobytes(self, path: str) -> float:
        """What a browser that has nothing yet receives for a page."""
        headers = {"cookie": self.cookie, "accept-encoding": "gzip"}
        base = f"http://127.0.0.1:{self.site.port}"
        async with (
            httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client,
            client.stream("GET", path) as page,
        ):
            page.raise_for_status()
            size = sum([len(raw) async for raw in page.aiter_raw()])
        return (size + sum(len(static_files()[name].packed) for name in LOADED)) / 1000


async def pages(
    ground: Ground, url: str, seconds: float
) -> tuple[dict[str, PageTimes], CrowdTimes]:
    """Each page by its name, and the crowd; NotExact where a rating is wrong in the end."""
    with nats(ground.folder / uuid.uuid4().hex) as server:
        await server.provisioned()
        settings = ScoringSettings(home=server.home, database_url=url)
        make_session_key(settings)  # a server of databases has no keys made unasked
        await scoring.migrated(settings)
        rows = [*ground.city.rows()]
        late = min(len(rows) // 2, int(EVENTS_A_SECOND * (seconds + 2 * SETTLING_SECONDS)))
        await fill(server, iter(rows[:-late]))
        given = environment(server, url)
        with running(ground.folder, SERVE, "fold", given) as fold:
            await _folded(url, fold, len(rows) - late)
            with running(ground.folder, SERVE, "pages", given, listens=True) as site:
                reader = Reader(site, _cookie(settings))
                units = [*ground.expected.ratings]
                times = {
                    name: await _times(reader, _path(page, units[len(units) // 2]), seconds)
                    for name, page in PAGES.items()
                }
                crowd = await _crowd(server, reader, units, rows[-late:], seconds)
            await _folded(url, fold, len(rows))
    await check_ratings(ground, url, "the fold beside the readers")
    return times, crowd


def _cookie(settings: ScoringSettings) -> str:
    """The cookie of a session of the council, which may open every page."""
    sessions = open_sessions(settings, service=SERVICE)
    return f"{COOKIE}={sessions.seal(sessions.begin('council', 'council'))}"


def _path(page: str, unit: str) -> str:
    return page.format(year=YEAR, unit=quote(unit))


async def _times(reader: Reader, path: str, seconds: float) -> PageTimes:
    """One page by one reader, once it is warm."""
    kilobytes = await reader.kilobytes(path)
    seen = await asyncio.to_thread(reader.load, [path], seconds, 1)
    return PageTimes(seen["p50_ms"], seen["p99_ms"], seen["processor_ms"], kilobytes)


async def _crowd(
    server: NatsServer, reader: Reader, units: Sequence[str], rows: Sequence[Row], seconds: float
) -> CrowdTimes:
    """READERS who read lists, the resolution and sheets of units, while events are folded."""
    sheets = itertools.islice(itertools.cycle(units), 0, SHEETS * 7, 7)
    lists = [PAGES[name] for name in ("overview", "search", "resolution", "overview")]
    paths = [_path(page, "") for page in lists] + [_path(PAGES["sheet"], unit) for unit in sheets]
    sending = asyncio.create_task(_send(server, rows))
    try:
        await asyncio.sleep(SETTLING_SECONDS)
        seen = await asyncio.to_thread(reader.load, paths, seconds, READERS, PAUSE_SECONDS)
        await sending
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
    flood = await asyncio.to_thread(reader.load, paths, seconds, READERS)
    return CrowdTimes(seen["p99_ms"], seen["p50_ms"], flood["requests"] / flood["seconds"])


async def _send(server: NatsServer, rows: Sequence[Row]) -> None:
    """Publishes rows at EVENTS_A_SECOND, as a relay does."""
    broker = server.broker("intake")
    publisher, begun = Publisher(broker), time.perf_counter()
    for number, batch in enumerate(_batches(rows)):
        due = begun + number * BATCH / EVENTS_A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await publisher.publish(batch)
    await broker.close()


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (rows[first : first + BATCH] for first in range(0, len(rows), BATCH))


async def _folded(url: str, fold: Running, messages: int) -> None:
    """Returns when the fold has so many messages of the stream."""
    async with opened(url, SERVICE) as db:

        async def done() -> bool:
            async with db.read() as conn:
                return (await position.load(conn)).stream_seq >= messages

        await when(done, fold)
