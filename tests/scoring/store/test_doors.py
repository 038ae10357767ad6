"""Marks are held against what arrived: exactly as many, neither less nor more."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from contracts import door
from contracts.envelope import stream_subject, with_recordedtime
from services.chassis.broker.openness import PROBE_SUBJECT
from services.chassis.marks import Mark
from services.scoring.handlers.batch import Delivery
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import doors, position
from services.scoring.store.door_state import ALARM_US, DoorLabel, DoorState, apply_mark
from tests.scoring.folding import Fold, folding
from tests.scoring.test_road import due, registered

pytestmark = pytest.mark.anyio
NAME, NEXT = "intake.00000001", "intake.00000002"


def message(number: int, recorded: int, name: str = NAME) -> Delivery:
    """An event as a door sent it."""
    event = due("H44.1", f"d{number}") if number else registered("H44.1")
    _, (read,) = door.read(json.dumps(event).encode(), door.SINGLE, 2_000_000_000_000_000)
    assert isinstance(read, door.Emitted)
    subject = stream_subject(read.event.subject, read.kind.short)
    return Delivery(read.body(recorded), subject, number + 1, name)


async def compared(fold: Fold, *marks: Mark, now: int = 1) -> dict[str, DoorState]:
    """What is known of the doors after these marks."""
    async with fold.db.write() as conn:
        await position.lock(conn)
        return {each.name: each for each in await doors.compare(conn, marks, now)}


async def reasons(fold: Fold) -> list[str]:
    """Why what is in quarantine is there."""
    async with fold.db.read() as conn:
        rows = await conn.execute(text("SELECT reason FROM quarantine ORDER BY reason"))
        return [row[0] for row in rows]


@given(
    st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9),
    st.none() | st.integers(0, 9), st.booleans(),
)  # fmt: skip
def test_a_mark_holds_with_exactly_its_number(
    until: int, events: int, arrived: int, until_held: int, since: int | None, ends: bool
) -> None:
    """Only what is exact moves the mark that holds, and no mark moves it back silently."""
    before = DoorState(1, NAME, held_until=until_held, held_events=until_held, differs_since=since)
    after = apply_mark(before, Mark(NAME, until, events, NEXT if ends else None), arrived, 20)
    if ends and until <= until_held:
        assert (
            after.is_closed
            and after.differs_since is None
            and after.proven_mark == before.proven_mark
        )
    elif arrived == events:
        assert after.proven_mark == Mark(NAME, until, events) and after.differs_since is None
    else:
        assert after.proven_mark == before.proven_mark
        assert after.differs_since == (20 if since is None else since)
        assert (after.alarm(19 + ALARM_US) is None) == (since is None or since > 19)


async def folded(fold: Fold, messages: Sequence[Delivery]) -> tuple[int, int, int]:
    """New events, duplicates, quarantined."""
    outcome = await fold.folder.fold(messages)
    return outcome[0], outcome[1], outcome[2]


async def test_a_mark_holds_when_ledger_and_quarantine_have_as_many(database_url: str) -> None:
    """What breaks the contract was recorded too, and what is missing is counted."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        broken = Delivery(b'{"recordedtime":"1970-01-01T00:00:00.000003Z","x":1}', "s", 3, NAME)
        await folded(fold, [message(0, 1), message(1, 2), broken])
        state = (await compared(fold, Mark(NAME, 9, 4), now=5))[NAME]
        assert (state.arrived, state.differs_since, state.held_until) == (3, 5, 0)
        why = state.alarm(5 + ALARM_US)
        assert why is not None and NAME in why and "1 of them" in why and "danchu resend" in why
        await folded(fold, [message(2, 4)])
        state = (await compared(fold, Mark(NAME, 9, 4), now=6))[NAME]
        assert (state.proven_mark, state.differs_since) == (Mark(NAME, 9, 4), None)


async def test_what_comes_at_or_below_a_mark_that_holds_is_quarantined(database_url: str) -> None:
    """Accepted anew it has a later moment; what came before is a duplicate all the same."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        await folded(fold, [message(0, 1)])
        await compared(fold, Mark(NAME, 10, 1))
        assert await folded(fold, [message(1, 10), message(0, 1)]) == (0, 1, 1)
        assert await reasons(fold) == [doors.BELOW_MARK]
        assert await folded(fold, [message(2, 11)]) == (1, 0, 0)
        state = (await compared(fold, Mark(NAME, 20, 2)))[NAME]
        assert state.held_events == 2
        late = message(1, 10)
        anew = Delivery(with_recordedtime(late.raw, 21), late.subject, 0)
        assert await folded(fold, [anew]) == (1, 0, 0)


async def test_what_a_restored_door_recorded_again_is_counted_for_it(database_url: str) -> None:
    """Its events are known by their identity; its mark counts them all the same, once each."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        broken = b'{"recordedtime":"1970-01-01T00:00:00.000003Z","x":1}'
        first = [message(0, 1), message(1, 2), Delivery(broken, "s", 3, NAME)]
        again = [message(0, 1, NEXT), message(1, 7, NEXT), Delivery(broken, "s", 3, NEXT)]
        await folded(fold, first)
        for _ in range(2):
            assert await folded(fold, again) == (0, 2, 0)
        assert await folded(fold, [message(2, 8, NEXT), message(2, 8, NEXT)]) == (1, 1, 0)
        known = await compared(fold, Mark(NAME, 9, 3, NEXT), Mark(NEXT, 9, 4))
        assert known[NAME].is_closed and known[NAME].held_events == 3
        assert known[NEXT].held_events == 4


