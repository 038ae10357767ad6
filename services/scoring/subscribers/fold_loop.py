"""The loop of the fold: reads a batch of the stream, folds it, and only then acknowledges it.

It uses nats-py directly (`pull_consumer`), because acknowledgements must be controlled exactly.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway, DanchuError, DatabaseAway
from services.chassis.garbage import collect_seldom
from services.chassis.heartbeat import DEFAULT_SECONDS, Beat
from services.chassis.marks import HEADER as DOOR
from services.chassis.telemetry.instruments import message_span, meter, tracer
from services.scoring.errors import FoldHalted
from services.scoring.handlers.batch import Delivery
from services.scoring.handlers.folder import Folder
from services.scoring.messages import message
from services.scoring.store import position
from services.scoring.store.position import Position
from services.scoring.stream import CONSUMER, STREAM, compare_stream, follow
from services.scoring.subscribers.mark_watch import MarkWatch
from services.scoring.subscribers.pull_consumer import Reader, sequence

log = logging.getLogger(__name__)
_tracer = tracer("danchu.scoring")
_meter = meter("danchu.scoring")
_batch_size = _meter.create_histogram(
    "danchu.scoring.batch.size", "{event}", "events of one batch of the fold",
    explicit_bucket_boundaries_advisory=[1, 10, 100, 500, 1000, 2500, 5000, 10_000],
)  # fmt: skip
_batch_time = _meter.create_histogram(
    "danchu.scoring.batch.duration", "s", "from the read of a batch to its acknowledgement",
    explicit_bucket_boundaries_advisory=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)  # fmt: skip

WAIT_SECONDS = 1.0
PAUSE_SECONDS = 1.0
FOLD_SECONDS = 600.0
"""A transaction that takes longer is a hang; each of its statements has a limit of its own."""


def _halted(now: Position, before: Position, reason: str) -> Position:
    """The position with a halt, unless an operator repaired it after it was read."""
    healed = now.stream_created != before.stream_created or now.stream_seq < before.stream_seq
    return now if healed else now._replace(halted=reason)


@dataclass
class FoldLoop:
    """Folds the stream until it is cancelled; `halted` is the reason for a halt, or None.

    `on_away` is called when NATS is away.
    """

    db: Database
    broker: Broker
    folder: Folder
    batch: int
    halted: str | None = None
    watch: MarkWatch | None = None
    on_away: Callable[[], None] = lambda: None
    beat: Beat = field(default_factory=lambda: Beat("fold", DEFAULT_SECONDS))
    _faults_lifted: bool = False
    _reader: Reader = field(init=False)
    _lost: bool = True

    def __post_init__(self) -> None:
        self._reader = Reader(self.broker, STREAM, CONSUMER, self.batch)
        self.broker.on_reconnect.append(self._on_reconnect)

    def _on_reconnect(self) -> None:
        self._lost = True

    async def run(self) -> None:
        """Folds until it is cancelled; waits while halted, or without NATS or the database."""
        collect_seldom()
        self._lost = True
        try:
            if not self._faults_lifted:
                await self._retry(self._lift_fault)
                self._faults_lifted = True
            await self._run()
        finally:
            self.beat.end()

    async def _run(self) -> None:
        prepared = False
        while True:
            self.beat.turn()
            try:
                if not prepared:
                    await self._prepare()
                    prepared = True
                await self._fold()
                self._report(None)
            except FoldHalted as halted:
                self._report(halted.reason)
                self._lost = True
                await asyncio.sleep(PAUSE_SECONDS)
            except (BrokerAway, DatabaseAway) as away:
                log.warning("the fold waits", extra={"error": str(away)})
                if isinstance(away, BrokerAway):
                    self.on_away()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _wait_until_closed(self) -> None:
        """Halts as long as others can write to the stream and nobody accepts it."""
        while (opened := self.broker.openness.halts) is not None:
            self._report(opened.message)
            self.beat.turn()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _lift_fault(self) -> None:
        """At start, lifts a halt caused by a fault, which this version may have fixed."""
        await self.folder.move(
            lambda now: now if now.faulty is None else now._replace(halted=None, faulty=None)
        )

    async def _prepare(self) -> None:
        try:
            with self.beat.resting():  # a recompute takes as long as there is data
                await self._retry(self.folder.prepare)
        except DanchuError:
            raise
        except Exception as fault:  # a bug: it halts the fold with an alarm, but not the process
            await self._halt(None, fault)

    def _report(self, halt: str | None) -> None:
        """Logs a halt once."""
        if halt is not None and self.halted != halt:
            log.error("the fold is halted", extra={"reason": halt})
        self.halted = halt

    async def _fold(self) -> None:
        """Folds one batch; checks stream and consumer before it if the connection is new."""
        if self._lost:
            # cleared first: if the connection is lost meanwhile, the next one is checked again
            self._lost = False
            try:
                await self.check_stream()
                await self._follow()
                await self._reader.stop()
                await self._reader.start()
            except BaseException:
                self._lost = True
                raise
        messages = await self._reader.batch(WAIT_SECONDS)
        await self._wait_until_closed()
        if not messages:
            await self.check_stream()
            self.beat.turn()
            await self._follow()
            return
        began = time.perf_counter()
        forgeable = self.broker.openness.was_open
        deliveries = [
            Delivery(m.data, m.subject, sequence(m), (m.headers or {}).get(DOOR, ""), forgeable)
            for m in messages
        ]
        with message_span(_tracer, "take", (m.headers for m in messages)):
            await self._fold_or_halt(deliveries)
        await self._reader.ack(messages)
        _batch_size.record(len(messages))
        _batch_time.record(time.perf_counter() - began)

    async def _follow(self) -> None:
        """Keeps the consumer at the position, and moves the position's floor to the consumer's."""
        progress = await follow(self.broker, self.db)
        self._lost |= progress.restarted
        if progress.floor is not None:
            await self.folder.move(progress.move)

    async def _fold_or_halt(self, deliveries: Sequence[Delivery]) -> None:
        """Folds deliveries; if that fails, finds the faulty event by bisection, and halts.

        The events before the faulty one are folded by then; the others are delivered again later.
        """
        try:
            await self._retry(lambda: self.folder.fold(deliveries))
        except DanchuError:
            raise
        except Exception as fault:  # a bug: it halts the fold with an alarm, but not the process
            if len(deliveries) == 1:
                await self._blame(deliveries[0], fault)
            middle = len(deliveries) // 2
            for half in (deliveries[:middle], deliveries[middle:]):
                await self._fold_or_halt(half)

    async def _blame(self, delivery: Delivery, fault: Exception) -> None:
        """Halts because of one event, or because of none if an empty batch fails too."""
        try:
            await self._retry(lambda: self.folder.fold([]))
        except DanchuError:
            raise
        except Exception as general:  # not the event's fault
            await self._halt(None, general)
        await self._halt(delivery, fault)

    async def _halt(self, delivery: Delivery | None, fault: Exception) -> None:
        """Saves the halt, and raises FoldHalted."""
        log.error("the fold failed", exc_info=fault)
        await self._retry(lambda: self.folder.halt(delivery, fault))

    async def check_stream(self) -> None:
        """Halts, and raises FoldHalted, if the stream is not the one that was folded so far."""
        async with self.db.read() as conn:
            place = await position.load(conn)
        if place.halted is not None:
            raise FoldHalted(place.halted, place.faulty)
        # read after the position: another process may advance that, and the stream only grows
        state, reason = await compare_stream(self.broker, place, self.folder.clock, self.beat.turn)
        if reason is not None:
            await self.folder.move(lambda now: _halted(now, place, reason))
            raise FoldHalted(reason)
        if state is None:
            raise BrokerAway(message("stream-unprovisioned"))
        if place.stream_created is None:
            created = state.created
            await self.folder.move(lambda place: place._replace(stream_created=created))

    async def _retry(self, call: Callable[[], Awaitable[object]]) -> None:
        """Repeats the call until the database is available; deliveries stay in memory meanwhile."""
        while True:
            try:
                with self.beat.resting(FOLD_SECONDS):
                    await call()
            except DatabaseAway as away:
                log.warning("the fold waits", extra={"error": str(away)})
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return

    async def stop(self) -> None:
        """Stops reading; messages without acknowledgement are delivered again."""
        with contextlib.suppress(BrokerAway):
            await self._reader.stop()
