"""A stream is read whole, also by way of a replica that has not caught up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from nats.aio.subscription import Subscription

from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.broker.streams import StreamMessage, StreamState
from services.commands.nats.provisioning import provision
from tests.conftest import NatsServer

pytestmark = pytest.mark.anyio
SUBJECT = "danchu.events.H44-1.model.nominated"
read_batch = streams._batch


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Broker]:
    """A server with the streams of danchu, taken for one of three."""
    admin = nats_server.broker("provision")
    await provision(admin)
    await admin.close()
    scoring = nats_server.broker("scoring")
    scoring.access = replace(scoring.access, replicas=3)
    yield scoring
    await scoring.close()


@pytest.mark.parametrize("looks", [3, 1])
async def test_what_a_replica_lacks_is_waited_for(
    broker: Broker, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """It gets the last message after two looks; one that never gets it is waited for no longer."""
    door = nats_server.broker("intake")
    await door.request(SUBJECT, b"first")
    empty = 0

    async def state(_: Broker, stream: str) -> StreamState:
        return StreamState(0, 2)

    async def batch(subscription: Subscription) -> list[StreamMessage]:
        nonlocal empty
        messages = await read_batch(subscription)
        empty += not messages
        if not messages and empty == 2:
            await door.request(SUBJECT, b"second")
        return messages

    monkeypatch.setattr(streams, "state", state)
    monkeypatch.setattr(streams, "_batch", batch)
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0)
    monkeypatch.setattr(streams, "CLUSTER_LOOKS", looks)
    bodies = [
        each.body async for messages in streams.messages(broker, "EVENTS") for each in messages
    ]
    await door.close()
    assert bodies == ([b"first", b"second"] if looks == 3 else [b"first"])
    assert empty == (3 if looks == 3 else 2)
