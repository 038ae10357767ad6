"""The door's stamp: one after the other, behind the clock, the last event and the last mark."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from services.chassis import door, outbox
from services.chassis.database.engine import Database
from services.chassis.door import Door
from services.chassis.outbox import Draft

pytestmark = pytest.mark.anyio


@pytest.fixture
def db(outbox_db: Database) -> Database:
    """An empty outbox with its door."""
    return outbox_db


def drafts(*numbers: int) -> list[Draft]:
    """Events whose body is the moment at which they are recorded."""
    return [
        Draft(number.to_bytes(16), "danchu.events.U-1.x.y", lambda us: b"%d" % us)
        for number in numbers
    ]


async def recorded(db: Database) -> list[tuple[int, int, bytes]]:
    """(moment, ordinal, body) of each event in order."""
    async with db.read() as conn:
        rows = await conn.execute(text("SELECT recorded, ordinal, body FROM outbox ORDER BY seq"))
        return [(row[0], row[1], bytes(row[2])) for row in rows]


async def test_each_event_of_a_transaction_has_a_moment_of_its_own(db: Database) -> None:
    """Behind each other, also where the clock stands still or goes back."""
    for now in (1000, 1000, 10):
        async with db.write() as conn:
            await outbox.record(conn, drafts(1, 2), now)
    moments = [1000, 1001, 1002, 1003, 1004, 1005]
    assert await recorded(db) == [(us, n, b"%d" % us) for n, us in enumerate(moments, 1)]


async def test_nothing_is_recorded_at_or_below_a_mark(db: Database) -> None:
    """The mark is written down first, so a clock that goes back cannot undercut it."""
    async with db.write() as conn:
        await outbox.record(conn, drafts(1), 1000)
        await conn.execute(text("UPDATE outbox SET sent = 1"))
        assert await door.advance(conn, 5000) == ("intake.00000001", 5000, 1, None)
        await outbox.record(conn, drafts(2), 4000)
    assert [us for us, _, _ in await recorded(db)] == [1000, 5001]


async def test_a_mark_ends_before_the_first_event_that_waits_for_the_stream(db: Database) -> None:
    """What is not in the stream yet is not promised; a mark never goes back."""
    async with db.write() as conn:
        await outbox.record(conn, drafts(1, 2, 3), 1000)
        await conn.execute(text("UPDATE outbox SET sent = 1 WHERE ordinal = 1"))
        assert (await door.advance(conn, 5000))[1:3] == (1000, 1)
        await conn.execute(text("UPDATE outbox SET sent = 1"))
        assert (await door.advance(conn, 6000))[1:3] == (6000, 3)
        await outbox.resend(conn, 0)
        assert (await door.advance(conn, 7000))[1:3] == (6000, 3)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_mark_waits_for_a_slower_transaction_and_counts_it(db: Database) -> None:
    """The lock is held to the commit: no event can appear below a mark afterwards."""
    async with db.write() as slow:
        await outbox.record(slow, drafts(1), 1000)

        async def marked() -> tuple[int, int]:
            async with db.write() as conn:
                mark = await door.advance(conn, 2000)
            return mark.until, mark.events

        marking = asyncio.create_task(marked())
        finished, _ = await asyncio.wait([marking], timeout=0.2)
        assert not finished
    assert await marking == (999, 0)


async def test_many_transactions_at_once_are_counted_without_a_gap(db: Database) -> None:
    """Moments grow with the ordinals, and the door has counted each."""

    async def accept(number: int) -> None:
        async with db.write() as conn:
            await outbox.record(conn, drafts(number, number + 1), 1000)

    await asyncio.gather(*(accept(number) for number in range(0, 20, 2)))
    rows = await recorded(db)
    assert [ordinal for _, ordinal, _ in rows] == list(range(1, 21))
    assert [us for us, _, _ in rows] == sorted({us for us, _, _ in rows})
    async with db.read() as conn:
        assert (await door.load(conn)) == Door("intake.00000001", rows[-1][0], 20, 0, 0, ())
