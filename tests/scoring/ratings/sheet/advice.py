"""Sheets of random cities, and the events that a sheet advises, for an independent recount."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from contracts import moments
from contracts.catalog import BY_TYPE, CANONICAL
from services.scoring.fold.books import horizon
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.model import Rating
from services.scoring.ratings.recount import Accepted, facts, ratings, standings, tally
from services.scoring.ratings.sheet.json import sheet_members
from services.scoring.ratings.sheet.sheet import SheetContext, sheet_of
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.ratings.standings import Standing, rivals, unit_standing
from services.scoring.rubrics.model import Rubrics
from tests.oracle import rate
from tests.oracle.catalog import FIELDS, fields
from tests.support.builders.cities import accepted, city, rubrics

Raw = dict[str, Any]
DEFAULTS: Raw = {"date": "2025-12-31", "count": 1, "amount": 1, "flag": False, "score": 3,
                 "text": "x", "key": "advised", "person": "p-advised-1"}  # fmt: skip
_serial = itertools.count()


@dataclass
class Town:
    """A random city at an instant."""

    events: list[Raw]
    raw: list[Raw]
    rubrics: Rubrics
    year: int
    now: int

    @cached_property
    def accepted_events(self) -> Accepted:
        """The accepted events."""
        return Accepted(accepted(self.events))

    @cached_property
    def ratings(self) -> dict[str, Rating]:
        """Our ratings."""
        return ratings(self.accepted_events, self.rubrics, self.year)

    @cached_property
    def rated(self) -> dict[str, Raw]:
        """Our ratings as the interface has them."""
        return {unit: rating_members(rating) for unit, rating in self.ratings.items()}

    @cached_property
    def before_share(self) -> dict[str, Standing]:
        """Standings of each unit alone."""
        unranked, registry = {}, self.accepted_events.registry
        for unit in registry.units.values():
            rubric = self.rubrics.governing(unit.kind, self.year)
            if rubric is not None and unit.exists_in(self.year):
                cells = self.cells.get(unit.key, {})
                sums = tally(rubric, cells, horizon(unit, self.year))
                unranked[unit.key] = unit_standing(
                    unit, rubric, self.accepted_events.registry, self.year, sums
                )
        return unranked

    @cached_property
    def cells(self) -> Any:
        """The facts by unit."""
        return facts(self.accepted_events, self.rubrics, self.year)

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """Standings with shares and ranks."""
        return standings(self.accepted_events, self.rubrics, self.year)

    def sheet(self, key: str) -> Raw:
        """The sheet of a unit in the view that binds."""
        registry, unit = self.accepted_events.registry, self.accepted_events.registry.units[key]
        rubric = self.rubrics.governing(unit.kind, self.year)
        assert rubric is not None
        pool = registry.pool(key, self.year)
        view = "pooled" if pool and rubric.pooled else "own"
        unit_year = UnitYear(unit, self.year, rubric, view, pool, self.cells.get(key, {}),
                             horizon(unit, self.year), self.now)  # fmt: skip
        same = [s for s in self.before_share.values() if s.kind == unit.kind]
        ranked = None if unit.ends_inside(self.year) else rivals(key, same)
        context = SheetContext(rivals=ranked)
        sheet = sheet_of(self.ratings[key], self.standings[key], unit_year, context)
        return sheet_members(sheet)

    def oracle(self, *more: Raw) -> dict[str, Raw]:
        """The ratings by the independent program, with these events too."""
        return rate([*self.events, *more], self.raw, self.year)

    def event(self, unit: str, short: str, data: Mapping[str, Any]) -> Raw:
        """An event of now, or of when the unit begins; fields that no sheet names are filled in."""
        number, begins = next(_serial), self.accepted_events.registry.units[unit].begins
        at = max(self.now, begins or self.now)
        whole: Raw = {}
        for name, optional, kind in fields(short) if short in FIELDS else ():
            if not optional and name not in data:
                whole[name] = kind.partition("|")[0] if "|" in kind else DEFAULTS[kind]
                if kind in ("key", "person"):
                    whole[name] = f"advised-{number}"
        whole |= data
        if moments.local_year(at) != self.year:
            whole["year"] = self.year
        return {
            "specversion": "1.0", "id": f"advised-{number}", "source": "urn:advised",
            "type": CANONICAL[short].type, "subject": unit, "time": moments.rfc3339(at),
            "data": whole,
        }  # fmt: skip


def town(seed: int, folder: Path, now: str, units: int = 8, size: int = 500) -> Town:
    """A random city up to the instant `now`."""
    at = moments.instant(now)
    events, year = city(seed, units, size)
    raw, own_rubrics = rubrics(seed, folder)
    past = [event for event in events if moments.instant(event["time"]) <= at]
    return Town(past, raw, own_rubrics, year, at)


def short_of(type_: str) -> str:
    """The short name of an event type."""
    return BY_TYPE[type_].short
