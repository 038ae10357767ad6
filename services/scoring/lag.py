"""How far the fold is behind the stream, and why it stands still where it does."""

from dataclasses import dataclass, field

from nats.errors import Error as NatsError
from nats.js.api import ConsumerInfo, StreamInfo
from nats.js.errors import NotFoundError

from services.chassis.broker import Broker
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import BrokerAway
from services.chassis.language import members
from services.scoring import queries, store
from services.scoring.subscribers import CONSUMER, STREAM, regression, state_of, stream_info
from services.scoring.unowned import Unowned


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
        read again.
        """
        async with self.db.read() as conn:
            place = await store.position(conn)
        # asked behind the position, as the fold does: the stream of that position only grows
        info = await stream_info(self.broker)
        halted = place.halted or regression(place, None if info is None else state_of(info))
        lost = halted is not None and place.faulty is None
        events, seconds = await (self._held(info) if lost else self._behind())
        async with self.db.read() as conn:
            counted = await queries.counts(conn)
        counted["unowned"] = await self.unowned.count()
        told = {"halted": None} if halted is None else members("halted", halted)
        return {"events": events, "seconds": round(seconds, 3), **counted, **told}

    async def _behind(self) -> tuple[int, float]:
        try:
            info = await consumer(self.broker)
        except NotFoundError:
            return 0, 0.0
        except (NatsError, TimeoutError) as away:
            raise BrokerAway(away) from away
        behind = (info.num_pending or 0) + (info.num_ack_pending or 0)
        if not behind or info.ack_floor is None:
            return behind, 0.0
        return behind, await self._age(info.ack_floor.stream_seq + 1)

    async def _held(self, info: StreamInfo | None) -> tuple[int, float]:
        if info is None or not info.state.messages:
            return 0, 0.0
        return info.state.messages, await self._age(info.state.first_seq)

    async def _age(self, sequence: int) -> float:
        """For how many seconds a message is in the stream."""
        try:
            oldest = await self.broker.manager().get_msg(STREAM, sequence, direct=True)
        except NotFoundError:
            return 0.0
        except (NatsError, TimeoutError) as away:
            raise BrokerAway(away) from away
        came = oldest.time.timestamp() if oldest.time is not None else self.clock() / 1e6
        return max(0.0, self.clock() / 1e6 - came)


async def consumer(broker: Broker) -> ConsumerInfo:
    """The state of the fold's consumer."""
    await broker.ensure()
    found: ConsumerInfo = await broker.manager().consumer_info(STREAM, CONSUMER)
    return found


async def ack_floor(broker: Broker) -> int:
    """The sequence up to which the fold has acknowledged everything; BrokerAway without NATS."""
    try:
        info = await consumer(broker)
    except (NatsError, TimeoutError) as away:
        raise BrokerAway(away) from away
    return info.ack_floor.stream_seq if info.ack_floor is not None else 0
