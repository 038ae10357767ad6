"""A relay is reconciled with its door and its stream before it sends anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from nats.js.api import StreamConfig
from sqlalchemy import text

from contracts.envelope import body, recordedtime_of
from services.chassis import door as recording
from services.chassis import marks, outbox
from services.chassis.database.engine import Database
from services.chassis.door import Door
from services.chassis.marks import Mark
from services.chassis.outbox import Draft
from services.chassis.relay.loop import Relay
from services.chassis.relay.reconciliation import Demand, decode_demand
from services.commands.nats.provisioning import STREAMS, provision
from tests.conftest import NatsServer

pytestmark = pytest.mark.anyio
NAME = "intake.00000001"
TABLES = ("outbox", "door")


def _body(number: int, us: int) -> bytes:
    return body({"time": "t"}, us, b'{"data":%d}' % number)


@dataclass
class Yard:
    """A door with its database, which can be saved and restored, and its relays."""

    db: Database
    server: NatsServer
    now: int = 1_000_000_000_000_000
    relays: list[Relay] = field(default_factory=list)

    async def accept(self, *numbers: int) -> None:
        """Records events, each a second after the other."""
        for number in numbers:
            self.now += 1_000_000
            subject = "danchu.events.U-1.training.completed"
            draft = Draft(number.to_bytes(16), subject, partial(_body, number))
            async with self.db.write() as conn:
                await outbox.record(conn, [draft], self.now)

    async def relay(self, spot_checks: bool = True) -> Relay:
        """A relay that is started now: it sends what waits and announces a mark."""
        relay = Relay(self.db, self.server.broker("intake"), lambda: self.now, spot_checks)
        self.relays.append(relay)
        await relay.once()
        self.now += 1_000_000
        await relay.announce()
        return relay

    async def saved(self) -> dict[str, list[dict[str, Any]]]:
        """A backup."""
        async with self.db.read() as conn:
            return {
                table: [
                    dict(r._mapping) for r in await conn.execute(text(f"SELECT * FROM {table}"))
                ]
                for table in TABLES
            }

    async def restore(self, backup: dict[str, list[dict[str, Any]]]) -> None:
        """Everything as it was."""
        async with self.db.write() as conn:
            for table, rows in backup.items():
                await conn.execute(text(f"DELETE FROM {table}"))
                for row in rows:
                    names = ", ".join(f":{name}" for name in row)
                    columns = ", ".join(row)
                    await conn.execute(
                        text(f"INSERT INTO {table} ({columns}) VALUES ({names})"), row
                    )

    async def door(self) -> Door:
        """The door as it is now."""
        async with self.db.read() as conn:
            return await recording.load(conn)

    async def mark(self, name: str) -> Mark | None:
        """The last mark of a door."""
        return await marks.last(self.relays[-1].broker, name)

    async def stream(self) -> list[tuple[str, int]]:
        """(door, number) of each message of EVENTS in order."""
        broker = self.server.broker("provision")
        info = await broker.stream_info("EVENTS")
        messages = []
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            message = await broker.manager().get_msg("EVENTS", sequence)
            number = int((message.data or b"").rpartition(b":")[2].rstrip(b"}"))
            messages.append(((message.headers or {}).get(marks.HEADER, ""), number))
        await broker.close()
        return messages


@pytest.fixture
async def yard(provisioned: NatsServer, outbox_db: Database) -> AsyncIterator[Yard]:
    """An empty outbox and an empty stream."""
    new_yard = Yard(outbox_db, provisioned)
    yield new_yard
    for relay in new_yard.relays:
        await relay.broker.close()


def of(name: str, *numbers: int) -> list[tuple[str, int]]:
    """Events of a door."""
    return [(name, number) for number in numbers]


async def test_a_mark_counts_what_the_door_recorded_and_messages_name_it(yard: Yard) -> None:
    """Announced also when nothing happens, and written down before."""
    await yard.accept(1, 2, 3)
    relay = await yard.relay()
    assert await yard.mark(NAME) == Mark(NAME, yard.now, 3)
    assert await yard.stream() == of(NAME, 1, 2, 3)
    yard.now += 5_000_000
    await relay.announce()
    assert await yard.mark(NAME) == Mark(NAME, yard.now, 3)
    assert (await yard.door()).mark == Mark(NAME, yard.now, 3)


async def test_a_restored_door_goes_on_as_a_new_one(yard: Yard) -> None:
    """It reads the last mark, which it does not remember; what it accepts counts anew."""
    await yard.accept(1, 2)
    await yard.relay()
    backup = await yard.saved()
    await yard.accept(3, 4)
    await yard.relay()
    announced = await yard.mark(NAME)
    assert announced is not None and announced.events == 4
    await yard.restore(backup)
    await yard.accept(5)
    await yard.relay()
    door = await yard.door()
    assert door.name != NAME and door.name.startswith("intake.")
    assert (door.events, door.former) == (1, (announced._replace(successor=door.name),))
    assert await yard.mark(NAME) == announced._replace(successor=door.name)
    assert await yard.mark(door.name) == Mark(door.name, yard.now, 1)
    assert await yard.stream() == [*of(NAME, 1, 2, 3, 4), *of(door.name, 5)]
    await yard.relay()
    assert (await yard.door()).name == door.name


async def test_what_a_backup_held_behind_its_last_mark_belongs_to_the_new_door(yard: Yard) -> None:
    """It may have been sent before or not: it is sent again, and counted under the new name."""
    await yard.accept(1)
    await yard.relay()
    await yard.accept(2, 3)
    backup = await yard.saved()
    await yard.relay()
    await yard.restore(backup)
    await yard.relay()
    door = await yard.door()
    assert await yard.stream() == [*of(NAME, 1, 2, 3), *of(door.name, 2, 3)]
    assert (await yard.mark(door.name)) == Mark(door.name, yard.now, 2)


async def test_a_restored_door_records_nothing_at_or_below_its_last_mark(yard: Yard) -> None:
    """Also where its clock went back and NATS was away when it accepted."""
    await yard.accept(1)
    await yard.relay()
    backup = await yard.saved()
    await yard.accept(2)
    await yard.relay()
    announced = await yard.mark(NAME)
    await yard.restore(backup)
    yard.now -= 60_000_000
    await yard.accept(3, 4)
    await yard.relay()
    async with yard.db.read() as conn:
        rows = await conn.execute(
            text("SELECT recorded, body FROM outbox WHERE door <> :name ORDER BY seq"),
            {"name": NAME},
        )
        moments = [(row[0], recordedtime_of(bytes(row[1]))) for row in rows]
    assert announced is not None
    assert moments == [(announced.until + n, announced.until + n) for n in (1, 2)]


async def test_a_door_that_is_restored_while_it_runs_is_noticed(yard: Yard) -> None:
    """A running relay remembers what it announced."""
    await yard.accept(1)
    relay = await yard.relay()
    backup = await yard.saved()
    await yard.accept(2)
    await relay.once()
    await relay.announce()
    await yard.restore(backup)
    await relay.announce()
    await relay.once()
    assert (await yard.door()).name != NAME


async def test_what_was_sent_to_another_stream_is_sent_again(yard: Yard) -> None:
    """The stream was lost and made anew: nothing of it is taken for sent."""
    await yard.accept(1, 2)
    await yard.relay()
    broker = yard.server.broker("provision")
    await broker.ensure()
    await broker.manager().delete_stream("EVENTS")
    await provision(broker)
    await broker.close()
    await yard.accept(3)
    await yard.relay()
    assert await yard.stream() == of(NAME, 1, 2, 3)


async def shortened(yard: Yard, numbers: Sequence[int], appended: int) -> None:
    """EVENTS as an older copy of its store has it, with foreign messages appended since."""
    broker = yard.server.broker("provision")
    await broker.ensure()
    manager, intake = broker.manager(), yard.server.broker("intake")
    plan = next(plan for plan in STREAMS if plan.name == "EVENTS").config()
    loose: StreamConfig = plan
    stored = [await manager.get_msg("EVENTS", number) for number in numbers]
    created = (await manager.stream_info("EVENTS")).created
    await manager.delete_stream("EVENTS")
    await manager.add_stream(loose)
    for message in stored:
        headers = {name: (message.headers or {})[name] for name in (marks.HEADER, "Nats-Msg-Id")}
        await intake.request(message.subject or "", message.data or b"", headers)
    for _ in range(appended):
        await intake.request("danchu.events.U-2.model.nominated", b'{"data":0}')
    creation = (await manager.stream_info("EVENTS")).created
    await broker.close()
    await intake.close()
    assert created is not None and creation is not None
    async with yard.db.write() as conn:
        await conn.execute(
            text("UPDATE outbox SET stream_created = :made WHERE stream_created IS NOT NULL"),
            {"made": int(creation.timestamp() * 1_000_000)},
        )


@pytest.mark.parametrize("appended", [0, 1, 30])
async def test_what_a_stream_of_an_older_copy_lacks_is_sent_again(
    yard: Yard, appended: int
) -> None:
    """Its beginning is found by halves, also where others have used the numbers again."""
    await yard.accept(*range(1, 21))
    await yard.relay()
    await shortened(yard, range(1, 8), appended)
    await yard.relay()
    assert await yard.stream() == [
        *of(NAME, *range(1, 8)), *of("", *([0] * appended)), *of(NAME, *range(8, 21))
    ]  # fmt: skip


async def test_a_relay_that_reads_no_events_sends_what_lies_behind_the_end(yard: Yard) -> None:
    """The systems of record see the end of the stream alone."""
    await yard.accept(*range(1, 6))
    await yard.relay(spot_checks=False)
    await shortened(yard, range(1, 4), 0)
    await yard.relay(spot_checks=False)
    assert await yard.stream() == of(NAME, 1, 2, 3, 4, 5)


async def test_a_demand_is_met_by_sending_again(yard: Yard) -> None:
    """What was recorded behind the mark that held comes once more, under another id."""
    await yard.accept(1, 2, 3)
    relay = await yard.relay()
    running = asyncio.create_task(relay.run())
    scoring = yard.server.broker("scoring")
    await scoring.ensure()
    last_mark = Mark(NAME, yard.now - 2_000_000, 2)

    async def sent_again() -> bool:
        await scoring.nc.publish("danchu.doors." + NAME, Demand(last_mark, False).encode())
        return await yard.stream() != of(NAME, 1, 2, 3)

    async with asyncio.timeout(20):
        while not await sent_again():
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    await scoring.close()
    assert set((await yard.stream())[3:]) == {(NAME, 3)}


async def test_a_demanded_renewal_closes_the_old_name_with_the_mark_that_held(yard: Yard) -> None:
    """What was recorded behind that mark is the new door's, and comes again."""
    await yard.accept(1)
    relay = await yard.relay()
    last_mark = (await yard.door()).mark
    await yard.accept(2, 3)
    await relay.once()
    await relay.announce()
    relay._demands[NAME] = Demand(last_mark, True)
    await relay.once()
    door = await yard.door()
    assert await yard.mark(NAME) == last_mark._replace(successor=door.name)
    assert await yard.stream() == [*of(NAME, 1, 2, 3), *of(door.name, 2, 3)]
    assert door.mark == Mark(door.name, last_mark.until, 0)


def test_a_demand_or_mark_that_is_none_is_passed_over() -> None:
    """Whatever stands on the subject, the relay goes on."""
    for raw in (b"", b"{", b"[]", b'{"held": 1}', b'{"held": {}, "renewal": true}'):
        assert decode_demand(raw) is None
    for raw in (b"null", b'{"door": "x"}', b'{"door":"a.b","until":"2025","events":1}'):
        assert marks.decode(raw) is None
    assert marks.decode(b"[" * 100_000) is None and decode_demand(b"[" * 100_000) is None
    for events in (b"1e400", b"9" * 40, b"-1", b"true", b'"7"', b"1.5"):
        body = b'{"door":"intake.00000001","until":"2025-01-01T00:00:00Z","events":%s}'
        assert marks.decode(body % events) is None
    for other in (b"[]", b"7", b'"x"'):
        body = (
            b'{"door":"intake.00000001","until":"2025-01-01T00:00:00Z","events":1,"successor":%s}'
        )
        assert marks.decode(body % other) is None
    mark = Mark(NAME, 5_000_000, 7, "intake.00000002")
    assert marks.decode(mark.encode()) == mark
    assert decode_demand(Demand(mark, True).encode()) == Demand(mark, True)
