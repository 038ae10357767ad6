"""The stream as the fold takes it: read a batch, fold it, and only then acknowledge it.

Read with nats-py itself, because delivery has to be exact; `pull_consumer` says how.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway, DanchuError, DatabaseAway
from services.chassis.marks import HEADER as DOOR
from services.chassis.telemetry.instruments import message_span, meter, tracer
from services.scoring.errors import FoldHalted
from services.scoring.handlers.batch import Message
from services.scoring.handlers.folder import Folder
from services.scoring.messages import message
from services.scoring.store import position
from services.scoring.store.position import Position
from services.scoring.stream import CONSUMER, STREAM, follow, regression, stream_state
from services.scoring.subscribers.mark_watch import MarkWatch
from services.scoring.subscribers.pull_consumer import Reader, sequence

log = logging.getLogger(__name__)
_tracer = tracer("danchu.scoring")
_standing_still = meter("danchu.scoring").create_gauge("danchu.scoring.halted", "1", "1: halted")

WAIT_SECONDS = 1.0
PAUSE_SECONDS = 1.0
GC_OBJECTS = 50_000
"""A batch makes hundreds of thousands of objects and no cycle among them: with the standard 700
new objects between two looks for cycles, a fifth of the fold's time went into those looks."""


def _halted(now: Position, judged: Position, why: str) -> Position:
    """The position with the halt, unless it was healed since it was judged."""
    healed = now.stream_created != judged.stream_created or now.stream_seq < judged.stream_seq
    return now if healed else now._replace(halted=why)


@dataclass
class FoldLoop:
    """Folds the stream for as long as it runs; `halted` says why it stands still."""

    db: Database
    broker: Broker
    folder: Folder
    batch: int
    halted: str | None = None
    watch: MarkWatch | None = None
    _reader: Reader = field(init=False)
    _lost: bool = True

    def __post_init__(self) -> None:
        self._reader = Reader(self.broker, STREAM, CONSUMER, self.batch)
        self.broker.on_reconnect.append(self._on_reconnect)

    def _on_reconnect(self) -> None:
        self._lost = True

    async def run(self) -> None:
        """Folds until cancelled. What is away is waited for; a halt lasts until it is lifted."""
        gc.set_threshold(GC_OBJECTS)
        await self._patiently(self._begin)
        prepared = False
        while True:
            try:
                if not prepared:
                    await self._prepare()
                    prepared = True
                await self._fold()
                self._stands(None)
            except FoldHalted as halted:
                self._stands(halted.why)
                self._lost = True
                await asyncio.sleep(PAUSE_SECONDS)
            except (BrokerAway, DatabaseAway) as away:
                log.warning("the fold waits", extra={"error": str(away)})
                await asyncio.sleep(PAUSE_SECONDS)

    async def _begin(self) -> None:
        """Lifts a halt over a fault: this version may have mended it, and is tried once."""
        await self.folder.move(
            lambda now: now if now.faulty is None else now._replace(halted=None, faulty=None)
        )

    async def _prepare(self) -> None:
        try:
            await self._patiently(self.folder.prepare)
        except DanchuError:
            raise
        except Exception as fault:  # a bug: it stops the fold with an alarm, not the process
            await self._halt(None, fault)

    def _stands(self, why: str | None) -> None:
        """Whether the fold stands still, for whoever watches its log or its metrics."""
        if why is not None and self.halted != why:
            log.error("the fold is halted", extra={"reason": why})
        self.halted = why
        alarm = self.watch.alarm if self.watch is not None else None
        _standing_still.set(int(why is not None or alarm is not None))

    async def _fold(self) -> None:
        """Folds one batch after having looked at the stream where that is due."""
        if self._lost:
            # cleared first: a connection that is lost meanwhile has to be looked at again
            self._lost = False
            try:
                await self.look()
                await self._follow()
                await self._reader.stop()
                await self._reader.start()
            except BaseException:
                self._lost = True
                raise
        messages = await self._reader.batch(WAIT_SECONDS)
        if not messages:
            await self.look()
            await self._follow()
            return
        taken = [
            Message(m.data, m.subject, sequence(m), (m.headers or {}).get(DOOR, ""))
            for m in messages
        ]
        with message_span(_tracer, "take", (m.headers for m in messages)):
            await self._take(taken)
        await self._reader.ack(messages)

    async def _follow(self) -> None:
        """Keeps the consumer at the position, and the position up to what it acknowledged."""
        progress = await follow(self.broker, self.db)
        self._lost |= progress.restarted
        if progress.floor is not None:
            await self.folder.move(progress.moved)

    async def _take(self, messages: Sequence[Message]) -> None:
        """Folds messages; where that fails it finds the event by halves, and halts over it.

        What stands before the event is folded then, the rest comes again.
        """
        try:
            await self._patiently(lambda: self.folder.fold(messages))
        except DanchuError:
            raise
        except Exception as fault:  # a bug: it stops the fold with an alarm, not the process
            if len(messages) == 1:
                await self._blame(messages[0], fault)
            middle = len(messages) // 2
            for half in (messages[:middle], messages[middle:]):
                await self._take(half)

    async def _blame(self, one: Message, fault: Exception) -> None:
        """Halts over one event, unless the fold fails without any event too."""
        try:
            await self._patiently(lambda: self.folder.fold([]))
        except DanchuError:
            raise
        except Exception as general:  # not the event's fault
            await self._halt(None, general)
        await self._halt(one, fault)

    async def _halt(self, one: Message | None, fault: Exception) -> None:
        """FoldHalted, once the halt is written down."""
        log.error("the fold failed", exc_info=fault)
        await self._patiently(lambda: self.folder.halt(one, fault))

    async def look(self) -> None:
        """FoldHalted, now and from now on, where the stream is not the one folded so far."""
        async with self.db.read() as conn:
            place = await position.load(conn)
        if place.halted is not None:
            raise FoldHalted(place.halted, place.faulty)
        # asked behind the position: another folder moves that on, and the stream only grows
        state = await stream_state(self.broker)
        why = regression(place, state, self.folder.clock())
        if why is not None:
            await self.folder.move(lambda now: _halted(now, place, why))
            raise FoldHalted(why)
        if state is None:
            raise BrokerAway(message("stream-unprovisioned"))
        if place.stream_created is None:
            created = state.created
            await self.folder.move(lambda place: place._replace(stream_created=created))

    async def _patiently(self, call: Callable[[], Awaitable[object]]) -> None:
        """Calls until the database is there; what was read from the stream is kept meanwhile."""
        while True:
            try:
                await call()
            except DatabaseAway as away:
                log.warning("the fold waits", extra={"error": str(away)})
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return

    async def stop(self) -> None:
        """Ends reading; what was not acknowledged comes again."""
        with contextlib.suppress(BrokerAway):
            await self._reader.stop()
