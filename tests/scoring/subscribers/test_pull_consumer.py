"""The reader of a durable consumer: nothing is lost, what is not acknowledged comes again."""

import pytest
from nats.aio.msg import Msg

from services.chassis.errors import BrokerAway
from services.scoring.subscribers import pull_consumer
from services.scoring.subscribers.pull_consumer import Reader, sequence
from tests.conftest import NatsServer, eventually

pytestmark = pytest.mark.anyio


async def publish(server: NatsServer, numbers: range) -> None:
    """Puts messages into EVENTS."""
    broker = server.broker("intake")
    for number in numbers:
        await broker.request("danchu.events.U.training.completed", b"%d" % number)
    await broker.close()


async def some(reader: Reader) -> list[Msg]:
    """The next batch; none while the broker is away."""
    try:
        return await reader.batch(1)
    except BrokerAway:
        return []


async def take_all(reader: Reader, count: int) -> list[bytes]:
    """The bodies of the next messages, each batch acknowledged."""
    messages: list[bytes] = []
    while len(messages) < count:
        batch = await eventually(lambda: some(reader))
        await reader.ack(batch)
        messages += [message.data for message in batch]
    return messages


async def test_batches_are_bounded_and_in_order(provisioned: NatsServer) -> None:
    """A backlog comes in batches of at most the limit."""
    await publish(provisioned, range(25))
    reader = Reader(provisioned.broker("scoring"), "EVENTS", "scoring", limit=10)
    await reader.start()
    batch = await reader.batch(10)
    assert len(batch) <= 10
    assert [sequence(message) for message in batch] == list(range(1, len(batch) + 1))
    await reader.ack(batch)
    rest = await take_all(reader, 25 - len(batch))
    assert rest == [b"%d" % number for number in range(len(batch), 25)]
    await reader.stop()
    await reader.broker.close()


async def test_what_a_killed_reader_took_comes_again_at_once(provisioned: NatsServer) -> None:
    """A new reader does not wait for the acknowledgement time of the old one."""
    await publish(provisioned, range(5))
    killed = Reader(provisioned.broker("scoring"), "EVENTS", "scoring", limit=10)
    await killed.start()
    first = await killed.batch(10)
    await killed.ack(first[:2])
    await killed.broker.nc.close()
    reader = Reader(provisioned.broker("scoring"), "EVENTS", "scoring", limit=10)
    await reader.start()
    assert await take_all(reader, 3) == [b"2", b"3", b"4"]
    await reader.stop()
    await reader.broker.close()


async def test_an_idle_stream_gives_an_empty_batch(provisioned: NatsServer) -> None:
    """Waiting ends without an error, and what comes later is heard."""
    reader = Reader(provisioned.broker("scoring"), "EVENTS", "scoring", limit=10)
    await reader.start()
    assert await reader.batch(0.01) == []
    await publish(provisioned, range(1))
    assert await take_all(reader, 1) == [b"0"]
    await reader.stop()
    await reader.broker.close()


async def test_reading_goes_on_after_the_server_was_killed(provisioned: NatsServer) -> None:
    """Open requests die with the server and are made anew."""
    reader = Reader(provisioned.broker("scoring"), "EVENTS", "scoring", limit=10)
    await reader.start()
    assert await reader.batch(0.01) == []
    provisioned.stop()
    provisioned.start()
    await publish(provisioned, range(2))
    assert await take_all(reader, 2) == [b"0", b"1"]
    await reader.stop()
    await reader.broker.close()


async def test_requests_that_are_lost_without_a_word_are_sent_again(
    provisioned: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the server that led the consumer: neither messages nor heartbeats arrive."""
    monkeypatch.setattr(pull_consumer, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(pull_consumer, "HEARTBEAT_SECONDS", 10)
    reader = Reader(provisioned.broker("scoring"), "EVENTS", "scoring", limit=10)
    await reader.start()
    inbox, reader._inbox = reader._inbox, f"{reader._inbox}.nowhere"
    assert await reader.batch(0.1) == []
    reader._inbox = inbox
    monkeypatch.setattr(pull_consumer, "SILENT_SECONDS", 60)
    await publish(provisioned, range(3))
    assert await take_all(reader, 3) == [b"0", b"1", b"2"]
    await reader.stop()
    await reader.broker.close()
