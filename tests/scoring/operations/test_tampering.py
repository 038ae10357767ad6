"""The audit names each edit of a database superuser that changes an answer, by the first row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from contracts import moments
from contracts.envelope import Recorded, decode, with_recordedtime
from services.commands import operator
from services.commands.service_registry import SERVICES
from services.scoring.operations import doors as door_operations
from services.scoring.operations.audit import audit
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors
from services.scoring.store.door_state import DoorState
from services.scoring.store.quarantine import Rejection
from tests.conftest import eventually
from tests.scoring.operations.restoring import Rows, Town

pytestmark = pytest.mark.anyio
OTHER = "intake.ffffffff"


class Edit(NamedTuple):
    """What is changed in the database of scoring, and words of the line that names it."""

    statement: str
    words: str
    values: Callable[[Recorded], dict[str, Any]] = lambda event: {}


def later(event: Recorded) -> dict[str, Any]:
    """A second later, in the event as well as in its row."""
    recorded = event.recorded + 1_000_000
    return {"raw": with_recordedtime(event.raw, recorded), "recorded": recorded}


def other_offset(event: Recorded) -> dict[str, Any]:
    """The same time, spelled with another offset."""
    other = moments.rfc3339(event.time)
    assert other != event.event.time
    return {"raw": event.raw.replace(event.event.time.encode(), other.encode())}


def quarantined(reason: str) -> Callable[[Recorded], dict[str, Any]]:
    """The event as an entry of the quarantine that looks right."""

    def values(event: Recorded) -> dict[str, Any]:
        entry = Rejection(reason, "", "x", event.raw, event.receipt)
        return {"id": entry.id, "reason": reason, "receipt": event.receipt, "raw": event.raw}

    return values


def set_aside(event: Recorded) -> dict[str, Any]:
    """The event as one that an operator set aside."""
    return {
        "identity": event.identity, "receipt": event.receipt, "source": event.event.source,
        "id": event.event.id, "subject": event.event.subject, "time": event.time, "raw": event.raw,
    }  # fmt: skip


ONE = "WHERE identity = :identity"
ENTRY = (
    "INSERT INTO quarantine (id, reason, detail, subject, receipt, came, state, raw) "
    "VALUES (:id, :reason, '', 'x', :receipt, 1, 'dropped', :raw)"
)
DOOR = "WHERE name LIKE 'intake.%'"
EDITS = (
    Edit(f"UPDATE ledger SET raw = :raw, recorded = :recorded {ONE}", "as recorded at 20", later),
    Edit(f"UPDATE ledger SET raw = :raw {ONE}", "other attributes", other_offset),
    Edit(
        "UPDATE ledger SET door = (SELECT id FROM doors WHERE name LIKE 'scoring.%') " + ONE,
        "as recorded by scoring.",
    ),
    Edit(f"UPDATE ledger SET door = NULL {ONE}", "as recorded by no door"),
    Edit("DELETE FROM doors", "but intake."),
    Edit(f"UPDATE doors SET held_until = held_until + 9000000000000 {DOOR}", "not those that it"),
    Edit(f"UPDATE doors SET mark_until = mark_until + 9000000000000 {DOOR}", "not those that it"),
    Edit(f"UPDATE doors SET held_events = held_events + 1 {DOOR}", "is stored with 5"),
    Edit(f"UPDATE doors SET held_events = held_events - 1 {DOOR}", "is stored with 3"),
    Edit(f"UPDATE doors SET retired = 1 {DOOR}", "its database still records"),
    Edit(f"UPDATE doors SET successor = '{OTHER}' {DOOR}", "not those that it announced"),
    Edit(
        "INSERT INTO doors (name, held_until, held_events, mark_until, mark_events, arrived) "
        f"VALUES ('{OTHER}', 1, 0, 1, 0, 0)",
        f"`danchu door retire {OTHER}`",
    ),
    Edit(
        "INSERT INTO repeats (door, recorded) SELECT door, recorded + 1 FROM ledger " + ONE,
        "have 5 events of the door intake.",
    ),
    Edit("UPDATE position SET folded = 9", "but 9 were folded"),
    Edit("UPDATE position SET halted = 'x'", "the fold is halted: x"),
    Edit("UPDATE position SET stream_created = 1", "the fold is halted:"),
    Edit("UPDATE position SET stream_seq = 99", "the fold is halted:"),
    Edit(ENTRY, "or its reason does not hold", quarantined("contract")),
    Edit(ENTRY, "or its reason does not hold", quarantined("conflict")),
    Edit(ENTRY, "or its reason does not hold", quarantined("below-mark")),
    Edit(
        "INSERT INTO faulty_events (identity, receipt, source, id, subject, year, time, fault, "
        "reason, raw) VALUES (:identity, :receipt, :source, :id, :subject, 2025, :time, 'x', 'y', "
        ":raw)",
        "(reason aside) is not as it was made",
        set_aside,
    ),
)


async def differences() -> list[str]:
    """What `danchu audit` says, in English."""
    return [getattr(line, "en", line) for line in await audit(ScoringSettings(), SERVICES)]


async def tamper(town: Town, edit: Edit, event: Recorded) -> None:
    """Edits the database of scoring past danchu."""
    async with town.database("scoring") as db, db.write() as conn:
        if edit.statement == ENTRY:
            values = {"identity": event.identity}
            await conn.execute(text(f"DELETE FROM ledger {ONE}"), values)
        values = {"identity": event.identity, **edit.values(event)}
        names = {name: values[name] for name in values if f":{name}" in edit.statement}
        await conn.execute(text(edit.statement), names)


async def knows_own_door(town: Town) -> bool:
    """Whether scoring has heard of its own door, which announces itself after the events."""
    async with town.database("scoring") as db, db.read() as conn:
        return any(door.name.startswith("scoring.") for door in await doors.load(conn))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_edit_that_changes_an_answer_is_named(town: Town) -> None:
    """Of the ledger, the doors, the position, the quarantine and what was set aside."""
    async with town.running():
        await eventually(lambda: knows_own_door(town))
    backup: Rows = await town.saved("scoring")
    raws = [decode(row["raw"]) for row in backup["ledger"]]
    event = next(each for each in raws if each.kind.short == "disclosure.due")
    assert await differences() == []
    for edit in EDITS:
        await tamper(town, edit, event)
        lines = await differences()
        assert any(edit.words in line for line in lines), (edit.statement, lines)
        await town.restore("scoring", backup)
    assert await differences() == []
    async with town.database("scoring") as db, db.write() as conn:
        await conn.execute(text("UPDATE ledger SET door = NULL"))
    lines = await differences()
    ids = [each.event.id for each in sorted(raws, key=lambda each: each.recorded)]
    without = [line for line in lines if "as recorded by no door" in line]
    assert all(f" {id_} " in line for id_, line in zip(ids, without, strict=True)), lines
    await town.restore("scoring", backup)
    intake = await town.saved("intake")
    async with town.database("intake") as db, db.write() as conn:
        await conn.execute(text("UPDATE outbox SET recorded = recorded + 1 WHERE seq = 1"))
    lines = await differences()
    assert any("in the outbox of intake does not follow" in line for line in lines), lines
    await town.restore("intake", intake)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_rebuilt_scoring_asks_again_for_a_door_that_was_retired(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retirement is in no other database, and its own former door is gone too: the audit names
    each door and the command."""
    monkeypatch.setattr(door_operations, "SILENT_US", 0)
    before = {door.name.partition(".")[0]: door.name for door in await stored(town)}
    await town.empty("intake")
    gone = [before["intake"]]
    for _ in range(2):
        async with town.running() as road:
            await town.whole(road)
        lines = [line for line in await differences() if "no outbox has it" not in line]
        assert len(lines) == len(gone), lines
        for door, line in zip(gone, lines, strict=True):
            assert f"`danchu door retire {door}`" in line
            await operator.retire_door(ScoringSettings(), door)
        assert all("no outbox has it" in line for line in await differences())
        await town.empty("scoring")
        gone = [before["intake"], before["scoring"]]


async def stored(town: Town) -> list[DoorState]:
    """What scoring knows of the doors."""
    async with town.database("scoring") as db, db.read() as conn:
        return await doors.load(conn)
