"""A kind of indicator that the sheet forgets fails there, as everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from contracts import moments
from services.scoring.fold.cells import Horizon, Tally
from services.scoring.fold.registry import Unit
from services.scoring.ratings.scores import Line
from services.scoring.ratings.sheet import plan
from services.scoring.ratings.sheet.cuts import line_cut
from services.scoring.ratings.sheet.json import line_members
from services.scoring.ratings.sheet.keys import DutyKeys
from services.scoring.ratings.sheet.lines import indicator_line
from services.scoring.ratings.sheet.scale import advance, scale
from services.scoring.ratings.sheet.trials import TrialState, UnitYear
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator, Rubric, ScaleStep
from tests.scoring.rubrics.test_kinds import forgotten_kind, indicator, rubric

NOW = moments.instant("2025-06-01T00:00:00Z")
UNIT = Unit("H44.1", "X", "agency", None, None)
HORIZON = Horizon(moments.year_start(2026), None)


def sums(kind: Kind) -> tuple[int, ...]:
    """Two things, one of them done; what a coverage sums has three parts."""
    return (2, 1, 0) if kind == Kind.COVERAGE else (2, 1)


def scaled(kind: Kind) -> Indicator:
    """An indicator with a step that is not reached."""
    return replace(indicator(kind), scale=(ScaleStep(Fraction(1), Fraction(10)),))


def unit_year(kind: Kind) -> UnitYear:
    """A year of a unit that is rated by one indicator of the kind, without its assessment."""
    rules: Rubric = replace(rubric(kind), indicators=(scaled(kind),))
    year = UnitYear(UNIT, 2025, rules, "own", frozenset(), {}, HORIZON, NOW)
    vars(year)["base"] = TrialState(year, {}, Tally({"own|x|": list(sums(kind))}))
    return year


def line(kind: Kind) -> Line:
    """The line of the indicator, half of it done."""
    return Line(scaled(kind), sums(kind), Fraction(1, 2), 500)


DECISIONS: dict[str, Callable[[Kind], Any]] = {
    "line": lambda kind: indicator_line(unit_year(kind), line(kind), keys(kind)),
    "cut": lambda kind: line_cut(line(kind)),
    "scale": lambda kind: scale(unit_year(kind), line(kind)),
    "advance": lambda kind: advance(scaled(kind), sums(kind)),
    "keys of duties": lambda kind: keys(kind),
    "plan": lambda kind: plan._parts(unit_year(kind)),
}


def keys(kind: Kind) -> DutyKeys:
    """The keys of the unit's duties."""
    return DutyKeys(unit_year(kind))


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_kind_that_the_sheet_forgets_fails(decision: str) -> None:
    """No sheet shows a new kind as if it were another."""
    with pytest.raises((KeyError, AssertionError)):
        DECISIONS[decision](forgotten_kind())


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_line(kind: Kind) -> None:
    """State in both languages, and the members of its kind."""
    year = unit_year(kind)
    members = line_members(indicator_line(year, year.base.assessed.lines[0], keys(kind)))
    assert members["kind"] == kind.value
    assert members["state"]["vi"] and members["state"]["en"]
    assert ("missing" in members) == (kind is Kind.COVERAGE)
    assert ("items" in members) == (kind is not Kind.COVERAGE)
    assert ("sum" in members) == kind.counts_points
