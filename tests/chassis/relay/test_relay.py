"""The relay: at least once, in order, by one at a time, whatever is killed in between."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from services.chassis import outbox
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.chassis.outbox import Outgoing
from services.chassis.relay import loop, turn
from services.chassis.relay.loop import Relay
from services.chassis.relay.turn import Row, Sent
from services.commands.nats.provisioning import provision
from tests.conftest import NatsServer, eventually

pytestmark = pytest.mark.anyio
DECISION = "danchu.events.CITY.year.provisional"


def outgoing(number: int, unit: str = "U-1") -> Outgoing:
    """A message whose content is its number."""
    subject = f"danchu.events.{unit}.training.completed"
    return Outgoing(number.to_bytes(16), subject, b"%d" % number, 1_000_000 + number)


@dataclass
class Road:
    """An outbox and its way to the stream."""

    db: Database
    server: NatsServer

    async def put(self, *numbers: int) -> None:
        """Commits messages to the outbox."""
        async with self.db.write() as conn:
            await outbox.add(conn, [outgoing(number) for number in numbers])

    def relay(self) -> Relay:
        """One more relay, with a connection of its own."""
        return Relay(self.db, self.server.broker("intake"), lambda: 5_000_000, spot_checks=True)

    async def waiting(self) -> int:
        """How many rows are not yet marked."""
        async with self.db.read() as conn:
            return (await outbox.backlog(conn, 2_000_000)).waiting

    async def stream(self) -> list[bytes]:
        """The bodies in EVENTS in order."""
        broker = self.server.broker("provision")
        info = await broker.stream_info("EVENTS")
        manager, messages = broker.manager(), []
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            messages.append((await manager.get_msg("EVENTS", sequence)).data or b"")
        await broker.close()
        return messages


@pytest.fixture
def road(provisioned: NatsServer, outbox_db: Database) -> Road:
    """An empty outbox and an empty stream."""
    return Road(outbox_db, provisioned)


def bodies(*numbers: int) -> list[bytes]:
    """What the stream holds of these messages."""
    return [b"%d" % number for number in numbers]


async def test_messages_arrive_in_order_and_are_marked_with_their_place(road: Road) -> None:
    """A batch larger than one atomic batch arrives whole."""
    await road.put(*range(1, 1004))
    relay = road.relay()
    assert [await relay.once(), await relay.once(), await relay.once()] == [1000, 3, 0]
    assert await road.stream() == bodies(*range(1, 1004))
    async with road.db.read() as conn:
        mismatches = await conn.execute(
            text("SELECT count(*) FROM outbox WHERE stream_seq <> seq OR sent <> 5000000")
        )
        assert mismatches.scalar() == 0
    await relay.broker.close()


async def test_a_kill_between_publishing_and_marking_sends_nothing_twice(road: Road) -> None:
    """What was published and not marked is known to the stream by its message id."""
    await road.put(1, 2, 3)
    killed = road.relay()
    rows = [Row(n, n.to_bytes(16), outgoing(n).subject, b"%d" % n, None, 0) for n in (1, 2, 3)]
    await killed.publish(rows)
    assert await road.waiting() == 3
    await road.put(4)
    relay = road.relay()
    assert await relay.once() == 4
    assert await road.waiting() == 0
    assert await road.stream() == bodies(1, 2, 3, 4)
    await killed.broker.close()
    await relay.broker.close()


async def test_one_known_duplicate_does_not_hold_up_its_batch(road: Road) -> None:
    """An atomic batch with a duplicate is refused whole, and its messages go one by one."""
    first = road.relay()
    await first.publish([Row(9, (2).to_bytes(16), outgoing(2).subject, b"2", None, 0)])
    await road.put(1, 2, 3)
    assert await first.once() == 3
    assert await road.stream() == bodies(2, 1, 3)
    assert await road.waiting() == 0
    await first.broker.close()


async def test_two_relays_send_everything_once(road: Road) -> None:
    """Two replicas at one outbox take turns."""
    await road.put(*range(1, 2501))
    relays = [road.relay(), road.relay()]
    while await road.waiting():
        await asyncio.gather(*(relay.once() for relay in relays))
    assert await road.stream() == bodies(*range(1, 2501))
    for relay in relays:
        await relay.broker.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_rows_of_a_slower_transaction_are_not_lost(road: Road) -> None:
    """A row with a lower number that commits later is sent later (SQLite has no such rows)."""
    relay = road.relay()
    async with road.db.write() as slow:
        await outbox.add(slow, [outgoing(1)])
        await road.put(2)
        assert await relay.once() == 1
    assert await relay.once() == 1
    assert await road.stream() == bodies(2, 1)
    await relay.broker.close()


async def test_a_turn_of_several_batches_sends_each_row_once_and_in_order(road: Road) -> None:
    """While a batch is on its way the one before is marked, and the next one read."""
    await road.put(*range(1, 2502))
    relay = road.relay()
    assert [await relay.once(2), await relay.once(8), await relay.once(8)] == [2000, 501, 0]
    assert await road.stream() == bodies(*range(1, 2502))
    async with road.db.read() as conn:
        mismatches = await conn.execute(text("SELECT count(*) FROM outbox WHERE stream_seq <> seq"))
        assert mismatches.scalar() == 0
    assert await road.waiting() == 0
    await relay.broker.close()


async def test_what_was_acknowledged_before_the_broker_went_away_is_marked(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second batch of a turn fails; the first one is not sent again."""
    await road.put(*range(1, 1003))
    relay = road.relay()
    whole = relay.publish

    async def first_alone(rows: Sequence[Row]) -> list[Sent]:
        if rows[0].seq > 1:
            raise BrokerAway("it went away")
        return await whole(rows)

    monkeypatch.setattr(relay, "publish", first_alone)
    with pytest.raises(BrokerAway):
        await relay.once(8)
    assert await road.waiting() == 2
    monkeypatch.undo()
    assert await relay.once(8) == 2
    assert await road.stream() == bodies(*range(1, 1003))
    await relay.broker.close()


