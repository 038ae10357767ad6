"""A kind of indicator that some table forgets fails there; it never computes as another kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from services.scoring.fold.cells import OWN, Cell, Horizon, Posting, Tally, weigh
from services.scoring.fold.registry import Order
from services.scoring.ratings.assessment import assess
from services.scoring.ratings.labels import label
from services.scoring.ratings.scores import basic_score, line_of
from services.scoring.rubrics.indicators import KIND_FIELDS
from services.scoring.rubrics.kinds import Kind, Section
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Indicator, Points, Rubric, Rule
from services.scoring.rubrics.rules import NUMERIC
from tests.oracle.generate_rubric import MAKERS, SHAPES
from tests.oracle.points import BASIC, QUANTITIES

PRICED = Rule(("award.granted",), points=Points(Fraction(1)))
POSTING = Posting("done", Order(0, "a", "a"), True, 10_000, 10_000)
HORIZON = Horizon(1, None)


def forgotten_kind() -> Kind:
    """An eighth kind, as if somebody had added it to the enumeration and to no table."""
    kind = str.__new__(Kind, "forgotten")
    kind._name_, kind._value_ = "FORGOTTEN", "forgotten"
    return kind


def indicator(kind: Kind) -> Indicator:
    """An indicator of 10 points of this kind."""
    return Indicator("x", "X", "Điều 4", kind, points=Fraction(10), cap=Fraction(10),
                     rules=(PRICED,))  # fmt: skip


def rubric(kind: Kind) -> Rubric:
    """A rubric with one indicator of this kind."""
    governing = load_directory(SHIPPED).governing("agency", 2025)
    assert isinstance(governing, Rubric)
    return replace(governing, gates=(), groups=(), indicators=(indicator(kind),))


DECISIONS: dict[str, Callable[[Kind], Any]] = {
    "section": lambda kind: kind.section,
    "basic": lambda kind: kind.basic,
    "counts_points": lambda kind: kind.counts_points,
    "has_duties": lambda kind: kind.has_duties,
    "sides": lambda kind: list(indicator(kind).sides()),
    "weight rules": lambda kind: indicator(kind).weight_rules,
    "fields of the file": lambda kind: KIND_FIELDS[kind],
    "numbers of a rule": lambda kind: NUMERIC[kind],
    "weigh": lambda kind: weigh(rubric(kind), Cell(OWN, "x", "", ""), [POSTING], HORIZON),
    "line_of": lambda kind: line_of(indicator(kind), Tally(), OWN),
    "basic_score": lambda kind: basic_score(indicator(kind), (1, 1, 1)),
    "label": lambda kind: label("indicator", kind),
    "assess": lambda kind: assess(rubric(kind), Tally(), OWN),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_forgotten_kind_of_indicator_fails(decision: str) -> None:
    """Whatever is decided by the kind raises for a kind that nobody entered."""
    with pytest.raises((KeyError, AssertionError)):
        DECISIONS[decision](forgotten_kind())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("decision", DECISIONS)
def test_every_kind_of_indicator_is_decided(decision: str, kind: Kind) -> None:
    """The seven kinds of SCORING.md section 4 are in every table."""
    DECISIONS[decision](kind)


def test_the_oracle_rates_every_kind_of_indicator() -> None:
    """Its formulas and its random rubrics, to which the property tests compare the fold."""
    basic = {kind.value for kind in Kind if kind.basic}
    assert basic == set(BASIC) == QUANTITIES.keys() == MAKERS.keys() == set(SHAPES)


def test_only_bonuses_and_deductions_stand_beside_the_basic_score() -> None:
    """Five kinds are basic; a bonus adds and a deduction subtracts."""
    sections = {kind: kind.section for kind in Kind if not kind.basic}
    assert sections == {Kind.BONUS: Section.BONUS, Kind.DEDUCTION: Section.DEDUCTION}
    scores = {
        kind: line_of(indicator(kind), Tally({"own|x|": [1, 3]}), OWN).score for kind in sections
    }
    assert scores == {Kind.BONUS: 300, Kind.DEDUCTION: -300}
