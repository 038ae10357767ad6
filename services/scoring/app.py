"""Composes scoring from its settings: the queries over HTTP, the fold, or both.

Queries and fold can run in separate processes: they share nothing but the database, and a fold
loads no web framework. `build` opens no connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from contracts import moments
from services.chassis.auth import credentials
from services.chassis.broker.connection import Broker
from services.chassis.broker.openness import OPENNESS
from services.chassis.broker_startup import check_broker
from services.chassis.cancellation import BackgroundTasks, cancel_all
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.chassis.health import Health
from services.chassis.heartbeat import Heartbeats
from services.chassis.key_marks import check_keys
from services.chassis.read_log import ReadLog
from services.chassis.relay.loop import Relay
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.chassis.telemetry.gauges import Measure
from services.chassis.token_watch import TokenWatch
from services.scoring.fold.registry import Registry
from services.scoring.handlers.folder import Folder
from services.scoring.messages import message
from services.scoring.operations.checks import add_checks
from services.scoring.operations.gauges import ScoringGauges
from services.scoring.operations.lag import FoldLag
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.sealed_rubrics import SealedRubrics
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics import loader
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing import keyring
from services.scoring.sealing.service import SealService, seal_service
from services.scoring.sealing.sets import SealQuestion
from services.scoring.sealing.start_check import check_seals
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store.lease import lease_of
from services.scoring.stream import stream_state
from services.scoring.subscribers.fold_loop import FoldLoop
from services.scoring.subscribers.mark_watch import MarkWatch
from services.scoring.subscribers.rating_feed import RatingFeed
from services.scoring.subscribers.standby import Standby
from services.scoring.tables import MIGRATIONS
from services.scoring.year.stages import SEALED

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from services.scoring.subscribers.rating_questions import RatingResponder
    from services.scoring.subscribers.service_questions import ServiceResponder

Part = Literal["all", "http", "fold"]


@dataclass
class App:
    """A composed scoring service: the HTTP server mounts `api`, and at the root `pages`."""

    settings: ScoringSettings
    db: Database
    broker: Broker
    build_api: Callable[[], FastAPI]
    build_pages: Callable[[], ASGIApp] | None
    health: Health
    questions: ServiceResponder | None
    ratings: RatingResponder | None
    reads: ReadLog
    seals: SealService
    tokens: TokenWatch
    gauges: ScoringGauges
    background: BackgroundTasks
    clock: Clock = now_us
    standby: Standby | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @cached_property
    def api(self) -> FastAPI:
        """The queries over HTTP; like the pages, built where they are served."""
        return self.build_api()

    @cached_property
    def pages(self) -> ASGIApp | None:
        """None in a process that only folds."""
        return None if self.build_pages is None else self.build_pages()

    def measures(self) -> dict[str, Measure]:
        """The fold, and where this process folds, what it leaves behind."""
        return self.gauges.measures()

    async def start(self) -> None:
        """Checks database, keys and broker, then starts what this process runs."""
        await self.db.open(MIGRATIONS)
        await check_keys(self.db, credentials.token_keys(self.settings), self.clock())
        await check_seals(self.db, self.seals.keyring, self.clock())
        await SealedRubrics(self.db, self.seals.drafts.rubrics).warn()
        await self._wait_for_streams()
        self.tasks.append(asyncio.create_task(self.broker.openness.run(), name="scoring openness"))
        if self.questions is not None and self.ratings is not None:
            await self.tokens.look()
            self.tasks += [
                asyncio.create_task(self.tokens.run(), name="scoring tokens"),
                asyncio.create_task(self.questions.run(), name="scoring questions"),
                asyncio.create_task(self.ratings.run(), name="scoring ratings"),
                asyncio.create_task(self.reads.run(), name="scoring log of reads"),
            ]
        if self.standby is not None:
            with contextlib.suppress(BrokerAway):
                await self.standby.check()
            self.tasks.append(asyncio.create_task(self.standby.run(), name="scoring standby"))

    @property
    def fold(self) -> FoldLoop | None:
        """The fold of this process, whether it folds now or stands by."""
        return None if self.standby is None else self.standby.fold

    async def _wait_for_streams(self) -> None:
        """Raises BrokerAway while the streams are missing, if the start is to wait for them."""
        if self.standby is not None and self.settings.start_waits:
            await self.standby.check()
            await self.standby.reach()

    async def stop(self) -> None:
        """Stops the tasks and closes all connections; messages not folded are delivered again.
        What is committed and not sent yet is sent first, if NATS is there."""
        if self.standby is not None:
            await self.standby.stop()
        await cancel_all(self.tasks)
        await self.background.close()
        await self.health.close()
        await self.broker.close()
        await self.reads.close()
        await self.db.close()

    async def failed(self) -> None:
        """Waits until a task fails, and raises its error: a bug, or a server with weak settings."""
        if not self.tasks:
            await asyncio.Event().wait()
        ended, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in ended:
            task.result()


async def migrated(settings: Settings) -> None:
    """Migrates the schema of scoring to this version."""
    await migrate_service(SERVICE, settings, MIGRATIONS)


def build(settings: ScoringSettings, part: Part = "all", clock: Clock = now_us) -> App:
    """Composes a part of scoring without connecting; raises RubricRefused for a faulty rubric."""
    rubrics = loader.load_directory(settings.rubrics_folder)
    db = Database(settings.database(SERVICE), SERVICE, settings.database_limits)
    broker = Broker(settings.nats(SERVICE), f"danchu scoring {part}")
    health = Health(beats=Heartbeats(settings.heartbeat_seconds))
    lag = FoldLag(db, broker, clock)
    standby = None if part == "http" else _standby(settings, db, broker, rubrics, health, clock)
    health.show(OPENNESS, broker.openness.state)
    health.show("feed", lag.feed if standby is None else standby.feed.check)
    add_checks(health, lag, standby, part, rubrics)
    reading = Reading(db, Snapshots(db, rubrics), clock)
    verifier = credentials.verifier(settings, clock, SERVICE)
    reads = ReadLog(db, clock)
    seals = _seals(settings, reading, health)
    if standby is not None:
        seals.keeper.beat = health.beats.beat("scoring seals")
        standby.always = [("scoring seals", seals.keeper.run)]

    def queries() -> FastAPI:
        from services.scoring.api.build import build_api

        return build_api(reading, lag, verifier, health, reads, seals, settings.public_url)

    def pages() -> ASGIApp:
        from services.scoring.web import desk, site

        return site.build_pages(desk.desk(settings, reading, seals, lag, reads), verifier)

    gauges = ScoringGauges(lag, None if standby is None else standby.feed.unannounced)
    questions = ratings = None
    if part != "fold":
        from services.scoring.api.questions import responders

        questions, ratings = responders(settings, reading, reads)
    return App(
        settings, db, broker, queries, None if part == "fold" else pages, health, questions,
        ratings, reads, seals, TokenWatch(db, verifier), gauges, reading.background, clock,
        standby,
    )  # fmt: skip


def _standby(
    settings: ScoringSettings, db: Database, broker: Broker, rubrics: Rubrics, health: Health,
    clock: Clock,
) -> Standby:  # fmt: skip
    """All that runs while this process holds the lease of the fold."""
    lease = lease_of(db, settings.heartbeat_seconds)
    own = db.fenced(lease.fence)
    folder, watch = Folder(own, rubrics, clock), MarkWatch(own, broker, clock)
    fold = FoldLoop(own, broker, folder, settings.scoring_batch, watch=watch)
    relay = Relay(own, broker, clock, spot_checks=True)
    feed = RatingFeed(own, broker, rubrics, clock)
    for name, loop in (("relay", relay), ("fold", fold), ("marks", watch), ("feed", feed)):
        loop.beat = health.beats.beat(f"scoring {name}")

    async def check() -> None:
        await check_broker(settings, broker, health)

    async def reach() -> None:
        if await stream_state(broker) is None:
            raise BrokerAway(message("stream-unprovisioned"))

    work = [("scoring marks", watch.run)]
    return Standby(lease, check, reach, broker.change_server, fold, relay, feed, health.beats, work)


def _seals(settings: ScoringSettings, reading: Reading, health: Health) -> SealService:
    """The seals, whose ratings the read model computes."""

    async def year_as_of(sealed: SealQuestion) -> Snapshot:
        snapshot = await reading.versions.past.snapshot(sealed.year, sealed.cut, sealed.rubrics)
        return replace(snapshot, stage=SEALED, version=sealed.version, as_of=None, _bodies={})

    async def registry() -> Registry:
        return (await reading.snapshots.of(moments.local_year(reading.clock()))).registry

    keyring.ensure(settings, reading.clock)
    keys = keyring.load(settings)
    rubrics = reading.snapshots.rubrics
    service = seal_service(reading.db, keys, rubrics, reading.clock, year_as_of, registry)
    health.show("seals", service.keeper.check)
    return service
