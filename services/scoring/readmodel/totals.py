"""The totals of all units and years as of a commit, in memory, and moved by the next commit.

A total depends on the unit's own books alone, so a commit costs only the units that it changed;
classes and ranks, which depend on others, are left to `snapshot`.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Tally
from services.scoring.fold.registry import Registry
from services.scoring.queries import books
from services.scoring.ratings.standings import unit_standing
from services.scoring.readmodel.snapshots import require_same_rubrics
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import position

UNITS_AT_ONCE = 20
"""After so many units other tasks of the process get their turn."""


@dataclass
class Totals:
    """The totals in hundredths of every rated unit, in every year that has a book.

    A unit without events of its own has one too, once any unit has an event of the year.
    """

    db: Database
    rubrics: Rubrics
    stamp: int = -1
    of: dict[Book, int] = field(default_factory=dict)
    _registry: Registry = field(default_factory=lambda: Registry(()))
    _registry_stamp: int = -1
    _years: set[int] = field(default_factory=set)

    async def refresh(self) -> None:
        """Reads what changed since the last commit; RubricsReplaced where others folded it."""
        async with self.db.read() as conn:
            place = await position.load(conn)
            require_same_rubrics(place, self.rubrics)
            if place.registry_stamp != self._registry_stamp or place.stamp < self.stamp:
                await self._begin(conn, place.registry_stamp)
            by_year = {
                year: await books.tallies(conn, year, self.stamp if year in self._years else -1)
                for year in await books.years(conn)
            }
        for year, tallies in by_year.items():
            units = tallies.keys() if year in self._years else self._registry.units.keys()
            await self._assess(year, units, tallies)
            self._years.add(year)
        self.stamp = place.stamp

    async def _begin(self, conn: AsyncConnection, registry_stamp: int) -> None:
        """Forgets all totals: the registry, or the database, is another one."""
        self._registry = await books.registry(conn)
        self._registry_stamp = registry_stamp
        self._years.clear()
        self.of.clear()

    async def _assess(self, year: int, units: Iterable[str], tallies: Mapping[str, Tally]) -> None:
        for number, key in enumerate(units):
            total = self._total(key, year, tallies.get(key) or Tally())
            if total is not None:
                self.of[Book(key, year)] = total
            if number % UNITS_AT_ONCE == UNITS_AT_ONCE - 1:
                await asyncio.sleep(0)

    def _total(self, key: str, year: int, tally: Tally) -> int | None:
        """The total of a unit's year; None where it is not rated."""
        unit = self._registry.units.get(key)
        if unit is None or not unit.exists_in(year):
            return None
        rubric = self.rubrics.governing(unit.kind, year)
        if rubric is None:
            return None
        return unit_standing(unit, rubric, self._registry, year, tally).assessment.total
