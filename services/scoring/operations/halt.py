"""The operator's commands that lift a halt of the fold, or set aside the event that causes it."""

from contracts import envelope
from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from services.scoring.errors import NotHaltedBy
from services.scoring.messages import message
from services.scoring.operations.session import open_database
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import position, quarantine
from services.scoring.stream import stream_state


async def lift_halt(settings: ScoringSettings) -> None:
    """Accepts the present stream as the one to fold, and lifts the halt."""
    broker = Broker(settings.nats(SERVICE), "danchu scoring lift")
    try:
        state = await stream_state(broker)
    finally:
        await broker.close()
    if state is None:
        raise BrokerAway(message("stream-unprovisioned"))
    async with open_database(settings) as db, db.write() as conn:
        place = await position.lock(conn)
        same = place.stream_created == state.created
        place = place._replace(
            halted=None, faulty=None, stream_created=state.created,
            stream_seq=min(place.stream_seq, state.last_seq),
            # of another stream nothing is folded for certain
            stream_floor=min(place.stream_floor, state.last_seq) if same else 0,
        )  # fmt: skip
        await position.save(conn, place)


async def set_aside(settings: ScoringSettings, source: str, id_: str, reason: str) -> None:
    """Sets aside the event that halts the fold, and lifts the halt.

    Raises NotHaltedBy if another event halts the fold, or none does. When the fold reads the event
    again, it puts it into quarantine with the reason.
    """
    identity = envelope.identity(source, id_)
    async with open_database(settings) as db, db.write() as conn:
        place = await position.lock(conn)
        if place.faulty != identity or not await quarantine.set_aside(conn, identity, reason):
            raise NotHaltedBy(source, id_)
        await position.save(conn, place._replace(halted=None, faulty=None))
