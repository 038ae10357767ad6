"""Results that HR sees beside a rating: reported, and never added. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import resolve_unit
from services.scoring.ratings.model import Result

REPORTED = "result.reported"


def latest_results(events: Iterable[Recorded], registry: Registry) -> dict[str, list[Result]]:
    """By unit the latest report of each result, in the order of their names."""
    by_unit: dict[str, list[Recorded]] = {}
    for event in events:
        unit = resolve_unit(event, registry)
        if not isinstance(unit, str):
            by_unit.setdefault(unit.key, []).append(event)
    return {key: _latest(reports) for key, reports in by_unit.items()}


def _latest(reports: Iterable[Recorded]) -> list[Result]:
    latest: dict[str, Recorded] = {}
    for event in reports:
        before = latest.get(event.event.data.result)
        if before is None or order_of(before) < order_of(event):
            latest[event.event.data.result] = event
    return [
        Result(name, event.event.data.score, event.event.data.maximum)
        for name, event in sorted(latest.items())
    ]
