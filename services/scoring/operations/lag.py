"""The lag of the fold behind the stream, and the reason for a halt."""

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.broker.streams import LOOK_SECONDS, looks_of, state_of
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.chassis.http.language import members
from services.scoring.errors import FeedUnheard, FoldBehind, FoldHalted
from services.scoring.messages import message
from services.scoring.queries import events as event_queries
from services.scoring.readmodel.unowned import Unowned
from services.scoring.store import doors, position
from services.scoring.store.door_state import first_alarm
from services.scoring.store.position import Position
from services.scoring.stream import (
    STREAM,
    consumer,
    floor_of,
    is_heard,
    misfit,
    regression,
    stream_info,
)

WAIT_SECONDS, ANSWER_SECONDS = 30.0, 3.0


class Progress(NamedTuple):
    """How far the fold is behind: events, the age of the oldest in seconds, why it is halted."""

    events: int
    seconds: float
    halted: str | None


@dataclass
class FoldLag:
    """Computes the lag from the fold's consumer, the stream, and the database."""

    db: Database
    broker: Broker
    clock: Clock
    unowned: Unowned = field(init=False)
    _lost_since: int | None = None

    def __post_init__(self) -> None:
        self.unowned = Unowned(self.db)

    async def now(self) -> dict[str, int | float | str | None]:
        """The figures of `GET /scoring/lag`; raises BrokerAway without NATS.

        `events` is the number of events in the stream that are not folded yet, `seconds` the age of
        the oldest; `folded` events are in the ledger, `quarantined` ones wait in quarantine,
        `unowned` ones belong to no unit; `halted` is the reason for a halt, or None. A mark that
        does not hold is reported as `halted` too, although the fold continues. `feed` says that the
        stream RATINGS does not answer, `open` that others can write to EVENTS; neither is there
        otherwise.
        """
        events, seconds, halted = await self.progress()
        async with self.db.read() as conn:
            counts: dict[str, int] = await event_queries.counts(conn)
            halted = halted or first_alarm(await doors.load(conn), self.clock())
        counts["unowned"] = await self.unowned.count()
        reason = {"halted": None} if halted is None else members("halted", halted)
        if not await is_heard(self.broker):
            reason |= members("feed", message("feed-unheard"))
        if self.broker.openness.fault is not None:
            reason |= members("open", self.broker.openness.fault.message)
        return {"events": events, "seconds": round(seconds, 3), **counts, **reason}

    async def progress(self) -> Progress:
        """How far the fold is behind the stream; raises BrokerAway without NATS.

        If the fold is halted because the stream was lost, its consumer belongs to a stream that no
        longer exists: then every message of the present stream counts as not folded.
        """
        async with self.db.read() as conn:
            place = await position.load(conn)
        # read after the position, as the fold does: the stream of that position can only have grown
        info = await stream_info(self.broker)
        state = None if info is None else state_of(info)
        halted = place.halted or self._lasting(regression(place, state, self.clock()))
        lost = halted is not None and place.faulty is None
        halted = halted or misfit(await consumer(self.broker))
        opened = self.broker.openness.halts
        halted = halted or (None if opened is None else opened.message)
        events, seconds = await (self._whole_stream(info) if lost else self._behind(place, info))
        return Progress(events, seconds, halted)

    def _lasting(self, reason: str | None) -> str | None:
        """Why the stream was lost; of a cluster, once that has lasted as long as the fold waits."""
        if reason is None:
            self._lost_since = None
            return None
        now = self.clock()
        self._lost_since = now if self._lost_since is None else self._lost_since
        patience = looks_of(self.broker) * LOOK_SECONDS * 1e6
        return reason if now - self._lost_since >= patience else None

    async def feed(self) -> str:
        """The health check of a process that does not fold: FeedUnheard without the stream."""
        if not await is_heard(self.broker):
            raise FeedUnheard()
        return "runs elsewhere"

    async def in_time(self) -> str:
        """The health check of the lag: raises FoldBehind if an event has waited too long.

        Raises FoldHalted if the consumer does not fit, BrokerAway if NATS is connected but does not
        answer. Without a connection to NATS the lag is unknown, which is no failure.
        """
        try:
            await self.broker.ensure()
        except BrokerAway:
            return "unknown"
        async with self.db.read() as conn:
            place = await position.load(conn)
        if place.halted is not None:
            return "halted"
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reason = misfit(await consumer(self.broker))
                events, seconds = await self._behind(place, await stream_info(self.broker))
        except TimeoutError as error:
            raise BrokerAway(error) from error
        if reason is not None:
            raise FoldHalted(reason)
        if events and seconds >= WAIT_SECONDS:
            raise FoldBehind(events, int(seconds))
        return f"{events} behind"

    async def _behind(self, place: Position, stream: StreamInfo | None) -> tuple[int, float]:
        """The number of messages that the consumer has not acknowledged, and the oldest one's age.

        If the consumer is missing or ahead of the position, they count from the position.
        """
        info = await consumer(self.broker)
        end = 0 if stream is None else stream.state.last_seq
        if info is None or floor_of(info) > place.stream_seq:
            behind, floor = max(0, end - place.stream_seq), place.stream_seq
        else:
            behind = (info.num_pending or 0) + (info.num_ack_pending or 0)
            floor = floor_of(info)
        return (behind, await self._age(floor + 1)) if behind else (0, 0.0)

    async def _whole_stream(self, info: StreamInfo | None) -> tuple[int, float]:
        if info is None or not info.state.messages:
            return 0, 0.0
        return info.state.messages, await self._age(info.state.first_seq)

    async def _age(self, sequence: int) -> float:
        """The seconds since a message was added to the stream."""
        with translate_client_errors():
            try:
                oldest = await self.broker.manager().get_msg(STREAM, sequence, direct=True)
            except NotFoundError:
                return 0.0
        now = self.clock() / 1e6
        return max(0.0, now - oldest.time.timestamp()) if oldest.time is not None else 0.0
