"""The identity of a stream (its creation, its last sequence), and reads of its messages.

A stream that was lost and created again, or replaced by an older copy of its store, has the same
name and would assign the same sequences to other messages.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nats.aio.subscription import Subscription
from nats.js.api import StreamInfo

from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.errors import BrokerAway

ID_HEADER = "Nats-Msg-Id"
FRESH = "."
"""What separates a message id from what was added because another message had taken it."""
NO_MESSAGE = 10037
READ_AT_ONCE, READ_BYTES, READ_SECONDS = 1000, 4 * 2**20, 10.0
END_OF_BATCH, NOTHING_LEFT = "204", "404"
CLUSTER_LOOKS, LOOK_SECONDS = 30, 1.0
"""How often a cluster is asked again where it shows less than it had: a server that leads again
after a partition, or a replica that was cut off, has been seen to take more than five seconds on a
busy machine until it had caught up."""


@dataclass(frozen=True)
class StreamState:
    """What identifies a stream; `created` in microseconds."""

    created: int
    last_seq: int


def looks_of(broker: Broker) -> int:
    """How often to look again where the server shows less than it had: a single one is believed."""
    return CLUSTER_LOOKS if broker.access.replicas > 1 else 0


def state_of(info: StreamInfo) -> StreamState:
    """The identity in the server's description of a stream."""
    created = info.created.timestamp() if info.created is not None else 0
    return StreamState(int(created * 1_000_000), info.state.last_seq)


async def state(broker: Broker, stream: str) -> StreamState:
    """The identity of a stream; BrokerAway if it or the server is missing."""
    return state_of(await broker.stream_info(stream))


class Stored(NamedTuple):
    """A message of a stream."""

    subject: str
    body: bytes
    id: str | None


async def message_at(broker: Broker, stream: str, sequence: int) -> Stored | None:
    """The message at a sequence; None if there is none."""
    request = json.dumps({"seq": sequence}).encode()
    reply = await broker.request(f"$JS.API.STREAM.MSG.GET.{stream}", request)
    answer: dict[str, Any] = json.loads(reply.data)
    if "error" in answer:
        if answer["error"].get("err_code") == NO_MESSAGE:
            return None
        raise BrokerAway(str(answer["error"].get("description")))
    stored = answer["message"]
    body = base64.b64decode(stored.get("data", ""))
    return Stored(stored["subject"], body, _id(stored.get("hdrs")))


async def id_at(broker: Broker, stream: str, sequence: int) -> str | None:
    """The id that the outbox gave to the message at a sequence; None if there is none."""
    stored = await message_at(broker, stream, sequence)
    return None if stored is None or stored.id is None else stored.id.partition(FRESH)[0]


def _id(encoded: str | None) -> str | None:
    for line in base64.b64decode(encoded or "").decode(errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == ID_HEADER:
            return value.strip()
    return None


class StreamMessage(NamedTuple):
    """A message of a stream, at its sequence."""

    sequence: int
    body: bytes
    headers: Mapping[str, str]


async def messages(broker: Broker, stream: str) -> AsyncIterator[list[StreamMessage]]:
    """Every message of a stream, in batches, from its beginning to the last one of now or later."""
    nc, after, end = await broker.ensure(), 0, (await state(broker, stream)).last_seq
    looks = looks_of(broker)
    inbox = nc.new_inbox()
    with translate_client_errors():
        subscription = await nc.subscribe(inbox)
    try:
        while True:
            request = {"seq": after + 1, "batch": READ_AT_ONCE, "max_bytes": READ_BYTES}
            subject = f"$JS.API.DIRECT.GET.{stream}"
            with translate_client_errors():
                await nc.publish(subject, json.dumps(request).encode(), reply=inbox)
                batch = await _batch(subscription)
            if batch:
                yield batch
                after = batch[-1].sequence
            elif after >= end or not looks:
                return
            else:
                looks -= 1
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        if nc.is_connected:
            with contextlib.suppress(BrokerAway), translate_client_errors():
                await subscription.unsubscribe()


async def _batch(subscription: Subscription) -> list[StreamMessage]:
    batch: list[StreamMessage] = []
    async with asyncio.timeout(READ_SECONDS):
        while True:
            message = await subscription.next_msg(timeout=READ_SECONDS)
            headers = message.headers or {}
            status = headers.get("Status")
            if status in (END_OF_BATCH, NOTHING_LEFT):
                return batch
            if status is not None:
                raise BrokerAway(f"{status} {headers.get('Description', '')}")
            batch.append(StreamMessage(int(headers["Nats-Sequence"]), message.data, headers))
