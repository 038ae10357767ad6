"""Which units are silent, and what each did last: by one lookup for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as engine_event

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import fixed
from services.scoring.queries.activity import last_events
from services.scoring.readmodel.activity import SILENT_DAYS, activity, silent
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.answering import Answering, answering
from tests.scoring.folding import Fold, folding
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import Visiting
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
YEAR = 2025
CITY = [
    registered("H44.1", "Phường Dữu Lâu"), due("H44.1", "a"), published("H44.1", "a"),
    registered("H44.2", "Xã <b>Sông Lô</b>"), registered("H44.3", "Xã đã nhập"),
    event("code", "unit.recoded", subject="H44.1", data={"code": "X.1", "effective": "2025-02-01"}),
    {**published("X.1", "b", "2025-09-01T08:00:00+07:00"), "id": "by-code"},
    event("end", "unit.dissolved", subject="H44.3", data={"effective": "2025-08-01"}),
]  # fmt: skip
LAST = moments.instant("2025-09-01T08:00:00+07:00")


@pytest.fixture
async def fold(database_url: str) -> AsyncIterator[Fold]:
    """A folded city on either database: one unit that works, one that never did, one that ended."""
    async with folding(database_url, load_directory(SHIPPED)) as made:
        await made.fold(accepted(CITY))
        yield made


async def test_a_unit_is_silent_after_sixty_days_without_an_event(fold: Fold) -> None:
    """Counted by all its codes; from the beginning of the year where it has none; never once it
    has ended; in a year that is over up to its end."""
    expected = {
        "2025-02-15T00:00:00Z": {"H44.1": 0, "H44.2": 45, "H44.3": 45},
        "2025-10-31T00:59:59Z": {"H44.1": 59, "H44.2": 303, "H44.3": None},
        "2025-10-31T01:00:00Z": {"H44.1": 60, "H44.2": 303, "H44.3": None},
        "2032-01-01T00:00:00Z": {"H44.1": 121, "H44.2": 365, "H44.3": None},
    }
    for at, days in expected.items():
        now = moments.instant(at)
        reading = Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(now))
        snapshot = await reading.snapshot(YEAR)
        rows = await activity(reading, snapshot, list(snapshot.standings))
        assert {row.unit: row.days for row in rows} == days, at
        ended = days["H44.3"] is None
        order = ["H44.2", "H44.1", "H44.3"] if ended else ["H44.2", "H44.3", "H44.1"]
        assert [row.unit for row in rows] == order
        (works,) = (row for row in rows if row.unit == "H44.1")
        assert (works.time, works.type) == (LAST, "disclosure.published")
        quiet = [unit for unit, number in days.items() if number and number >= SILENT_DAYS]
        assert {row.unit for row in silent(rows)} == set(quiet)
        assert [row.days for row in silent(rows)] == sorted(
            (days[unit] or 0 for unit in quiet), reverse=True
        )


async def test_what_was_recorded_after_the_cut_is_not_of_a_sealed_year(fold: Fold) -> None:
    """And what was taken back has not happened; without subjects nothing is asked."""
    reading = Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(LAST))
    async with reading.db.read() as conn:
        assert await last_events(conn, YEAR, [], None) == {}
        assert await last_events(conn, YEAR, ["H44.1"], 0) == {}
        before = await last_events(conn, YEAR, ["X.1", "H44.1"], None)
    assert before["X.1"].time == LAST and before["H44.1"].type == "disclosure.published"
    back = event("back", "event.retracted", subject="X.1", time="2025-09-02T08:00:00+07:00",
                 data={"source": "/portal/a", "id": "by-code", "reason": "x"})  # fmt: skip
    await fold.fold(accepted([back]))
    async with reading.db.read() as conn:
        assert "X.1" not in await last_events(conn, YEAR, ["X.1"], None)


async def test_sqlite_looks_into_the_index_of_units(tmp_path: Path) -> None:
    """Never into that of the year, which is of all units."""
    plans: list[str] = []
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold, fold.db.read() as conn:
        statements: list[tuple[str, Any]] = []

        def note(_: object, __: object, statement: str, values: object, *___: object) -> None:
            if statement.startswith("WITH latest"):
                statements.append((statement, values))

        engine_event.listen(conn.sync_connection, "before_cursor_execute", note)
        await last_events(conn, YEAR, ["a", "b"], None)
        await last_events(conn, YEAR, ["a", "b"], 1)
        engine_event.remove(conn.sync_connection, "before_cursor_execute", note)
        for statement, values in statements:
            rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append(str(rows.all()))
    assert len(plans) == 2
    for plan in plans:
        assert plan.count("INDEX ledger_unit ") == 2 and "SCAN ledger" not in plan


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring with the city."""
    async with answering(home, f"sqlite:///{tmp_path / 'scoring.db'}", issuer, CITY) as made:
        yield made


async def test_the_overview_names_who_moved_and_who_is_silent(city: Answering) -> None:
    """Each to those who may see it; the figures of the fold to operator and auditor alone."""
    visiting = Visiting(city.app)
    page = await visiting.ask("GET", f"/years/{YEAR}", "hr")
    assert page.status_code == 200 and "không có sự kiện nào từ 01/09/2025" in page.text
    assert "&lt;b&gt;Sông Lô&lt;/b&gt;</a>: chưa có sự kiện nào" in page.text
    assert "Đơn vị im lặng: 2" in page.text and "Sự kiện chưa tính" not in page.text
    operator = await visiting.ask("GET", f"/years/{YEAR}", "operator")
    assert "Sự kiện chưa tính" in operator.text and "không đọc được luồng" in operator.text
    own = await visiting.ask("GET", f"/years/{YEAR}", "reader", units=["H44.1"])
    assert "Sông Lô" not in own.text and "Đơn vị im lặng: 1" in own.text
    every = await visiting.ask("GET", f"/years/{YEAR}/activity", "hr")
    assert every.text.index("Sông Lô") < every.text.index("Dữu Lâu") and "đã kết thúc" in every.text
    alone = await visiting.ask("GET", f"/years/{YEAR}/activity", "reader", units=["H44.1"])
    assert "Dữu Lâu" in alone.text and "Sông Lô" not in alone.text
