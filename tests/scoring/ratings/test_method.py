"""Work and method: two parts of a difference of two years, which add up to the hundredth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.scoring.ratings import recount
from services.scoring.ratings.contributions import contributions
from services.scoring.ratings.json_what_if import comparison_members
from services.scoring.ratings.method import compare
from services.scoring.ratings.recount import Accepted
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.loader import load
from services.scoring.rubrics.model import Rubrics
from tests.oracle import rate
from tests.oracle.generate_rubric import rubric
from tests.support.builders.cities import accepted, city

YEAR, OTHER = 2025, 2024
Raw = dict[str, Any]


def hundredths(text: str) -> int:
    """Points in hundredths."""
    return int(text.replace(".", ""))


def standings(accepted: Accepted, raw: Raw, folder: Path, year: int) -> dict[str, Standing]:
    """Every unit of a year under a rubric, by a recount."""
    YAML(typ="safe", pure=True).dump(raw, folder / "rubric.yaml")
    return recount.standings(accepted, Rubrics((load(folder / "rubric.yaml"),)), year)


@pytest.mark.parametrize("seed", range(20))
def test_work_and_method_add_up_for_every_unit_of_a_random_city(seed: int, tmp_path: Path) -> None:
    """Each part is what the oracle's totals give, and the sum of its indicators and other parts."""
    events, _ = city(seed, 5, 110)
    own, others = ({**rubric(each), "years": {"from": 2020}} for each in (seed, seed + 100))
    deliveries = Accepted(accepted(events))
    now, reckoned, other = (
        standings(deliveries, raw, tmp_path, year)
        for raw, year in ((own, YEAR), (others, YEAR), (others, OTHER))
    )
    totals = [
        {unit: hundredths(rating["total"]) for unit, rating in rate(events, [raw], year).items()}
        for raw, year in ((own, YEAR), (others, YEAR), (others, OTHER))
    ]
    assert now.keys() & other.keys()
    for unit in now.keys() & other.keys():
        three = (each[unit].assessment for each in (now, reckoned, other))
        comparison = comparison_members(compare(unit, "", (YEAR, OTHER), *three))
        t_own, t_reckoned, t_other = (each[unit] for each in totals)
        work, method = (hundredths(comparison[part]) for part in ("work", "method"))
        assert (work, method) == (t_reckoned - t_other, t_own - t_reckoned)
        assert hundredths(comparison["difference"]) == work + method == t_own - t_other
        for part in ("work", "method", "difference"):
            items = [*comparison["indicators"], *comparison["parts"]]
            assert sum(hundredths(item[part]) for item in items) == hundredths(comparison[part])


def test_an_indicator_that_the_other_rubric_does_not_know_is_method(tmp_path: Path) -> None:
    """It is all of its score, and no work; one of the other rubric alone takes its work back."""
    events, _ = city(3, 6, 220)
    own, others = ({**rubric(each), "years": {"from": 2020}} for each in (3, 3))
    name = own["indicators"][-1]["id"]
    own["indicators"][-1]["id"] = "of-its-own"
    deliveries = Accepted(accepted(events))
    now, reckoned, other = (
        standings(deliveries, raw, tmp_path, year)
        for raw, year in ((own, YEAR), (others, YEAR), (others, OTHER))
    )
    for unit in now.keys() & other.keys():
        three = (each[unit].assessment for each in (now, reckoned, other))
        comparison = compare(unit, "", (YEAR, OTHER), *three)
        effects = {each.indicator.id: each for each in comparison.indicators}
        alone, foreign = effects["of-its-own"], effects[name]
        assert (alone.reckoned, alone.other, alone.effect.work) == (None, None, 0)
        assert alone.effect.method == alone.points
        assert foreign.points is None
        assert foreign.effect.method == -(foreign.reckoned or 0)


def test_a_total_is_the_sum_of_its_contributions(tmp_path: Path) -> None:
    """With left-out indicators, adjustments over the limit and totals at a bound."""
    for seed in range(3):
        events, year = city(seed, 5, 150)
        by_unit = standings(Accepted(accepted(events)), rubric(seed), tmp_path, year)
        for standing in by_unit.values():
            parts = contributions(standing.assessment)
            whole = sum(parts.indicators.values()) + sum(parts.parts.values())
            assert whole == standing.assessment.total
