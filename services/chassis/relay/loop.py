"""The relay: publishes an outbox to JetStream, each row at least once, in order of `seq`.

It publishes unsent rows in atomic batches and marks them as sent after the acknowledgement. While
one batch of a backlog is being published, the batch before it is marked and the next one read. A
kill between publishing and marking sends a row twice; its `Nats-Msg-Id` and the unique key of the
consumer make that harmless.

Before it publishes, and whenever the connection or the stream has changed, it reconciles door,
outbox and stream (`reconciliation`). Every second it publishes a mark. Another stream that does not
answer holds up nothing but its own rows: they are left out, and tried again some seconds later.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.aio.msg import Msg

from services.chassis import door as recording
from services.chassis import marks
from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.broker.streams import StreamState
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway, DanchuError, DatabaseAway
from services.chassis.heartbeat import DEFAULT_SECONDS, Beat
from services.chassis.marks import Mark
from services.chassis.relay import reconciliation
from services.chassis.relay.publisher import Publisher
from services.chassis.relay.reconciliation import EVENTS, Demand
from services.chassis.relay.turn import Row, Sent, Turn, turn_of

log = logging.getLogger(__name__)

TURN_BATCHES = 8
IDLE_SECONDS = 0.5
MARK_SECONDS = 1.0
SILENT_SECONDS = 5.0
DEMANDS_MAX = 100
FINISH_SECONDS = 5.0
TURN_SECONDS = 600.0
"""A longer turn is a hang: each of its statements and requests has a limit of its own."""
PAUSE_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass
class Relay:
    """Publishes the outbox of one database; one relay at a time per database.

    `spot_checks`: whether it may read messages of EVENTS, to compare them with sent rows.
    """

    db: Database
    broker: Broker
    clock: Clock = now_us
    spot_checks: bool = False
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0
    _stream: StreamState | None = None
    _mark: Mark | None = None
    _mark_due: float = 0.0
    _silent_until: float = 0.0
    _demands: dict[str, Demand] = field(default_factory=dict)
    _listening: Client | None = None
    beat: Beat = field(default_factory=lambda: Beat("relay", DEFAULT_SECONDS))
    _finishing: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._publisher = Publisher(self.broker, self.spot_checks)
        self.broker.on_reconnect.append(self._forget_stream)
        self._idle.set()

    def _forget_stream(self) -> None:
        """Has the relay reconcile again before it publishes."""
        self._stream = None

    def nudge(self) -> None:
        """Wakes the relay after a commit."""
        self._nudged.set()

    async def run(self) -> None:
        """Runs until cancelled or finished; pauses grow while broker or database are away."""
        self._finishing.clear()
        self._forget_stream()
        self._idle.clear()
        try:
            await self._run()
        finally:
            self.beat.end()
            self._idle.set()

    async def finish(self) -> None:
        """Has the task end once everything is sent, or the broker or the database is away.

        Returns after some seconds at the latest; what is not sent then stays in the outbox.
        """
        self._finishing.set()
        self.nudge()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._idle.wait()

    async def _run(self) -> None:
        while True:
            self.beat.turn()
            self._nudged.clear()
            try:
                await self._listen()
                # after a loss of the stream the outbox is compared with it for as long as it takes
                with self.beat.resting(TURN_SECONDS if self._stream is not None else None):
                    sent_count = await self.once(TURN_BATCHES)
                await self._announce_in_time()
                self._failures = 0
            except (BrokerAway, DatabaseAway) as away:
                if self._finishing.is_set():
                    return
                if isinstance(away, BrokerAway):
                    await self.broker.change_server()
                await self._pause(away)
                continue
            if not sent_count:
                if self._finishing.is_set():
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._nudged.wait()

    async def _pause(self, away: DanchuError) -> None:
        pause = PAUSE_SECONDS[min(self._failures, len(PAUSE_SECONDS) - 1)]
        self._failures += 1
        log.warning("the relay waits", extra={"error": str(away), "seconds": pause})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._finishing.wait()

    async def once(self, batches: int = 1) -> int:
        """Publishes and marks some batches; the number of rows, 0 while another relay runs.

        Rows that were acknowledged before the broker went away are marked too.
        """
        await self.broker.ensure()
        async with turn_of(self.db) as turn:
            if turn is None:
                return 0
            stream = await self._reconcile()
            sent_count, away = await self._relay(turn, batches, stream)
        if away is not None:
            raise away
        return sent_count

    async def _reconcile(self) -> StreamState:
        """The stream to publish to, after reconciliation with it and all demands of the fold."""
        if self._stream is None:
            stream = await reconciliation.reconcile(
                self.db, self.broker, self.clock(), self.spot_checks
            )
            self._stream = stream
        while self._demands:
            _, demand = self._demands.popitem()
            await reconciliation.fulfil(self.db, self.broker, demand, self.clock())
        return self._stream

    async def _relay(
        self, turn: Turn, batches: int, stream: StreamState
    ) -> tuple[int, BrokerAway | None]:
        silent = self._silent()
        rows, more = await turn.unsent(0, silent)
        sent_count, sent, left = 0, list[Sent](), batches
        while rows:
            left -= 1
            following = rows[-1].seq if more and left else None
            sending = asyncio.ensure_future(self.publish(rows))
            try:
                await self._save(turn, sent, stream)
                rows, more = (
                    ([], False) if following is None else await turn.unsent(following, silent)
                )
            except BaseException:
                sending.cancel()
                await asyncio.wait([sending])
                raise
            try:
                sent = await sending
            except BrokerAway as away:
                return sent_count, away
            sent_count += len(sent)
        await self._save(turn, sent, stream)
        return sent_count, None

    def _silent(self) -> frozenset[str]:
        """The streams that did not answer a moment ago; later they are tried again."""
        now = asyncio.get_running_loop().time()
        if now >= self._silent_until:
            self._silent_until = now + SILENT_SECONDS
            self._publisher.silent.clear()
        return frozenset(self._publisher.silent)

    async def _save(self, turn: Turn, sent: Sequence[Sent], stream: StreamState) -> None:
        if sent:
            await turn.mark(sent, self.clock(), stream.created)

    async def publish(self, rows: Sequence[Row]) -> list[Sent]:
        """Publishes rows in order; returns the sequence of each in the stream."""
        return await self._publisher.publish(rows)

    async def _announce_in_time(self) -> None:
        """Publishes a mark when it is due; a failure does not stop the events."""
        if asyncio.get_running_loop().time() < self._mark_due:
            return
        self._mark_due = asyncio.get_running_loop().time() + MARK_SECONDS
        try:
            await self.announce()
        except BrokerAway as away:
            log.warning("the mark was not announced", extra={"error": str(away)})

    async def announce(self) -> None:
        """Publishes the next mark, unless door or stream changed since the reconciliation."""
        last, stream = self._mark, self._stream
        if stream is None:
            return
        state = await streams.state(self.broker, EVENTS)
        async with self.db.read() as conn:
            door = await recording.load(conn)
        restored = last is not None and last.door == door.name and door.mark_until < last.until
        if restored or state.created != stream.created or state.last_seq < stream.last_seq:
            self._forget_stream()
            return
        async with self.db.write() as conn:
            self._mark = await recording.advance(conn, self.clock())
        self._stream = StreamState(stream.created, state.last_seq)
        await marks.announce(self.broker, self._mark)

    async def _listen(self) -> None:
        """Subscribes to the demands on this door and on its former names."""
        nc = await self.broker.ensure()
        if self._listening is nc:
            return
        async with self.db.read() as conn:
            service = (await recording.load(conn)).name.partition(".")[0]
        with translate_client_errors():
            await nc.subscribe(f"{marks.REQUEST_SUBJECT}.{service}.*", cb=self._on_demand)
        self._listening = nc

    async def _on_demand(self, message: Msg) -> None:
        demand = reconciliation.decode_demand(message.data)
        if demand is not None and len(self._demands) < DEMANDS_MAX:
            self._demands[demand.door] = demand
            self.nudge()
