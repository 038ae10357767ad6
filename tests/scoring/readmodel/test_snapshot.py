"""A snapshot that is moved says the same as one that is read whole."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from contracts.catalog import CANONICAL
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import folding
from tests.support.builders.cities import accepted

pytestmark = pytest.mark.anyio
YEAR = 2025


def event(id_: str, short: str, subject: str, time: str, **data: Any) -> dict[str, Any]:
    """A CloudEvent of one source."""
    return {
        "specversion": "1.0", "id": id_, "source": "urn:one", "type": CANONICAL[short].type,
        "subject": subject, "time": time, "data": data,
    }  # fmt: skip


def result(id_: str, subject: str, time: str, name: str) -> dict[str, Any]:
    """A result that is shown beside the rating."""
    return event(id_, "result.reported", subject, time, result=name, score=80, maximum=100)


def register(unit: str, code_from: str) -> list[dict[str, Any]]:
    """A commune that holds the code OLD from a date on."""
    begun = "2025-01-01T00:00:00Z"
    return [
        event(f"r-{unit}", "unit.registered", unit, begun, name=unit, kind="commune"),
        event(f"c-{unit}", "unit.recoded", unit, begun, code="OLD", effective=code_from),
    ]


async def test_results_of_a_shared_code_and_retracted_results_are_followed(
    tmp_path: Path,
) -> None:
    """A unit that was not touched keeps its results; one whose result is retracted loses it."""
    first = [
        *register("A", "2025-01-01"),
        *register("B", "2025-06-01"),
        result("1", "B", "2025-07-01T00:00:00Z", "administrative_reform"),
        result("2", "OLD", "2025-07-02T00:00:00Z", "professional_tasks"),
        result("3", "A", "2025-02-01T00:00:00Z", "professional_tasks"),
    ]
    retraction = event(
        "4", "event.retracted", "A", "2025-03-01T00:00:00Z", source="urn:one", id="3", reason="x"
    )
    rubrics = load_directory(SHIPPED)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", rubrics) as fold:
        snapshots = Snapshots(fold.db, rubrics)
        await fold.fold(accepted(first))
        before = await snapshots.of(YEAR)
        await fold.fold(accepted([retraction]))
        moved = await snapshots.of(YEAR)
        whole = await Snapshots(fold.db, rubrics).of(YEAR)
        assert [r.result for r in before.rating("A").results] == ["professional_tasks"]
        assert moved.rating("A") == whole.rating("A")
        assert not moved.rating("A").results
        assert moved.rating("B") == whole.rating("B") == before.rating("B")
        assert len(moved.rating("B").results) == 2


async def test_a_database_that_is_restored_beneath_it_is_read_anew(tmp_path: Path) -> None:
    """What was forgotten is not shown any longer, also once other events were folded since."""
    rubrics, file = load_directory(SHIPPED), tmp_path / "x.db"

    def copied(source: Path, target: Path) -> None:
        with (
            contextlib.closing(sqlite3.connect(source)) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)

    def shown(number: int) -> Any:
        time = f"2025-0{number}-01T00:00:00Z"
        body = event(
            f"{number}", "communication.held", "A", time, activity=f"{number}", form="portal"
        )
        return accepted([body])

    async with folding(f"sqlite:///{file}", rubrics) as fold:
        snapshots = Snapshots(fold.db, rubrics)
        await fold.fold(accepted(register("A", "2025-01-01")))
        before = (await snapshots.of(YEAR)).rating("A")
        copied(file, tmp_path / "copy.db")
        for number in (1, 2, 3):
            await fold.fold(shown(number))
        assert (await snapshots.of(YEAR)).rating("A") != before
        copied(tmp_path / "copy.db", file)
        assert (await snapshots.of(YEAR)).rating("A") == before
        await fold.fold(shown(4))
        whole = await Snapshots(fold.db, rubrics).of(YEAR)
        assert (await snapshots.of(YEAR)).rating("A") == whole.rating("A")


async def test_years_without_facts_do_not_make_the_busy_year_cold(tmp_path: Path) -> None:
    """Whoever asks for many empty years has others read nothing anew."""
    rubrics = load_directory(SHIPPED)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", rubrics) as fold:
        snapshots = Snapshots(fold.db, rubrics)
        done = event("m", "model.nominated", "A", "2025-03-01T00:00:00Z", model="m", title="t")
        await fold.fold(accepted([*register("A", "2025-01-01"), done]))
        busy = await snapshots.of(YEAR)
        for year in range(2030, 2050):
            await snapshots.of(year)
        assert await snapshots.of(YEAR) is busy
