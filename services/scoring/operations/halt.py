"""A fold that stands still: its halt is lifted, or its event set aside."""

from contracts import envelope
from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from services.scoring.errors import (
    NotStandingOver,
)
from services.scoring.messages import message
from services.scoring.operations.session import opened
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import position, quarantine
from services.scoring.stream import stream_state


async def lift_halt(settings: ScoringSettings) -> None:
    """Takes the stream as it is now for the one to fold, and lifts a halt."""
    broker = Broker(settings.nats(SERVICE), "danchu scoring lift")
    try:
        state = await stream_state(broker)
    finally:
        await broker.close()
    if state is None:
        raise BrokerAway(message("stream-unprovisioned"))
    async with opened(settings) as db, db.write() as conn:
        place = await position.lock(conn)
        same = place.stream_created == state.created
        healed = place._replace(
            halted=None, faulty=None, stream_created=state.created,
            stream_seq=min(place.stream_seq, state.last_seq),
            stream_floor=min(place.stream_floor, state.last_seq) if same else 0,
        )  # fmt: skip
        await position.save(conn, healed)


async def set_aside(settings: ScoringSettings, source: str, id_: str, reason: str) -> None:
    """Takes the event over which the fold stands still out of it, and lifts the halt.

    NotStandingOver where it stands still over another one, or not at all. Once the fold has read
    the event again it is in quarantine, with the reason.
    """
    named = envelope.identity(source, id_)
    async with opened(settings) as db, db.write() as conn:
        place = await position.lock(conn)
        if place.faulty != named or not await quarantine.set_aside(conn, named, reason):
            raise NotStandingOver(source, id_)
        await position.save(conn, place._replace(halted=None, faulty=None))
