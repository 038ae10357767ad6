"""Whatever part is lost or restored: it heals by itself, or a halt says what to do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from nats.js.api import DeliverPolicy
from sqlalchemy import text

from contracts import moments
from services.chassis.clock import now_us
from services.chassis.relay.loop import Relay
from services.scoring.stream import PLAN
from tests.scoring.operations.restoring import Town

pytestmark = pytest.mark.anyio


def commanded(halted: str) -> str:
    """The moment in the command that a halt names, in both languages."""
    (since,) = set(re.findall(r"`danchu resend --since ([^` ]+)`", halted))
    assert halted.count(since) >= 2
    return str(since)


async def test_scoring_restored_from_a_backup_reads_again_what_it_lost(town: Town) -> None:
    """The consumer lies beyond the position: it is set back, and the tail is folded again."""
    backup = await town.saved("scoring")
    async with town.running() as road:
        await town.accept(road, 5)
        await town.whole(road)
    await town.restore("scoring", backup)
    async with town.running() as road:
        await town.whole(road)
        assert len(await town.receipts(road)) == 9


async def test_scoring_that_is_lost_is_made_again_from_the_stream(town: Town) -> None:
    """An empty database reads everything from the beginning."""
    await town.empty("scoring")
    async with town.running() as road:
        await town.whole(road)
        assert (await road.get("/ratings/2025/H44.1")).status_code == 200


async def test_both_databases_restored_and_the_stream_kept(town: Town) -> None:
    """The ledger gets back what it had; the door goes on under a new name, and counts on."""
    backups = {service: await town.saved(service) for service in ("intake", "scoring")}
    async with town.running() as road:
        await town.accept(road, 5)
        await town.whole(road)
    for service, backup in backups.items():
        await town.restore(service, backup)
    async with town.running() as road:
        await town.accept(road, 2)
        await town.whole(road)
        names = {door.name for door in await town.doors(road) if door.name.startswith("intake.")}
        assert len(names) == 2


async def test_a_home_moved_to_an_empty_database_gets_its_ratings_back(town: Town) -> None:
    """All databases are new, the stream is the old one."""
    for service in ("intake", "scoring"):
        await town.empty(service)
    async with town.running() as road:
        await town.whole(road)
        await town.accept(road, 1)
        await town.whole(road)


async def test_a_restored_door_that_is_sent_again_what_it_forgot(town: Town) -> None:
    """It accepts it anew; scoring knows it by its identity, and the new door's mark holds."""
    backup = await town.saved("intake")
    async with town.running() as road:
        events = town.events(3)
        town.accepted += await road.send(events)
        await town.whole(road)
    await town.restore("intake", backup)
    async with town.running() as road:
        await road.send(events)
        await town.accept(road, 1)
        await town.whole(road)
        held = [door.held_events for door in await town.doors(road) if not door.is_closed]
        assert sorted(held) == [0, 4]
        assert len(await town.receipts(road)) == len(set(town.accepted))


async def test_a_door_restored_together_with_its_marks_is_found_by_what_arrived(
    town: Town,
) -> None:
    """Door and stream are restored, scoring is not: it has more than the door says."""
    backup, copy = await town.saved("intake"), town.saved_stream("early")
    async with town.running() as road:
        await town.accept(road, 3)
        await town.whole(road)
    await town.restore("intake", backup)
    town.restore_stream(copy)
    async with town.running() as road:
        kept = await town.accept(road, 2)
        halted = await town.whole_or_halted(road, kept)
        if halted is not None:
            await town.in_readiness(road, "danchu resend")
            await town.resend("2025-01-01")
        await town.whole(road, town.accepted)


async def test_a_tail_that_the_stream_lost_before_it_was_folded_is_sent_again(town: Town) -> None:
    """The store is replaced by an older copy while the fold is down; the relay notices."""
    copy = town.saved_stream("early")
    async with town.running() as road:
        await road.scoring.stop()
        await town.accept(road, 30)
        await town.relayed(road)
    town.restore_stream(copy)
    async with town.running() as road:
        await town.whole(road)


