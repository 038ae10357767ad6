"""A rating as the interface gives it (DESIGN section 4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from contracts import moments
from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of
from services.scoring.fold.registry import Registry, Unit
from services.scoring.ratings.assessment import head_ceiling
from services.scoring.ratings.class_reasons import reason_members
from services.scoring.ratings.labels import labels
from services.scoring.ratings.scores import spelled
from services.scoring.ratings.standings import Standing


class Kinship(NamedTuple):
    """Which units come right after a unit and right before it, by key."""

    successors: Sequence[str] = ()
    predecessors: Sequence[str] = ()


def kinship(registry: Registry, key: str) -> Kinship:
    """The unit's successors and predecessors, whatever they inherit, of any year."""
    return Kinship(sorted(registry.successors(key)), sorted(registry.predecessors(key)))


def latest_results(said: Iterable[Recorded]) -> list[dict[str, Any]]:
    """What a unit's `result.reported` events say last of each result, by name."""
    latest: dict[str, Recorded] = {}
    for one in said:
        known = latest.get(one.event.data.result)
        if known is None or order_of(known) < order_of(one):
            latest[one.event.data.result] = one
    return [
        {"result": name, "score": one.event.data.score, "maximum": one.event.data.maximum}
        for name, one in sorted(latest.items())
    ]


def rating(
    unit: Unit, year: int, standing: Standing, results: list[dict[str, Any]], kin: Kinship
) -> dict[str, Any]:
    """One unit's rating: points as strings of two decimals, a deduction's score negative."""
    assessed, rubric = standing.assessment, standing.assessment.rubric
    basic = [line for line in assessed.lines if line.indicator.kind.basic]
    empty = {line.indicator.id: line.empty for line in basic if line.empty is not None}
    return {
        "unit": unit.key,
        "name": unit.name_in(year),
        "kind": unit.kind,
        "year": year,
        "rubric": rubric.id,
        "stage": "open",
        "version": 1,
        "basic": spelled(assessed.basic),
        "bonus": spelled(assessed.bonus),
        "deduction": spelled(assessed.deduction),
        "adjustment": spelled(assessed.adjustment),
        "total": spelled(assessed.total),
        "class": assessed.class_name,
        "rank": standing.rank,
        "part_year": standing.part_year,
        "scores": {
            line.indicator.id: spelled(line.score) for line in assessed.lines if line.counts
        },
        "empty": empty,
        "reasons": [reason_members(rubric, reason) for reason in assessed.reasons],
        "head_ceiling": head_ceiling(rubric, assessed.ceilings),
        "heads": unit.heads_in(year),
        "results": results,
        "until": None if unit.ends is None else _day(unit.ends),
        "successors": list(kin.successors),
        "predecessors": list(kin.predecessors),
        "labels": labels(rubric, unit.kind, "open", assessed.class_name, empty.values()),
        "as_of": None,
    }


def _day(instant: int) -> str:
    """The day that begins then: the first on which the unit is no more."""
    return date.fromordinal(moments.local_day(instant)).isoformat()
