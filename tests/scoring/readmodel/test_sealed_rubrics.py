"""A start says where the folder of rubrics differs from what was sealed."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.messages import Message
from services.scoring.readmodel.sealed_rubrics import AGREES, SealedRubrics
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Rubrics
from tests.scoring.folding import folding
from tests.scoring.year_events import year_event

pytestmark = pytest.mark.anyio


async def test_each_rubric_of_a_sealed_year_that_the_folder_has_otherwise_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Exchanged or gone, by id and year; a year that is not sealed any more goes by the folder."""
    rubrics = load_directory(SHIPPED)
    first, second = sorted(rubrics.items, key=lambda rubric: rubric.id)
    exchanged = Rubrics((replace(first, digest="0" * 64), second))
    sealed = year_event(
        "year.sealed", "2026-01-20T02:00:00Z", "2", version=1, cut="2026-01-19T02:00:00Z",
        note="x", rubrics=[{"id": each.id, "text": each.text} for each in rubrics.items],
    )  # fmt: skip
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", rubrics) as fold:
        await fold.fold([year_event("year.provisional", "2026-01-05T02:00:00Z", "1", version=1)])
        await fold.fold([sealed])
        kept = SealedRubrics(fold.db, rubrics)
        changed = SealedRubrics(fold.db, exchanged)
        assert (await kept.warn(), await kept.check()) == ({}, AGREES)
        with caplog.at_level(logging.WARNING):
            assert await changed.warn() == {2025: [first.id]}
        assert [record.rubrics for record in caplog.records] == [first.id]  # type: ignore[attr-defined]
        sentence = await changed.check()
        assert isinstance(sentence, Message) and f"2025: {first.id}" in sentence.vi
        assert f"2025: {first.id}" in sentence.en
        assert await SealedRubrics(fold.db, Rubrics((first,))).differing() == {2025: [second.id]}
        await fold.fold([year_event("year.reopened", "2026-03-01T02:00:00Z", "3", version=2)])
        assert (await changed.differing(), await changed.check()) == ({}, AGREES)
