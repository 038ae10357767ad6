"""Checks that the stream is the one folded so far, and keeps the consumer at the fold's position.

A consumer that was deleted is created again. One that is ahead of the fold, as after a restore of
the database, is reset to the floor of the position, up to which everything is folded; events that
are delivered again are recognised by their identities. One with other settings cannot be reset:
`danchu provision` replaces it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from nats.js.api import ConsumerInfo, StreamInfo
from nats.js.errors import NotFoundError

from contracts import moments
from services.chassis.broker.connection import Broker
from services.chassis.broker.consumers import ConsumerPlan
from services.chassis.broker.durability import check_stream
from services.chassis.broker.errors import translate_client_errors
from services.chassis.broker.streams import LOOK_SECONDS, StreamState, looks_of, state_of
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.scoring.errors import FoldHalted
from services.scoring.messages import message
from services.scoring.store import position
from services.scoring.store.position import Position

log = logging.getLogger(__name__)
STREAM, CONSUMER, RATINGS = "EVENTS", "scoring", "RATINGS"
HEARD_SECONDS = 3.0
ANSWER_SECONDS = 3.0
"""A fold that is cut off from NATS notices it in time for another one to go on."""
PLAN = ConsumerPlan(STREAM, CONSUMER)


class ConsumerProgress(NamedTuple):
    """The consumer compared with a position: whether it was reset, and the position's new floor.

    `floor` is None unless no message waits for the consumer and the floor has moved on.
    """

    place: Position
    restarted: bool = False
    floor: int | None = None

    def move(self, now: Position) -> Position:
        """The position with the new floor, unless the position belongs to another stream by now."""
        if self.floor is None or now.stream_created != self.place.stream_created:
            return now
        return now._replace(stream_floor=max(now.stream_floor, self.floor))


async def stream_info(broker: Broker) -> StreamInfo | None:
    """The server's information about EVENTS, or None; raises BrokerAway without a server."""
    await broker.ensure()
    with translate_client_errors():
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await broker.manager().stream_info(STREAM)
        except NotFoundError:
            return None


async def stream_state(broker: Broker) -> StreamState | None:
    """The state of EVENTS, or None; raises an error if its settings are too weak."""
    info = await stream_info(broker)
    if info is None:
        return None
    check_stream(info.config, broker.access.replicas)
    return state_of(info)


def regression(place: Position, state: StreamState | None, now: int) -> str | None:
    """Why the stream is not the one that was folded so far, with the command that repairs it.

    None if it is the same. The command names the present day, because any day is sufficient.
    """
    if place.stream_created is None:
        return None
    day = moments.local_time(now)[:10]
    if state is None:
        return message("stream-gone", since=day)
    if state.created != place.stream_created:
        return message("stream-anew", since=day)
    if state.last_seq < place.stream_seq:
        return message("stream-short", last=state.last_seq, folded=place.stream_seq, since=day)
    return None


class StreamLook(NamedTuple):
    """The stream as it was found, and why it is not the one that was folded so far, or None."""

    state: StreamState | None
    reason: str | None


async def compare_stream(
    broker: Broker, place: Position, clock: Clock, on_look: Callable[[], None] = lambda: None
) -> StreamLook:
    """Compares the stream with a position that was read before.

    A cluster is asked again: a new leader may not have applied all that it has stored.
    """
    looks = looks_of(broker)
    while True:
        on_look()
        state = await stream_state(broker)
        reason = regression(place, state, clock())
        if reason is None or not looks:
            return StreamLook(state, reason)
        looks -= 1
        await asyncio.sleep(LOOK_SECONDS)


async def consumer(broker: Broker) -> ConsumerInfo | None:
    """The state of the fold's consumer, or None; raises BrokerAway without a server."""
    await broker.ensure()
    with translate_client_errors():
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                info: ConsumerInfo = await broker.manager().consumer_info(STREAM, CONSUMER)
        except NotFoundError:
            return None
    return info


def misfit(info: ConsumerInfo | None) -> str | None:
    """Why the fold cannot use its consumer, with the command that repairs it; None if it can."""
    fits = info is None or PLAN.fits(info.config)
    return None if fits else message("consumer-misfit", consumer=CONSUMER, stream=STREAM)


def floor_of(info: ConsumerInfo) -> int:
    """The sequence up to which every message is acknowledged."""
    return info.ack_floor.stream_seq if info.ack_floor is not None else 0


async def ack_floor(broker: Broker) -> int:
    """The sequence up to which the fold has acknowledged every message.

    Raises BrokerAway if there is no consumer.
    """
    info = await consumer(broker)
    if info is None:
        raise BrokerAway(message("consumer-gone"))
    return floor_of(info)


async def follow(broker: Broker, db: Database) -> ConsumerProgress:
    """Creates the consumer if it is missing, and resets it if it is ahead of the position.

    Raises FoldHalted if the consumer has other settings.
    """
    info = await consumer(broker)
    reason = misfit(info)
    if reason is not None:
        raise FoldHalted(reason)
    # read after the consumer: the fold commits before it acknowledges
    async with db.read() as conn:
        place = await position.load(conn)
    if info is None or floor_of(info) > place.stream_seq:
        await _start_at(broker, place.stream_floor + 1, info is None)
        return ConsumerProgress(place, restarted=True)
    waits = info.num_pending or info.num_ack_pending
    floor = floor_of(info)
    return ConsumerProgress(place, floor=None if waits or floor <= place.stream_floor else floor)


async def _start_at(broker: Broker, sequence: int, missing: bool) -> None:
    what = "was deleted" if missing else "moved on without the fold"
    log.warning("the consumer %s and is set back", what, extra={"sequence": sequence})
    manager = broker.manager()
    with translate_client_errors():
        if missing:
            await PLAN.create(manager)
        await manager.reset_consumer(STREAM, CONSUMER, sequence)


async def is_heard(broker: Broker) -> bool:
    """Whether the stream of the feed answers; True without a server, which others tell."""
    try:
        await broker.ensure()
    except BrokerAway:
        return True
    try:
        async with asyncio.timeout(HEARD_SECONDS):
            await broker.stream_info(RATINGS)
    except (BrokerAway, TimeoutError):
        return not broker.nc.is_connected
    return True
