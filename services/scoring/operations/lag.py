"""How far the fold is behind the stream, and why it stands still where it does."""

import asyncio
from dataclasses import dataclass, field

from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import broker_errors
from services.chassis.broker.streams import state_of
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.chassis.http.language import members
from services.scoring.errors import FoldBehind, FoldHalted
from services.scoring.queries import events as event_queries
from services.scoring.readmodel.unowned import Unowned
from services.scoring.store import doors, position
from services.scoring.store.position import Position
from services.scoring.stream import STREAM, consumer, floor_of, misfit, regression, stream_info

WAIT_SECONDS, ANSWER_SECONDS = 30.0, 3.0


@dataclass
class Lag:
    """Asks the consumer of the fold for what is left, and the ledger for what is done."""

    db: Database
    broker: Broker
    clock: Clock
    unowned: Unowned = field(init=False)

    def __post_init__(self) -> None:
        self.unowned = Unowned(self.db)

    async def now(self) -> dict[str, int | float | str | None]:
        """`events` in the stream and not folded, the age of the oldest in `seconds`, `folded`
        events in the ledger, those `quarantined` that wait there, those `unowned` that belong to
        no unit, and why the fold is `halted`, None while it is not. BrokerAway without NATS.

        While it is halted over a lost stream its consumer counts for a stream that is no more: what
        waits then is all that the stream holds, for none of it is taken for folded until it was
        read again. A mark that does not hold is an alarm too; the fold goes on meanwhile.
        """
        async with self.db.read() as conn:
            place = await position.load(conn)
        # asked behind the position, as the fold does: the stream of that position only grows
        info = await stream_info(self.broker)
        state = None if info is None else state_of(info)
        halted = place.halted or regression(place, state, self.clock())
        lost = halted is not None and place.faulty is None
        halted = halted or misfit(await consumer(self.broker))
        events, seconds = await (self._held(info) if lost else self._behind(place, info))
        async with self.db.read() as conn:
            counted = await event_queries.counts(conn)
            halted = halted or doors.alarm(await doors.load(conn), self.clock())
        counted["unowned"] = await self.unowned.count()
        told = {"halted": None} if halted is None else members("halted", halted)
        return {"events": events, "seconds": round(seconds, 3), **counted, **told}

    async def in_time(self) -> str:
        """For health: FoldBehind where an event waits for the fold so long that ratings lack it.

        FoldHalted where its consumer does not fit; BrokerAway where NATS is connected and does not
        answer. Without NATS it is not known.
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
                why = misfit(await consumer(self.broker))
                events, seconds = await self._behind(place, await stream_info(self.broker))
        except TimeoutError as silent:
            raise BrokerAway(silent) from silent
        if why is not None:
            raise FoldHalted(why)
        if events and seconds >= WAIT_SECONDS:
            raise FoldBehind(events, int(seconds))
        return f"{events} behind"

    async def _behind(self, place: Position, stream: StreamInfo | None) -> tuple[int, float]:
        """What the consumer has left; where it is not at the position, what lies behind that."""
        info = await consumer(self.broker)
        end = 0 if stream is None else stream.state.last_seq
        if info is None or floor_of(info) > place.stream_seq:
            behind, floor = max(0, end - place.stream_seq), place.stream_seq
        else:
            behind = (info.num_pending or 0) + (info.num_ack_pending or 0)
            floor = floor_of(info)
        return (behind, await self._age(floor + 1)) if behind else (0, 0.0)

    async def _held(self, info: StreamInfo | None) -> tuple[int, float]:
        if info is None or not info.state.messages:
            return 0, 0.0
        return info.state.messages, await self._age(info.state.first_seq)

    async def _age(self, sequence: int) -> float:
        """For how many seconds a message is in the stream."""
        with broker_errors():
            try:
                oldest = await self.broker.manager().get_msg(STREAM, sequence, direct=True)
            except NotFoundError:
                return 0.0
        came = oldest.time.timestamp() if oldest.time is not None else self.clock() / 1e6
        return max(0.0, self.clock() / 1e6 - came)
