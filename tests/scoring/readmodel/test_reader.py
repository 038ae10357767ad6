"""A sheet is of the same commit as its rating, or it is not answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import fixed
from services.chassis.http.problems import Problem
from services.scoring.queries import books
from services.scoring.readmodel.reader import SHEET_TRIES, Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import folding
from tests.scoring.readmodel.test_snapshot import YEAR, register
from tests.support.builders.cities import NOW, accepted

pytestmark = pytest.mark.anyio


async def test_a_sheet_that_the_fold_overtakes_again_and_again_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many reads the answer is 503, and says when to try again."""
    reads: list[Any] = []

    async def newer(_: Any, book: Any) -> int:
        reads.append(book)
        return 10**6

    rubrics = load_directory(SHIPPED)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", rubrics) as fold:
        await fold.fold(accepted(register("A", "2025-01-01")))
        reading = Reading(fold.db, Snapshots(fold.db, rubrics), fixed(NOW))
        assert (await reading.sheet(YEAR, "A", None)).rating.unit == "A"
        monkeypatch.setattr(books, "stamp", newer)
        with pytest.raises(Problem) as refusal:
            await reading.sheet(YEAR, "A", "own")
    assert len(reads) == SHEET_TRIES
    assert refusal.value.status == 503
    assert int((refusal.value.headers or {})["Retry-After"]) > 0
