"""A rating as the interface gives it (DESIGN section 4). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contracts.envelope import Recorded
from services.scoring.assess import Standing, spelled
from services.scoring.posting import order_of
from services.scoring.registry import Unit


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
    unit: Unit, year: int, standing: Standing, results: list[dict[str, Any]]
) -> dict[str, Any]:
    """One unit's rating: points as strings of two decimals, a deduction's score negative."""
    assessed = standing.assessment
    basic = [line for line in assessed.lines if line.indicator.kind.basic]
    return {
        "unit": unit.key,
        "name": unit.name_in(year),
        "kind": unit.kind,
        "year": year,
        "rubric": assessed.rubric.id,
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
        "empty": {line.indicator.id: line.empty for line in basic if line.empty is not None},
        "reasons": [
            {"kind": r.kind, "from": r.origin, "to": r.to, "text": r.text} for r in assessed.reasons
        ],
        "heads": unit.heads_in(year),
        "results": results,
        "as_of": None,
    }
