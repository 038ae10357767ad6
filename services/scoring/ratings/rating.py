"""The rating of a unit, put together from its standing and its entry in the registry. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from contracts import moments
from services.scoring.fold.headships import headships
from services.scoring.fold.registry import Registry
from services.scoring.ratings.assessment import head_ceiling
from services.scoring.ratings.labels import labels
from services.scoring.ratings.model import Rating, Result
from services.scoring.ratings.standings import Standing


def rating_of(
    registry: Registry, year: int, standing: Standing, results: Sequence[Result],
    stage: str = "open", version: int = 1,
) -> Rating:  # fmt: skip
    """The unit's rating of the year; successors and predecessors are of any year."""
    unit, assessed = registry.units[standing.unit], standing.assessment
    basic = [line for line in assessed.lines if line.indicator.kind.basic]
    empty = {line.indicator.id: line.empty for line in basic if line.empty is not None}
    return Rating(
        unit=unit.key,
        name=unit.name_in(year),
        kind=unit.kind,
        year=year,
        rubric=assessed.rubric.id,
        stage=stage,
        version=version,
        basic=assessed.basic,
        bonus=assessed.bonus,
        deduction=assessed.deduction,
        adjustment=assessed.adjustment,
        total=assessed.total,
        class_name=assessed.class_name,
        rank=standing.rank,
        part_year=standing.part_year,
        scores={line.indicator.id: line.score for line in assessed.lines if line.counts},
        empty=empty,
        reasons=assessed.reasons,
        head_ceiling=head_ceiling(assessed.rubric, assessed.ceilings),
        heads=tuple(headships(unit, year)),
        results=tuple(results),
        until=None if unit.ends is None else date.fromordinal(moments.local_day(unit.ends)),
        successors=tuple(sorted(registry.successors(unit.key))),
        predecessors=tuple(sorted(registry.predecessors(unit.key))),
        labels=labels(assessed.rubric, unit.kind, stage, assessed.class_name, empty.values()),
    )
