"""Two assessments side by side: the lines add up to the difference of the totals."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from services.chassis.web.charts import Step
from services.scoring.ratings import recount
from services.scoring.ratings.method import compare
from services.scoring.ratings.recount import Accepted
from services.scoring.ratings.side_by_side import effects, neighbours, side_by_side
from services.scoring.ratings.standings import Standing
from services.scoring.web.compare_rows import ComparedSide, compare_chart, compare_rows
from tests.support.builders.cities import accepted, city, rubrics


def standings(seed: int, folder: Path) -> list[Standing]:
    """Every unit of a random city; the shipped rubrics for an odd seed, else a random one."""
    events, year = city(seed, 6, 200)
    ours = rubrics(seed, folder)[1]
    return [*recount.standings(Accepted(accepted(events)), ours, year).values()]


@pytest.mark.parametrize("seed", range(6))
def test_the_differences_of_any_two_units_add_up_to_the_hundredth(
    seed: int, tmp_path: Path
) -> None:
    """Also of two kinds with other rubrics; the chart leads from one total to the other."""
    pairs = [*itertools.permutations(standings(seed, tmp_path), 2)]
    assert any(own.assessment.total != other.assessment.total for own, other in pairs)
    for own, other in pairs:
        compared = side_by_side(own.assessment, other.assessment)
        added = sum(line.difference for line in compared.lines)
        added += sum(part.difference for part in compared.parts)
        whole = own.assessment.total - other.assessment.total
        assert added == compared.difference == whole
        rows = compare_rows(compared, {})
        assert sum(row.difference for row in rows) == whole
        chart = compare_chart(ComparedSide("a", "", own), ComparedSide("b", "", other), rows)
        assert chart.bars[-2].sum == chart.bars[-1].step.value == own.assessment.total


@pytest.mark.parametrize("seed", (1, 3))
def test_work_and_method_of_each_line_are_its_difference(seed: int, tmp_path: Path) -> None:
    """And the chart passes the total of the year under the other rubric between both."""
    every = standings(seed, tmp_path)
    third = every[0].assessment
    for own, other in itertools.permutations(every, 2):
        if own.kind != other.kind:
            continue
        comparison = compare("u", "", (2025, 2024), own.assessment, third, other.assessment)
        compared = side_by_side(comparison.own, comparison.other)
        rows = compare_rows(compared, effects(comparison))
        for row in rows:
            assert row.effect is not None
            assert row.effect.work + row.effect.method == row.difference
        step = Step("reckoned", comparison.reckoned_total, tone="total")
        chart = compare_chart(ComparedSide("a", "", own), ComparedSide("b", "", other), rows, step)
        place = chart.bars.index(next(bar for bar in chart.bars if bar.step is step))
        assert chart.bars[place - 1].sum == comparison.reckoned_total
        assert chart.bars[-2].sum == own.assessment.total


def test_the_neighbours_of_a_unit_are_those_of_its_rank(tmp_path: Path) -> None:
    """The best, the next above and the next below, where there is one."""
    communes = [each for each in standings(1, tmp_path) if each.kind == "commune" and each.rank]
    ranked = sorted(communes, key=lambda each: (each.rank or 0, each.unit))
    keys = [each.unit for each in ranked]
    assert len(keys) > 2
    assert neighbours(keys[0], communes) == (None, None, keys[1])
    assert neighbours(keys[1], communes) == (None, keys[0], keys[2] if len(keys) > 2 else None)
    assert neighbours(keys[-1], communes)[1:] == (keys[-2], None)
    assert neighbours("nobody", communes) == (keys[0], None, None)
