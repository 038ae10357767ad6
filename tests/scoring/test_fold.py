"""The fold on both databases against the recount and the naive oracle, in any order and batches."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from services.scoring.recount import Accepted, ratings
from tests.oracle import rate
from tests.scoring.cities import accepted, city, compared, rubrics
from tests.scoring.folding import folding, split

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(8))
async def test_a_city_in_any_order_and_batches_is_rated_as_the_oracle_rates_it(
    seed: int, tmp_path: Path, database_url: str
) -> None:
    """Totals, scores, classes, ranks and emptiness agree, and facts are those of one batch."""
    chance = random.Random(seed)
    events, year = city(seed, 10, 600)
    raw, ours = rubrics(seed, tmp_path)
    said = accepted(events)
    expected = compared(rate(events, raw, year))
    chance.shuffle(said)
    sizes = [chance.choice((1, 2, 7, 40, 200)) for _ in range(60)]
    async with folding(database_url, ours) as fold:
        for batch in split(said, sizes):
            again = chance.sample(said, min(5, len(said)))
            await fold.fold([*batch, *again[:2]])
            await fold.fold([one for one in again if one in batch])
        await fold.fold(said)
        assert compared(await fold.ratings(year)) == expected
        assert expected == compared(ratings(Accepted(said), ours, year))
