"""The audit compares outboxes, stream, ledger and quarantine, and names what differs."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services.commands import operator
from services.commands.service_registry import SERVICES
from services.scoring.errors import DoorSpeaks, DoorUnknown
from services.scoring.operations import doors as door_operations
from services.scoring.operations import proof
from services.scoring.operations.audit import audit
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors, ledger, stages
from services.scoring.store.door_state import first_alarm
from services.scoring.year.stages import YearDecision
from tests.scoring.operations.restoring import Town

pytestmark = pytest.mark.anyio


async def differences() -> list[str]:
    """What `danchu audit` says."""
    return await audit(ScoringSettings(), SERVICES)


async def test_databases_restored_beside_a_kept_stream_are_told_from_it(town: Town) -> None:
    """Before the start each event that the stream has is named; what only the ledger gets back
    is named afterwards, for no outbox has it any more.
    """
    assert await differences() == []
    backups = {service: await town.saved(service) for service in ("intake", "scoring")}
    async with town.running() as road:
        await town.accept(road, 3)
        await town.whole(road)
    for service, backup in backups.items():
        await town.restore(service, backup)
    lines = await differences()
    assert len([line for line in lines if "the stream has the event" in line]) == 3
    assert all("due-H44.1-d" in line for line in lines if "the stream has" in line)
    async with town.running() as road:
        await town.whole(road)
    lines = await differences()
    assert len(lines) == 3 and all("no outbox has it" in line for line in lines)


async def test_scoring_restored_alone_agrees_again_once_it_has_read(town: Town) -> None:
    """The audit names what the ledger lacks, until the fold has read it again."""
    backup = await town.saved("scoring")
    async with town.running() as road:
        await town.accept(road, 2)
        await town.whole(road)
    await town.restore("scoring", backup)
    lines = await differences()
    assert len([line for line in lines if "the outbox of intake sent" in line]) == 2
    async with town.running() as road:
        await town.whole(road)
    assert await differences() == []


async def test_a_stream_that_lacks_what_was_sent_is_named_and_the_list_is_bounded(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by source and id, so many of a kind, and then how many more."""
    monkeypatch.setattr(proof, "DIFFERENCES_MAX", 2)
    copy = town.saved_stream("early")
    async with town.running() as road:
        await town.accept(road, 5)
        await town.whole(road)
    town.restore_stream(copy)
    lines = await differences()
    lacking = [line for line in lines if "the stream does not have it" in line]
    assert len(lacking) == 2 and any("and 3 more" in line for line in lines)


async def test_the_audit_names_rows_that_do_not_follow_from_their_event(town: Town) -> None:
    """A column of the ledger, the event in it, and a decision on a year that nobody announced."""
    async with town.database("scoring") as db:
        async with db.read() as conn:
            every = await ledger.rows_after(conn, b"", 9)
        for change in ("recorded = recorded + 1", "kind = 'course.held'", "raw = :raw"):
            async with db.write() as conn:
                (row, *_) = await ledger.rows_after(conn, b"", 1)
                values = {"raw": row.raw.replace(b"H44.1", b"H44.2"), "identity": row.identity}
                update = text(f"UPDATE ledger SET {change} WHERE identity = :identity")
                await conn.execute(update, {n: values[n] for n in values if f":{n}" in str(update)})
            assert [line for line in await differences() if "ledger's row of the event" in line]
            async with db.write() as conn:
                undo = text("UPDATE ledger SET recorded = :recorded, kind = :kind, raw = :raw "
                            "WHERE identity = :identity")  # fmt: skip
                names = ("recorded", "kind", "raw", "identity")
                await conn.execute(undo, {name: getattr(row, name) for name in names})
        assert await differences() == []
        async with db.write() as conn:
            await conn.execute(text("UPDATE ledger SET raw = :raw"), {"raw": b"{}"})
        lines = await differences()
        assert len([line for line in lines if "ledger's row of the event" in line]) == 4
        async with db.write() as conn:
            for each in every:
                undo = text("UPDATE ledger SET raw = :raw WHERE identity = :identity")
                await conn.execute(undo, {"raw": each.raw, "identity": each.identity})
            forged = YearDecision(stage="provisional", version=1, decision="9/QĐ", at=1)
            await stages.add(conn, bytes(16), 2025, forged)
    (line,) = await differences()
    assert "9/QĐ of the year 2025 is not as its event has it" in line


async def test_a_mark_that_does_not_hold_is_named_by_the_audit(town: Town) -> None:
    """Also before it is an alarm."""
    async with town.database("scoring") as db, db.write() as conn:
        (door,) = [each for each in await doors.load(conn) if each.name.startswith("intake.")]
        await doors.save(conn, door._replace(mark_events=9, mark_until=door.mark_until + 1,
                                             differs_since=1))  # fmt: skip
    (line,) = await differences()
    assert door.name in line and "5 of them have not arrived" in line


async def test_a_door_that_is_gone_for_good_is_taken_off(town: Town) -> None:
    """An alarm about it ends; one that still speaks, or is unknown, is not taken off."""
    settings = ScoringSettings()
    listed = await operator.list_doors(settings)
    (intake,) = [each for each in listed if str(each["name"]).startswith("intake.")]
    assert (intake["state"], intake["events"], intake["arrived"]) == ("proved", 4, 4)
    with pytest.raises(DoorSpeaks):
        await operator.retire_door(settings, str(intake["name"]))
    with pytest.raises(DoorUnknown):
        await operator.retire_door(settings, "intake.ffffffff")
    async with town.database("scoring") as db, db.write() as conn:
        (door,) = [each for each in await doors.load(conn) if each.name == intake["name"]]
        await doors.save(conn, door._replace(heard=1, differs_since=1, mark_events=9))
        assert first_alarm(await doors.load(conn), 2**62) is not None
    await operator.retire_door(settings, door.name)
    every = await door_operations.list_doors(settings)
    assert first_alarm(every, 2**62) is None
    assert [each.state for each in every if each.name == door.name] == ["retired"]