async def test_more_than_a_door_says_is_said_too(database_url: str) -> None:
    """A loss cannot hide behind what a restored door forgot."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        await folded(fold, [message(0, 1), message(1, 2)])
        state = (await compared(fold, Mark(NAME, 9, 1), now=3))[NAME]
        why = state.alarm(3 + ALARM_US)
        assert why is not None and "1 more" in why and "restored" in why
        closed = (await compared(fold, Mark(NAME, 0, 0, NEXT)))[NAME]
        assert closed.is_closed and closed.alarm(2**62) is None


async def test_events_of_a_door_that_announced_nothing_are_an_alarm(database_url: str) -> None:
    """Somebody invented its name, or its service does not run; its first mark ends the alarm."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        await folded(fold, [message(0, 1, NEXT)])
        for now in (3, 4):
            state = (await compared(fold, Mark(NAME, 9, 0), now=now))[NEXT]
            assert (state.differs_since, state.arrived, state.held_until) == (3, 1, 0)
        why = state.alarm(3 + ALARM_US)
        assert why is not None and NEXT in why and "audit" in why and "1 event has" in why
        assert state.alarm(2 + ALARM_US) is None
        assert (await compared(fold, Mark(NEXT, 9, 1)))[NEXT].differs_since is None


async def test_a_message_without_a_door_counts_only_where_nobody_else_writes(
    database_url: str,
) -> None:
    """An earlier version sent it, or somebody forged it; what is in the ledger already stays."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        forged = message(0, 1, "")._replace(may_be_forged=True)
        unnamed = message(1, 2, "intake.x")._replace(may_be_forged=True)
        genuine = message(2, 3)._replace(may_be_forged=True)
        assert await folded(fold, [forged, unnamed, genuine]) == (1, 0, 2)
        assert await reasons(fold) == ["authorship", "authorship"]
        assert await folded(fold, [message(0, 1, "")]) == (1, 0, 0)
        assert await folded(fold, [forged]) == (0, 1, 0)


async def test_a_probe_that_a_server_stored_would_count_for_nobody(database_url: str) -> None:
    """The last thing that keeps it harmless: it is no event."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        assert await folded(fold, [Delivery(b"", PROBE_SUBJECT, 1)]) == (0, 0, 1)
        assert await reasons(fold) == ["syntax"]


async def test_a_mark_that_vanished_or_went_back_still_counts(database_url: str) -> None:
    """The stream of marks was lost or restored: what was announced is not forgotten."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        await compared(fold, Mark(NAME, 9, 1), now=3)
        for marks in ([], [Mark(NAME, 5, 0)]):
            state = (await compared(fold, *marks, now=4))[NAME]
            assert (state.mark_until, state.differs_since, state.held_until) == (9, 3, 0)
        await folded(fold, [message(0, 1)])
        assert (await compared(fold))[NAME].held_until == 9


async def test_a_door_without_a_right_name_is_none(database_url: str) -> None:
    """A forged header makes no door; the event counts."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        assert await folded(fold, [message(0, 1, "x'; --")]) == (1, 0, 0)
        async with fold.db.read() as conn:
            assert await doors.load(conn) == []


async def test_repeats_are_kept_once(database_url: str) -> None:
    """Whatever comes again and again."""
    async with folding(database_url, load_directory(SHIPPED)) as fold, fold.db.write() as conn:
        for _ in range(2):
            await doors.add_repeats(conn, [DoorLabel(1, 5), DoorLabel(1, 5), DoorLabel(1, 6)])

        assert (await conn.execute(text("SELECT count(*) FROM repeats"))).scalar() == 2


async def test_what_is_kept_in_two_places_counts_once(database_url: str) -> None:
    """An event that went to quarantine first, and into the ledger later, is one event."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        first = message(0, 1)
        await folded(fold, [first._replace(subject="danchu.events.H44-9.disclosure.due")])
        await folded(fold, [first])
        async with fold.db.write() as conn:
            await doors.add_repeats(conn, [DoorLabel(1, 1)])
        state = (await compared(fold, Mark(NAME, 9, 1)))[NAME]
        assert (len(await reasons(fold)), state.arrived, state.held_until) == (1, 1, 9)
