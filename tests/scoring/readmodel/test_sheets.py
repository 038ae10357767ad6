"""A sheet that is kept says what one that is made anew would say."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from contracts.catalog import CANONICAL
from services.chassis.clock import Clock, fixed
from services.scoring.queries import books
from services.scoring.ratings.sheet import next_class, sheet
from services.scoring.ratings.sheet.json import sheet_members
from services.scoring.readmodel import sheets
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import Fold, folding
from tests.support.builders.cities import NOW, accepted, city, rubrics

pytestmark = pytest.mark.anyio
YEAR, UNITS = 2025, ("H44.1", "H44.2")
VIEWS = (None, "own", "pooled")
TODAY = fixed(NOW)


def event(id_: str, short: str, unit: str, time: str, **data: Any) -> dict[str, Any]:
    """A CloudEvent of one source."""
    return {
        "specversion": "1.0", "id": id_, "source": "urn:one", "type": CANONICAL[short].type,
        "subject": unit, "time": time, "data": data,
    }  # fmt: skip


def registered() -> Iterator[dict[str, Any]]:
    """Two communes, the first with a duty that is due on 30 November 2025."""
    for unit in UNITS:
        begun = "2025-01-01T00:00:00Z"
        yield event(unit, "unit.registered", unit, begun, name=unit, kind="commune")
    yield event(
        "due", "disclosure.due", UNITS[0], "2025-02-01T00:00:00Z", item="b", due="2025-11-30"
    )


class Hands:
    """A clock that is set by hand."""

    def __init__(self, text: str) -> None:
        self.now = moments.instant(text)

    def __call__(self) -> int:
        return self.now


@asynccontextmanager
async def town(folder: Path, clock: Clock = TODAY) -> AsyncIterator[tuple[Fold, Reading]]:
    """The two communes, folded, and the queries about them."""
    ours = load_directory(SHIPPED)
    async with folding(f"sqlite:///{folder / 'x.db'}", ours) as fold:
        await fold.fold(accepted(registered()))
        yield fold, Reading(fold.db, Snapshots(fold.db, ours), clock)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_a_kept_sheet_is_that_which_would_be_made_anew(tmp_path: Path, seed: int) -> None:
    """After each batch of a random city: of all units, in each view, with everything on it."""
    raws, year = city(seed, 6, 330)
    _, ours = rubrics(seed, tmp_path)
    events, dice, kept = accepted(raws), random.Random(seed), 0
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        reading = Reading(fold.db, Snapshots(fold.db, ours), fixed(NOW))
        await fold.fold(events[:250])
        place = 250
        while place < len(events):
            size = dice.choice((1, 2, 15))
            await fold.fold(events[place : place + size])
            place += size
            anew = Reading(fold.db, Snapshots(fold.db, ours), fixed(NOW))
            for unit in (await anew.snapshot(year)).standings:
                view = dice.choice(VIEWS)
                before = reading.sheets.latest(unit, year, view)
                answer = await reading.sheet(year, unit, view)
                kept += before is not None and before.lines is answer.lines
                assert sheet_members(answer) == sheet_members(await anew.sheet(year, unit, view))
    assert kept


async def test_only_a_change_of_its_own_unit_has_a_sheet_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a second question does, nor another unit; a decision about the unit does."""
    made = list[str]()
    whole = books.cells

    async def counted(conn: Any, book: Any) -> Any:
        made.append(book.unit)
        return await whole(conn, book)

    monkeypatch.setattr(books, "cells", counted)
    async with town(tmp_path) as (fold, reading):
        first = await reading.sheet(YEAR, UNITS[0], None)
        assert (await reading.sheet(YEAR, UNITS[0], None)).lines is first.lines
        other = event(
            "1", "communication.held", UNITS[1], "2025-03-01T00:00:00Z", activity="a", form="portal"
        )
        await fold.fold(accepted([other]))
        assert (await reading.sheet(YEAR, UNITS[0], None)).lines is first.lines
        assert made == [UNITS[0]]
        appeal = event(
            "2", "appeal.filed", UNITS[0], "2025-12-01T00:00:00Z", appeal="KN-1", reason="x"
        )
        await fold.fold(accepted([appeal]))
        assert [each.type for each in (await reading.sheet(YEAR, UNITS[0], None)).appeals]
    assert made == [UNITS[0]] * 2


