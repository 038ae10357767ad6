"""How far the fold is behind the stream."""

from dataclasses import dataclass

from nats.errors import Error as NatsError
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
        await self.broker.ensure()
        manager = self.broker.manager()
        try:
            info = await manager.consumer_info(STREAM, CONSUMER)
            behind = (info.num_pending or 0) + (info.num_ack_pending or 0)
            if not behind or info.ack_floor is None:
                return behind, 0.0
            oldest = await manager.get_msg(STREAM, info.ack_floor.stream_seq + 1, direct=True)
        except NotFoundError:
            return 0, 0.0
        except (NatsError, TimeoutError) as away:
            raise BrokerAway(away) from away
        came = oldest.time.timestamp() if oldest.time is not None else self.clock() / 1e6
        return behind, max(0.0, self.clock() / 1e6 - came)
