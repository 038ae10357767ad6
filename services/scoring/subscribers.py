"""The stream as the fold takes it: read a batch, fold it, and only then acknowledge it.

Read with nats-py itself, because delivery has to be exact; `services.chassis.reader` says how.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from services.chassis.broker import Broker, check_stream
from services.chassis.database import Database
from services.chassis.errors import BrokerAway, DanchuError, DatabaseAway
from services.chassis.reader import Reader, sequence
from services.chassis.telemetry import joined, meter, tracer
from services.scoring import store
from services.scoring.batch import Message
from services.scoring.errors import FoldHalted
from services.scoring.handlers import Folder
from services.scoring.store import Position

log = logging.getLogger(__name__)
_tracer = tracer("danchu.scoring")
_standing_still = meter("danchu.scoring").create_gauge("danchu.scoring.halted", "1", "1: halted")

STREAM, CONSUMER = "EVENTS", "scoring"
WAIT_SECONDS = 1.0
PAUSE_SECONDS = 1.0
GC_OBJECTS = 50_000
"""A batch makes hundreds of thousands of objects and no cycle among them: with the standard 700
new objects between two looks for cycles, a fifth of the fold's time went into those looks."""


@dataclass(frozen=True)
class StreamState:
    """What of a stream shows that it is the one that was folded; `created` in microseconds."""

    created: int
    last_seq: int


async def stream_info(broker: Broker) -> StreamInfo | None:
    """EVENTS as the server has it, None where there is none; BrokerAway without a server."""
    await broker.ensure()
    try:
        return await broker.manager().stream_info(STREAM)
    except NotFoundError:
        return None
    except (NatsError, TimeoutError) as away:
        raise BrokerAway(away) from away


async def stream_state(broker: Broker) -> StreamState | None:
    """The state of EVENTS, which is refused where it is too weak; None where there is none."""
    info = await stream_info(broker)
    if info is None:
        return None
    check_stream(info.config)
    return state_of(info)


def state_of(info: StreamInfo) -> StreamState:
    """What of a stream the fold looks at."""
    created = info.created.timestamp() if info.created is not None else 0
    return StreamState(int(created * 1_000_000), info.state.last_seq)


def regression(place: Position, state: StreamState | None) -> str | None:
    """Why the stream is not the one that was folded so far; None where it is."""
    if place.stream_created is None:
        return None
    if state is None:
        return "the stream EVENTS is gone"
    if state.created != place.stream_created:
        return "the stream EVENTS was made anew since it was folded"
    if state.last_seq < place.stream_seq:
        return (
            f"the stream EVENTS ends at {state.last_seq}, before {place.stream_seq}, which was "
            "folded: it lost messages and would use their numbers again"
        )
    return None


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
        _standing_still.set(int(why is not None))

    async def _fold(self) -> None:
        """Folds one batch after having looked at the stream where that is due."""
        if self._lost:
            await self.look()
            await self._reader.stop()
            await self._reader.start()
            self._lost = False
        messages = await self._reader.batch(WAIT_SECONDS)
        if not messages:
            await self.look()
            return
        taken = [Message(m.data, m.subject, sequence(m)) for m in messages]
        with joined(_tracer, "take", (m.headers for m in messages)):
            await self._take(taken)
        await self._reader.ack(messages)

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
            place = await store.position(conn)
        if place.halted is not None:
            raise FoldHalted(place.halted, place.faulty)
        # asked behind the position: another folder moves that on, and the stream only grows
        state = await stream_state(self.broker)
        why = regression(place, state)
        if why is not None:
            await self.folder.move(lambda now: _halted(now, place, why))
            raise FoldHalted(why)
        if state is None:
            raise BrokerAway("the stream EVENTS is not provisioned yet")
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
        with contextlib.suppress(NatsError, TimeoutError, BrokerAway):
            await self._reader.stop()
