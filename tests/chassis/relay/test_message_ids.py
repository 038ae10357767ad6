"""A message id that somebody else took first makes no event vanish."""

from __future__ import annotations

import pytest

from services.chassis.relay.loop import Relay
from tests.chassis.relay.test_relay import Road, outgoing, road
from tests.conftest import NatsServer

__all__ = ["road"]
pytestmark = pytest.mark.anyio


async def take(server: NatsServer, *numbers: int) -> None:
    """Somebody with the password of another service publishes under the ids of these messages."""
    broker = server.broker("training")
    for number in numbers:
        headers = {"Nats-Msg-Id": number.to_bytes(16).hex()}
        await broker.request("danchu.events.U-1.training.completed", b"taken", headers)
    await broker.close()


@pytest.mark.parametrize("may_read", [True, False])
@pytest.mark.parametrize("numbers", [(2,), (1, 2, 3)])
async def test_a_taken_id_is_noticed_and_the_event_published(
    road: Road, may_read: bool, numbers: tuple[int, ...]
) -> None:
    """The message that stands under the id is another one, so the row goes under a fresh id."""
    await take(road.server, *numbers)
    await road.put(1, 2, 3)
    relay = Relay(road.db, road.server.broker("intake"), lambda: 5_000_000, spot_checks=may_read)
    assert await relay.once() == 3
    assert await road.waiting() == 0
    bodies = [b"taken"] * len(numbers)
    assert sorted(await road.stream()) == [b"1", b"2", b"3", *bodies]
    assert await relay.once() == 0
    relay._forget_stream()
    assert await relay.once() == 0, "what was sent under a fresh id is not taken for lost"
    await relay.broker.close()


async def test_an_id_that_was_taken_with_the_same_body_elsewhere_is_noticed(road: Road) -> None:
    """The subject decides what a message may say, so it is compared too."""
    await road.put(1)
    broker = road.server.broker("training")
    headers = {"Nats-Msg-Id": (1).to_bytes(16).hex()}
    await broker.request("danchu.events.U-1.roster.assigned", b"1", headers)
    await broker.close()
    relay = road.relay()
    assert await relay.once() == 1
    assert await road.stream() == [b"1", b"1"]
    assert outgoing(1).subject.endswith("training.completed")
    await relay.broker.close()