async def test_a_duty_is_overdue_on_the_next_day_without_any_event(tmp_path: Path) -> None:
    """A kept sheet ends with its day in Vietnam."""
    clock = Hands("2025-11-30T23:59:59+07:00")

    def overdue(answer: Any) -> list[bool]:
        return [duty.overdue for line in answer.lines if line.line.indicator.id == "disclosure"
                for duty in line.details.missing]  # fmt: skip

    async with town(tmp_path, clock) as (_, reading):
        first = await reading.sheet(YEAR, UNITS[0], None)
        clock.now += 1_000_000
        second = await reading.sheet(YEAR, UNITS[0], None)
        clock.now -= 1_000_000  # set back, as servers of time do
        third = await reading.sheet(YEAR, UNITS[0], None)
    assert [overdue(each) for each in (first, second, third)] == [[False], [True], [False]]


async def test_an_event_of_a_later_time_ends_a_sheet_when_that_time_comes(tmp_path: Path) -> None:
    """What is done now stands before such an event only until then."""
    clock = Hands("2025-06-01T10:00:00+07:00")
    async with town(tmp_path, clock) as (fold, reading):
        done = event(
            "3", "communication.held", UNITS[0], "2025-06-01T10:05:00+07:00", activity="a",
            form="portal",
        )  # fmt: skip
        await fold.fold(accepted([done]))
        first = await reading.sheet(YEAR, UNITS[0], None)
        clock.now += 60_000_000
        assert (await reading.sheet(YEAR, UNITS[0], None)).lines is first.lines
        clock.now += 5 * 60_000_000
        assert (await reading.sheet(YEAR, UNITS[0], None)).lines is not first.lines


async def test_what_lies_before_the_next_class_is_found_again_when_its_rivals_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when nothing of them has changed: a question more costs nothing."""
    calls = list[Any]()
    whole = next_class.next_class

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return whole(*arguments)

    monkeypatch.setattr(sheet, "next_class", counted)
    async with town(tmp_path) as (_, reading):
        for _ in range(3):
            await reading.sheet(YEAR, UNITS[0], None)
    assert len(calls) == 1


async def test_a_rival_that_moves_is_seen_on_a_sheet_that_is_kept(tmp_path: Path) -> None:
    """The points that a place in the top class takes are those of now."""
    text = (SHIPPED / "viet-tri-2025-commune.yaml").read_text(encoding="utf-8")
    for before, after in (("90", "0.03"), ("70", "0.02"), ("50", "0.01")):
        text = text.replace(f'from: "{before}"', f'from: "{after}"')
    gates = text.index("gates:"), text.index("top_class_share:")
    (tmp_path / "rubric.yaml").write_text(text[: gates[0]] + text[gates[1] :], encoding="utf-8")
    ours = load_directory(tmp_path)
    units = [f"H44.{number}" for number in range(1, 6)]
    begun = [
        event(each, "unit.registered", each, "2025-01-01T00:00:00Z", name=each, kind="commune")
        for each in units
    ]

    def held(unit: str, number: int) -> dict[str, Any]:
        time = f"2025-03-0{number}T00:00:00Z"
        return event(
            f"{unit}-{number}", "communication.held", unit, time, activity=f"{number}",
            form="portal",
        )  # fmt: skip

    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        reading = Reading(fold.db, Snapshots(fold.db, ours), TODAY)
        ones = [held(unit, 1) for unit in units]
        await fold.fold(accepted([*begun, *ones, held(units[0], 2)]))
        first = await reading.sheet(YEAR, units[1], None)
        await fold.fold(accepted([held(units[0], 3)]))
        second = await reading.sheet(YEAR, units[1], None)
    gaps = [each.next_class.share for each in (first, second) if each.next_class is not None]
    assert second.lines is first.lines
    assert gaps[0] is not None and gaps[1] is not None
    assert 0 < (gaps[0].behind or 0) < (gaps[1].behind or 0)


async def test_so_many_sheets_stay_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was read longest ago goes first."""
    monkeypatch.setattr(sheets, "SHEETS_MAX", 1)
    async with town(tmp_path) as (_, reading):
        for unit in UNITS:
            await reading.sheet(YEAR, unit, None)
        kept = [reading.sheets.latest(unit, YEAR, None) is not None for unit in UNITS]
    assert kept == [False, True]
