"""The measured processes of danchu: `python -m tests.bench.serve PART`, started by `processes`.

Settings come from the environment as in production.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import uvloop

from services.chassis.garbage import collect_seldom
from services.chassis.http.metrics import measure_requests
from services.chassis.http.service_api import compose
from services.chassis.telemetry import instruments
from services.chassis.telemetry.gauges import measure_for_ever
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.operations import rebuild as rebuilding
from services.scoring.settings import ScoringSettings
from tests.bench import backlog, stages, telemetry_calls
from tests.bench.listen import listen_bounded


async def door() -> None:
    """The intake: HTTP, relay and NATS door."""
    app = intake.build(IntakeSettings())
    await app.start()
    await listen_bounded(compose({"intake": (app.api, app.health)}))


async def relay() -> None:
    """The intake without HTTP: its relay and its NATS door."""
    app = intake.build(IntakeSettings())
    await app.start()
    await app.failed()


async def writers() -> None:
    """Writers to the outbox of the intake."""
    await backlog.write_on(os.environ["DANCHU_DATABASE_URL"])


async def queries() -> None:
    """Scoring's queries, beside a fold that may run elsewhere."""
    settings = ScoringSettings()
    instruments.setup(settings, "queries", "bench")
    app = scoring.build(settings, "http")
    await app.start()
    root = compose({"scoring": (app.api, app.health)})
    with measuring(app):
        await listen_bounded(measure_requests(root) if settings.exports_telemetry else root)


async def pages() -> None:
    """Scoring's queries and pages, as queries() without telemetry."""
    app = scoring.build(ScoringSettings(), "http")
    await app.start()
    await listen_bounded(compose({"scoring": (app.api, app.health)}, app.pages))


async def fold() -> None:
    """Scoring's fold."""
    settings = ScoringSettings()
    instruments.setup(settings, "fold", "bench")
    app = scoring.build(settings, "fold")
    await app.start()
    with measuring(app):
        await app.failed()


@contextlib.contextmanager
def measuring(app: scoring.App) -> Iterator[None]:
    """Measures the gauges as `danchu serve` does, where the settings ask for metrics."""
    if not app.settings.exports_telemetry:
        yield
        return
    task = asyncio.create_task(measure_for_ever(app.measures()))
    try:
        yield
    finally:
        task.cancel()


async def fold_by_stages() -> None:
    """The same with a timer about each stage; prints them when the whole stream is folded."""
    spent = stages.install()
    app = scoring.build(ScoringSettings(), "fold")
    await app.start()
    await stages.folded(app.db, int(os.environ["BENCH_LAST"]))
    await app.stop()
    print(json.dumps(spent))


async def fold_silently() -> None:
    """The fold without telemetry; prints what its calls take all the same, in seconds."""
    calls = telemetry_calls.install()
    app = scoring.build(ScoringSettings(), "fold")
    await app.start()
    began = time.process_time()
    await stages.folded(app.db, int(os.environ["BENCH_LAST"]))
    whole = time.process_time() - began
    await app.stop()
    print(json.dumps({"telemetry": calls.seconds, "whole": whole, "calls": calls.number}))


async def rebuild() -> None:
    """Folds the year anew and prints how many events in how many seconds."""
    began = time.perf_counter()
    year = int(os.environ["BENCH_YEAR"])
    read = await rebuilding.rebuild(ScoringSettings(), year, lambda done, of: None)
    print(json.dumps({"events": read, "seconds": time.perf_counter() - began}))


PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "door": door, "relay": relay, "writers": writers, "queries": queries,
    "pages": pages, "fold": fold,
    "stages": fold_by_stages, "silent": fold_silently, "rebuild": rebuild,
}  # fmt: skip


async def main(part: str) -> None:
    """Runs one part."""
    await PARTS[part]()


if __name__ == "__main__":
    if os.environ.get("BENCH_CORE"):
        os.sched_setaffinity(0, {int(os.environ["BENCH_CORE"])})
    gc.freeze()  # as every process of danchu: what was loaded is never garbage
    collect_seldom()
    uvloop.run(main(sys.argv[1]))