async def test_resending_publishes_again_what_was_recorded_since(road: Road) -> None:
    """After a loss of the stream the same messages are taken again, under a new id."""
    await road.put(1, 2, 3)
    relay = road.relay()
    await relay.once()
    async with road.db.write() as conn:
        assert await outbox.resend(conn, 1_000_002) == 2
    assert await relay.once() == 2
    assert await road.stream() == bodies(1, 2, 3, 2, 3)
    await relay.broker.close()


async def test_a_denied_publish_is_said_and_nothing_is_marked(road: Road) -> None:
    """The server's own words come at once, not as a timeout."""
    async with road.db.write() as conn:
        await outbox.add(conn, [outgoing(1)._replace(subject="danchu.quarantine.syntax")])
    relay = road.relay()
    with pytest.raises(BrokerAway, match=r"permission was denied"):
        await relay.once()
    assert await road.waiting() == 1
    await relay.broker.close()


async def test_the_relay_goes_on_after_the_broker_was_killed(road: Road) -> None:
    """While NATS is away the outbox grows; afterwards everything arrives by itself."""
    relay = road.relay()
    running = asyncio.create_task(relay.run())
    await road.put(1)
    await eventually(lambda: _none_waits(road))
    road.server.stop()
    await road.put(2, 3)
    relay.nudge()
    assert await road.waiting() == 2
    road.server.start()
    await eventually(lambda: _none_waits(road), 60)
    running.cancel()
    await asyncio.wait([running])
    assert await road.stream() == bodies(1, 2, 3)
    await relay.broker.close()


async def _none_waits(road: Road) -> bool:
    return await road.waiting() == 0


async def test_waiting_says_how_many_and_how_old(road: Road) -> None:
    """The age is that of the oldest message that is not yet in the stream."""
    await road.put(1, 2)
    async with road.db.read() as conn:
        assert await outbox.backlog(conn, 3_000_001) == (2, 2.0)


async def test_a_stream_that_does_not_answer_holds_up_its_own_rows_alone(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are; they follow, in order, once the stream is there again."""
    monkeypatch.setattr(turn, "UNSENT", turn.UNSENT.replace(f"{turn.BATCH_MAX}", "4"))
    monkeypatch.setattr(turn, "BATCH_MAX", 4)
    admin = road.server.broker("provision")
    await admin.ensure()
    await admin.manager().delete_stream("RATINGS")
    async with road.db.write() as conn:
        states = [
            Outgoing((100 + n).to_bytes(16), "danchu.ratings.2025.U-1", b"%d" % n, 1)
            for n in range(9)
        ]
        decisions = [outgoing(n)._replace(subject=DECISION) for n in (1, 2)]
        await outbox.add(conn, [*states, *decisions])
    relay = Relay(road.db, road.server.broker("scoring"), lambda: 5_000_000, spot_checks=True)
    monkeypatch.setattr(loop, "SILENT_SECONDS", 60.0)
    assert [await relay.once(), await relay.once(), await relay.once()] == [0, 2, 0]
    assert await road.stream() == bodies(1, 2)
    assert await road.waiting() == 9
    await provision(admin)
    relay._silent_until = 0.0
    while await relay.once():
        pass
    assert await road.waiting() == 0
    stored = await admin.manager().get_last_msg("RATINGS", "danchu.ratings.2025.U-1")
    assert stored.data == b"8"
    await relay.broker.close()
    await admin.close()
