"""All years are read by as many statements as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from services.chassis.clock import fixed
from services.scoring.errors import YearUnknown
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.readmodel.years import YEARS_BACK, Years
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Rubrics
from tests.scoring.folding import folding
from tests.scoring.test_road import registered
from tests.scoring.year_events import year_of_two_versions
from tests.support.builders import events as builders
from tests.support.builders.cities import NOW, accepted

pytestmark = pytest.mark.anyio
APPEAL = builders.event(
    "k", "appeal.filed", subject="H44.1",
    data={"appeal": "kn-1", "reason": "Thiếu điểm", "year": 2026},
)  # fmt: skip


async def test_all_years_cost_as_many_statements_as_one(tmp_path: Path, database_url: str) -> None:
    """A sealed one and open ones, also those in which nothing ever happened."""
    shipped = load_directory(SHIPPED)
    rubrics = Rubrics(tuple(replace(each, first_year=2000) for each in shipped.items))
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    async with folding(database_url, rubrics) as fold:
        events = [*accepted([registered("H44.1"), APPEAL]), *year_of_two_versions(2025)]
        await fold.fold(events)
        years = Years(fold.db, rubrics, fixed(NOW), Snapshots(fold.db, rubrics))
        await years.views()
        async with fold.db.read() as conn:
            engine = conn.sync_connection.engine  # type: ignore[union-attr]
        event.listen(engine, "before_cursor_execute", note)
        views = await years.views()
        number = len(statements)
        single = [await years.view(view.state.year) for view in views]
        event.remove(engine, "before_cursor_execute", note)
    assert len(views) > YEARS_BACK / 2 and views == single
    assert number <= 12, statements[:number]
    stages = {view.state.year: (view.state.stage, len(view.undecided)) for view in views}
    assert stages[2025] == ("sealed", 0)
    assert stages[2026] == ("open", 1)


async def test_a_year_of_which_nothing_is_known_is_refused_by_name(tmp_path: Path) -> None:
    """No rubric rates it, and nothing was decided on it."""
    rubrics = load_directory(SHIPPED)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", rubrics) as fold:
        years = Years(fold.db, rubrics, fixed(NOW), Snapshots(fold.db, rubrics))
        with pytest.raises(YearUnknown):
            await years.view(1999)