async def test_a_stream_older_than_the_fold_heals_or_halts(town: Town) -> None:
    """It ran backwards; what it lost was folded, so nothing is missing."""
    copy = town.saved_stream("early")
    async with town.running() as road:
        await town.accept(road, 5)
        await town.whole(road)
    town.restore_stream(copy)
    async with town.running() as road:
        kept = await town.accept(road, 1)
        if await town.whole_or_halted(road, kept) is not None:
            await town.resend("2025-01-01")
        await town.whole(road)


@pytest.mark.parametrize("since", ["2025-01-01", "now", "as told"])
async def test_a_lost_stream_halts_and_resending_is_sufficient_whatever_day_is_named(
    town: Town, since: str
) -> None:
    """Scoring is older than the stream that is lost: the ledger lacks what lies before the day."""
    backup = await town.saved("scoring")
    async with town.running() as road:
        await town.accept(road, 5)
        await town.whole(road)
    await town.restore("scoring", backup)
    town.restore_stream(None)
    await town.provisioned()
    async with town.running() as road:
        halted = await town.whole_or_halted(road, town.accepted)
        assert halted is not None and "created again" in halted
        days = {"now": moments.rfc3339(now_us()), "as told": commanded(halted)}
        await town.resend(days.get(since, since))
        await town.whole(road)


async def test_a_consumer_that_is_deleted_is_made_again_at_the_position(town: Town) -> None:
    """While the fold is down, and while it runs."""
    for running in (False, True):
        async with town.running() as road:
            if not running:
                await road.scoring.stop()
            broker = town.server.broker("provision")
            await broker.ensure()
            await broker.manager().delete_consumer("EVENTS", "scoring")
            await broker.close()
            await town.accept(road, 3)
            if running:
                await town.whole(road)
        async with town.running() as road:
            await town.whole(road)


async def made_otherwise(town: Town) -> None:
    """Somebody makes the consumer anew by hand, to hear only what comes from then on."""
    broker = town.server.broker("provision")
    await broker.ensure()
    await broker.manager().delete_consumer("EVENTS", "scoring")
    config = replace(PLAN.config(), name="scoring", deliver_policy=DeliverPolicy.NEW)
    await broker.manager().add_consumer("EVENTS", config)
    await broker.close()


@pytest.mark.parametrize("running", [False, True])
async def test_a_consumer_that_was_made_otherwise_halts_and_provisioning_replaces_it(
    town: Town, running: bool
) -> None:
    """It cannot be set back, and the fold's user may delete nothing: the halt names the command."""
    async with town.running() as road:
        if not running:
            await road.scoring.stop()
        await town.accept(road, 3)
        await town.relayed(road)
        await made_otherwise(town)
        if running:
            await town.accept(road, 1)
            halted = await town.whole_or_halted(road, town.accepted)
            assert halted is None or "`danchu provision`" in halted
    async with town.running() as road:
        halted = await town.whole_or_halted(road, town.accepted)
        assert halted is not None and "`danchu provision`" in halted
        await town.in_readiness(road, "`danchu provision`")
        await town.provisioned()
        await town.whole(road)


async def moved_on(town: Town) -> None:
    """Somebody else takes and acknowledges all that the fold has not taken yet."""
    broker = town.server.broker("provision")
    await broker.ensure()
    manager = broker.manager()
    last = (await manager.stream_info("EVENTS")).state.last_seq
    await manager.reset_consumer("EVENTS", "scoring", last + 1)
    await broker.close()


async def test_a_consumer_that_moved_on_while_the_fold_was_down_is_set_back(town: Town) -> None:
    """Its acknowledgements lie beyond the position, at the start already."""
    async with town.running() as road:
        await road.scoring.stop()
        await town.accept(road, 10)
        await town.relayed(road)
    await moved_on(town)
    async with town.running() as road:
        lag = await town.lag(road)
        assert lag["events"] or not set(town.accepted) - await town.receipts(road)
        await town.whole(road)


async def hidden(town: Town) -> None:
    """Ten events pass the fold by, and one more makes its position look right."""
    async with town.running() as road:
        await road.scoring.stop()
        await town.accept(road, 10)
        await town.relayed(road)
    await moved_on(town)
    async with town.database("scoring") as db, db.write() as conn:
        await conn.execute(text("UPDATE position SET stream_seq = stream_seq + 10"))


