"""What telemetry costs: the fold and one rating with everything exported, beside without, by turns.

With it a process sends traces and metrics to a receiver that discards them, and is scraped, every
five seconds, more often than in production. The start of a process does not count. What is compared
is the work done in a second of the process's own processor time, which other work on the machine
hardly moves.
"""

from __future__ import annotations

import contextlib
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from services.scoring import app as scoring
from services.scoring.settings import SERVICE
from services.scoring.store import position
from tests.bench import measures
from tests.bench.ground import Ground
from tests.bench.processes import running
from tests.support.servers import free_port

EVERY_SECONDS = 5
WARM_SECONDS = 0.3
NO_SETTINGS: dict[str, str] = {}
TICK = 0.01
"""The least processor time that is told."""


class Compared(NamedTuple):
    """A rate with telemetry, and without."""

    exported: float
    silent: float


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


async def fold_beside(ground: Ground, database: str) -> Compared:
    """Events in a second of the fold's processor time, each on a database of its own."""
    async with ground.database(database) as url:
        silent = await _fold(ground, url, NO_SETTINGS)
    async with ground.database(database) as url:
        with exporting() as settings:
            exported = await _fold(ground, url, settings)
        await measures.check_ratings(ground, url, "the fold with telemetry")
    return Compared(exported, silent)


async def _fold(ground: Ground, url: str, settings: dict[str, str]) -> float:
    """From the first commit to the last."""
    await scoring.migrated(ground.settings(url))
    await ground.stream.anew()
    async with measures.opened(url, SERVICE) as db:

        async def folded(number: int) -> bool:
            async with db.read() as conn:
                return (await position.load(conn)).stream_seq >= number

        environment = {**ground.environment(url), **settings}
        with running(ground.folder, measures.SERVE, "fold", environment) as process:
            await measures.when(lambda: folded(1), process)
            began = process.processor_seconds()
            async with db.read() as conn:
                first = (await position.load(conn)).stream_seq
            await measures.when(lambda: folded(ground.stream.messages), process)
            seconds = process.processor_seconds() - began
    return max(1, ground.stream.messages - first) / max(seconds, TICK)


async def rating_beside(ground: Ground, url: str, seconds: float) -> Compared:
    """Answers with one rating in a second of processor time, on one folded database."""
    silent = _rating(ground, url, seconds, NO_SETTINGS)
    with exporting() as settings:
        exported = _rating(ground, url, seconds, settings)
    return Compared(exported, silent)


def _rating(ground: Ground, url: str, seconds: float, settings: dict[str, str]) -> float:
    environment = {**ground.environment(url), **settings}
    serve = measures.SERVE
    with running(ground.folder, serve, "queries", environment, listens=True) as process:
        measures.load(ground, process.port, "/scoring", ground.token, WARM_SECONDS, dict)
        began = process.processor_seconds()
        read = measures.load(ground, process.port, "/scoring", ground.token, seconds, dict)
        spent = process.processor_seconds() - began
    return read.requests / max(spent, TICK)
