"""How far the fold is behind the stream."""

from dataclasses import dataclass

from nats.errors import Error as NatsError
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from services.chassis.broker import Broker
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import BrokerAway
from services.scoring import queries
from services.scoring.subscribers import CONSUMER, STREAM


@dataclass
class Lag:
    """Asks the consumer of the fold for what is left, and the ledger for what is done."""

    db: Database
    broker: Broker
    clock: Clock

    async def now(self) -> dict[str, int | float]:
        """`events` in the stream and not folded, the age of the oldest in `seconds`, `folded`
        events in the ledger, and those `quarantined` that wait there. BrokerAway without NATS.
        """
        events, seconds = await self._behind()
        async with self.db.read() as conn:
            counted = await queries.counts(conn)
        return {"events": events, "seconds": round(seconds, 3), **counted}

    async def _behind(self) -> tuple[int, float]:
        try:
            info = await consumer(self.broker)
            behind = (info.num_pending or 0) + (info.num_ack_pending or 0)
            if not behind or info.ack_floor is None:
                return behind, 0.0
            next_seq = info.ack_floor.stream_seq + 1
            oldest = await self.broker.manager().get_msg(STREAM, next_seq, direct=True)
        except NotFoundError:
            return 0, 0.0
        except (NatsError, TimeoutError) as away:
            raise BrokerAway(away) from away
        came = oldest.time.timestamp() if oldest.time is not None else self.clock() / 1e6
        return behind, max(0.0, self.clock() / 1e6 - came)


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
