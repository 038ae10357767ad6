"""Who led a unit during its part of a year, by the registry. Pure."""

from __future__ import annotations

from typing import NamedTuple

from contracts import moments
from services.scoring.fold.registry import Unit


class Headship(NamedTuple):
    """Who leads a unit, by an opaque key, from a day on."""

    head: str
    since: str


def headships(unit: Unit, year: int) -> list[Headship]:
    """The heads of the unit during its part of the year, each from a day on."""
    start = moments.year_start(year)
    if unit.begins is not None:
        start = max(start, unit.begins)
    before_end = sorted(entry for entry in unit.heads if entry[0] < unit.end_in(year))
    latest = list({entry[0]: entry for entry in before_end}.values())
    ends = [*(entry[0] for entry in latest[1:]), unit.end_in(year)][: len(latest)]
    return [
        Headship(entry[2], entry[3])
        for entry, until in zip(latest, ends, strict=True)
        if until > start
    ]
