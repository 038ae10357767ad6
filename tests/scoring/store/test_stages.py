"""The decisions on the stages of years, on both databases."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import stages
from services.scoring.year.stages import RubricText, YearDecision
from tests.scoring.folding import folding

pytestmark = pytest.mark.anyio


async def test_a_decision_is_read_as_it_was_saved(database_url: str) -> None:
    """Each field of each stage; a second save of the event changes its time alone."""
    rubric = RubricText("commune", "id: commune\r\nvi: \ufeffXã\n")
    published = YearDecision(
        stage="provisional", version=1, decision="1/QĐ", at=10, date="2026-01-05",
        reason="Công bố", by="Hội đồng", cut_off=10, reply_until=20,
    )  # fmt: skip
    sealed = YearDecision(
        stage="sealed", version=1, decision="2/QĐ", at=30, date="2026-01-15", reason="Chốt",
        by="Vận hành", cut=25, by_auditor="Thanh tra", note="a\n\nb\n", rubrics=(rubric,),
    )  # fmt: skip
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        async with fold.db.write() as conn:
            await stages.add(conn, b"1" * 16, 2025, published)
            await stages.add(conn, b"2" * 16, 2025, sealed)
            await stages.add(conn, b"3" * 16, 2024, published)
            await stages.add(conn, b"2" * 16, 2025, replace(sealed, at=31))
        async with fold.db.read() as conn:
            state = await stages.load(conn, 2025)
            texts = [await stages.rubrics(conn, 2025, version) for version in (1, 2)]
            years = await stages.years(conn)
    moved = replace(sealed, at=31, rubrics=())
    assert state.decisions == (published, moved)
    assert texts == [(rubric,), ()] and years == [2024, 2025]