async def test_what_passed_the_fold_by_is_demanded_from_its_door(town: Town) -> None:
    """The mark does not hold, and the relay sends again what was recorded since the last one."""
    await hidden(town)
    async with town.running() as road:
        await town.whole(road)


async def test_what_no_door_sends_again_is_an_alarm_with_its_door_and_number(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lag, readiness and the sentence say it; the resend that they name is sufficient."""
    await hidden(town)

    async def deaf(self: Relay, message: object) -> None:
        return

    monkeypatch.setattr(Relay, "_on_demand", deaf)
    async with town.running() as road:
        halted = await town.whole_or_halted(road, town.accepted)
        (door,) = [d for d in await town.doors(road) if d.differs_since is not None]
        assert halted is not None and door.name in halted and "10" in halted
        await town.in_readiness(road, "danchu resend")
        await town.resend(commanded(halted))
        await town.whole(road)


@pytest.mark.parametrize(
    ("database_url", "ages"),
    [
        *(("sqlite", ages) for ages in ((0, 1, 2), (1, 2, 0), (2, 0, 1))),
        *(("postgres", ages) for ages in ((0, 2, 1), (1, 0, 2), (2, 1, 0))),
    ],
    indirect=["database_url"],
)
async def test_each_part_restored_to_another_moment(town: Town, ages: tuple[int, int, int]) -> None:
    """Door, scoring and stream, each older than the others: what any of them has is rated.

    All six orders; on each database each part is once the oldest.
    """
    states = []
    known = []
    for age in range(3):
        states.append(
            (await town.saved("intake"), await town.saved("scoring"), town.saved_stream(str(age)))
        )
        known.append(list(town.accepted))
        async with town.running() as road:
            await town.accept(road, 3)
            await town.whole(road)
    door, scoring, stream = ages
    await town.restore("intake", states[door][0])
    await town.restore("scoring", states[scoring][1])
    town.restore_stream(states[stream][2])
    survived = sorted({receipt for age in ages for receipt in known[age]})
    async with town.running() as road:
        new = await town.accept(road, 2)
        if await town.whole_or_halted(road, [*survived, *new]) is not None:
            await town.resend("2025-01-01")
        await town.whole(road, [*survived, *new])


async def test_a_tail_that_vanished_from_the_stream_is_noticed(town: Town) -> None:
    """Messages are gone, and the stream ends where it ended: no sequence tells."""
    async with town.running() as road:
        await road.scoring.stop()
        await town.accept(road, 5)
        await town.relayed(road)
        broker = town.server.broker("provision")
        await broker.ensure()
        manager = broker.manager()
        info = await manager.stream_info("EVENTS")
        config = info.config
        config.deny_delete = config.deny_purge = False
        copies = [
            await manager.get_msg("EVENTS", sequence)
            for sequence in range(info.state.first_seq, info.state.last_seq - 4)
        ]
        await manager.delete_stream("EVENTS")
        await manager.add_stream(config)
        intake = town.server.broker("intake")
        for copy in copies:
            headers = {name: (copy.headers or {})[name] for name in ("Danchu-Door", "Nats-Msg-Id")}
            await intake.request(copy.subject or "", copy.data or b"", headers)
        for number in range(5):
            await intake.request("danchu.events.H44-1.course.held", b"%d" % number)
        last = (await manager.stream_info("EVENTS")).state.last_seq
        for sequence in range(last - 4, last + 1):
            await manager.delete_msg("EVENTS", sequence)
        created = (await manager.stream_info("EVENTS")).created
        await intake.close()
        await broker.close()
    assert created is not None
    moment = int(created.timestamp() * 1_000_000)
    for service, update in (
        ("scoring", "UPDATE position SET stream_created = :moment"),
        ("intake", "UPDATE outbox SET stream_created = :moment"),
    ):
        async with town.database(service) as db, db.write() as conn:
            await conn.execute(text(update), {"moment": moment})
    async with town.running() as road:
        await town.whole(road)
