"""Composes scoring from its settings: the queries over HTTP, the fold, or both.

Queries and fold can run in separate processes: they share nothing but the database. `build` opens
no connection.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import Literal

from fastapi import FastAPI

from contracts import moments
from services.chassis.auth import credentials
from services.chassis.broker.connection import Broker
from services.chassis.broker_startup import Task, check_broker, run_after_check
from services.chassis.cancellation import cancel_all
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.chassis.health import Health
from services.chassis.key_marks import check_keys
from services.chassis.read_log import ReadLog
from services.chassis.relay.loop import Relay
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.chassis.telemetry.gauges import Measure
from services.chassis.token_watch import TokenWatch
from services.scoring.api.build import build_api
from services.scoring.api.rating_question import rating_answers
from services.scoring.errors import FoldHalted, MarksDiffer
from services.scoring.fold.registry import Registry
from services.scoring.handlers.folder import Folder
from services.scoring.operations.gauges import ScoringGauges
from services.scoring.operations.lag import FoldLag
from services.scoring.readmodel import sealed_rubrics
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.receipts import Receipts
from services.scoring.readmodel.sealed_rubrics import SealedRubrics
from services.scoring.readmodel.snapshot import Snapshot, Snapshots, require_same_rubrics
from services.scoring.rubrics import loader
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing import keyring
from services.scoring.sealing.service import SealService, seal_service
from services.scoring.sealing.sets import SealQuestion
from services.scoring.sealing.start_check import check_seals
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import doors
from services.scoring.store import position as position_store
from services.scoring.store.door_state import first_alarm
from services.scoring.store.position import Position
from services.scoring.subscribers.fold_loop import FoldLoop
from services.scoring.subscribers.mark_watch import MarkWatch
from services.scoring.subscribers.rating_feed import RatingFeed
from services.scoring.subscribers.rating_questions import RatingResponder
from services.scoring.subscribers.receipt_questions import ReceiptResponder
from services.scoring.tables import MIGRATIONS
from services.scoring.year.stages import SEALED

Part = Literal["all", "http", "fold"]


@dataclass
class App:
    """A composed scoring service; the HTTP server of the process mounts `api`."""

    settings: ScoringSettings
    db: Database
    broker: Broker
    api: FastAPI
    health: Health
    fold: FoldLoop | None
    relay: Relay | None
    questions: ReceiptResponder | None
    ratings: RatingResponder | None
    reads: ReadLog
    seals: SealService
    tokens: TokenWatch
    gauges: ScoringGauges
    feed: RatingFeed | None = None
    clock: Clock = now_us
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def measures(self) -> dict[str, Measure]:
        """The fold, and where this process folds, what it leaves behind."""
        return self.gauges.measures()

    async def start(self) -> None:
        """Checks database, keys and broker, then starts what this process runs."""
        await self.db.open(MIGRATIONS)
        await check_keys(self.db, credentials.token_keys(self.settings), self.clock())
        await check_seals(self.db, self.seals.keyring, self.clock())
        await SealedRubrics(self.db, self.seals.drafts.rubrics).warn()
        if self.questions is not None and self.ratings is not None:
            await self.tokens.look()
            self.tasks += [
                asyncio.create_task(self.tokens.run(), name="scoring tokens"),
                asyncio.create_task(self.questions.run(), name="scoring questions"),
                asyncio.create_task(self.ratings.run(), name="scoring ratings"),
                asyncio.create_task(self.reads.run(), name="scoring log of reads"),
            ]
        if self.fold is None or self.relay is None:
            return
        with contextlib.suppress(BrokerAway):
            await self._check_broker()
        keeper = asyncio.create_task(self.seals.keeper.run(), name="scoring seals")
        self.tasks += [keeper] + [
            asyncio.create_task(run_after_check(name, self._check_broker, run), name=name)
            for name, run in self._work(self.fold, self.relay)
        ]

    def _work(self, fold: FoldLoop, relay: Relay) -> list[tuple[str, Task]]:
        work: list[tuple[str, Task]] = [
            ("scoring relay", relay.run), ("scoring fold", fold.run),
        ]  # fmt: skip
        if fold.watch is not None:
            work.append(("scoring marks", fold.watch.run))
        if self.feed is not None:
            work.append(("scoring feed", self.feed.run))
        return work

    async def _check_broker(self) -> None:
        await check_broker(self.settings, self.broker, self.health)

    async def stop(self) -> None:
        """Stops the tasks and closes all connections; unfolded messages are delivered again."""
        await cancel_all(self.tasks)
        if self.fold is not None:
            await self.fold.stop()
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
    health = Health()
    fold = relay = feed = None
    if part != "http":
        folder, watch = Folder(db, rubrics, clock), MarkWatch(db, broker, clock)
        fold = FoldLoop(db, broker, folder, settings.scoring_batch, watch=watch)
        relay = Relay(db, broker, clock, spot_checks=True)
        feed = RatingFeed(db, broker, rubrics, clock)
    lag = FoldLag(db, broker, clock)
    health.show("feed", lag.feed if feed is None else feed.check)
    _add_checks(health, lag, part, rubrics)
    reading = Reading(db, Snapshots(db, rubrics), clock)
    verifier = credentials.verifier(settings, clock, SERVICE)
    reads = ReadLog(db, clock)
    seals = _seals(settings, reading, health)
    api = build_api(reading, lag, verifier, health, reads, seals, settings.public_url)
    questions = ratings = None
    if part != "fold":
        questions = ReceiptResponder(settings.nats(SERVICE), Receipts(db, reading.versions))
        ratings = RatingResponder(settings.nats(SERVICE), rating_answers(reading, reads))
    gauges = ScoringGauges(lag, None if feed is None else feed.unannounced)
    return App(
        settings, db, broker, api, health, fold, relay, questions, ratings, reads, seals,
        TokenWatch(db, verifier), gauges, feed, clock,
    )  # fmt: skip


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


def _add_checks(health: Health, lag: FoldLag, part: Part, rubrics: Rubrics) -> None:
    """Adds the health checks: queries are ready without a broker, and while the fold is halted.

    A process that only folds is not ready while the fold is halted or its disk check fails. A
    process whose rubrics are not those of the books answers no queries, and is not ready.
    """
    db, broker, clock = lag.db, lag.broker, lag.clock

    async def database() -> str:
        await db.check()
        return "answers"

    async def nats() -> str:
        return broker.state()

    async def position() -> Position:
        async with db.read() as conn:
            return await position_store.load(conn)

    async def folding() -> str:
        place = await position()
        if place.halted is not None:
            raise FoldHalted(place.halted, place.faulty)
        async with db.read() as conn:
            alarm = first_alarm(await doors.load(conn), clock())
        if alarm is not None:
            raise MarksDiffer(alarm)
        return "runs elsewhere" if part == "http" else "runs here"

    async def folded_with() -> str:
        require_same_rubrics(await position(), rubrics)
        return "those of the ratings"

    health.require("database", database)
    (health.require if part == "fold" else health.show)("disk", db.disk)
    health.show("broker", nats)
    (health.require if part == "fold" else health.show)("fold", folding)
    health.show("lag", lag.in_time)
    health.require("rubrics", folded_with)
    health.show(sealed_rubrics.CHECK, SealedRubrics(db, rubrics).check)
