"""By how much units have moved since a day, from the year as of that day's beginning.

What was known at a past instant never changes, so it is computed once a day, in the background,
and stays in memory; whoever asks before it is ready is answered without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import moments
from services.chassis.clock import Clock
from services.chassis.errors import DanchuError
from services.scoring.ratings.standings import Standing
from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.versions import YearVersions
from services.scoring.year.stages import Stage

DAYS_KEPT = 8
SETTLE_SECONDS = 0.25
"""So long whoever asks first waits for it."""
log = logging.getLogger(__name__)


class PastDay(NamedTuple):
    """The beginning of a day in a year, and what else decides how the year was then."""

    year: int
    instant: int
    rubrics: str
    stage: Stage
    version: int


class UnitPlace(NamedTuple):
    """Where a unit stands: its total in hundredths, its class, its rank."""

    total: int
    class_name: str
    rank: int | None


class UnitMove(NamedTuple):
    """A unit on an earlier day and now; `before` is None where it was not rated then."""

    before: UnitPlace | None
    now: UnitPlace

    @property
    def total(self) -> int | None:
        """By how many hundredths its total has changed."""
        return None if self.before is None else self.now.total - self.before.total

    @property
    def new_class(self) -> bool:
        """Whether its class is another one."""
        return self.before is not None and self.before.class_name != self.now.class_name

    @property
    def new_rank(self) -> bool:
        """Whether its rank is another one."""
        return self.before is not None and self.before.rank != self.now.rank


Places = Mapping[str, UnitPlace]


def place_of(standing: Standing) -> UnitPlace:
    """Where a unit stands."""
    return UnitPlace(standing.assessment.total, standing.assessment.class_name, standing.rank)


def move_of(places: Places, unit: str, snapshot: Snapshot) -> UnitMove:
    """How a rated unit has moved since these places."""
    return UnitMove(places.get(unit), place_of(snapshot.standings[unit]))


def days_before(now: int, days: int) -> int:
    """The instant at which the day began that was so many days ago."""
    return moments.ordinal_start(moments.local_day(now) - days)


@dataclass
class PastPlaces:
    """The places of units on earlier days; at most DAYS_KEPT such days stay in memory."""

    versions: YearVersions
    clock: Clock
    _days: Recent[PastDay, Places] = field(default_factory=lambda: Recent(DAYS_KEPT))
    _tasks: dict[PastDay, asyncio.Task[None]] = field(default_factory=dict)
    _stamp: int = -1

    async def since(self, snapshot: Snapshot, days: int) -> Places | None:
        """Where units stood when that day began; None where it is not known, or not yet.

        `snapshot` is the year now, before its seal: a sealed one does not move.
        """
        instant = days_before(self.clock(), days)
        rubrics = snapshot.rubrics.digest_of(snapshot.year)
        day = PastDay(snapshot.year, instant, rubrics, snapshot.stage, snapshot.version)
        if snapshot.stamp < self._stamp:  # the database was restored
            self._days.clear()
        self._stamp = snapshot.stamp
        if day not in self._days and day not in self._tasks:
            work = self._compute(day)
            self._tasks[day] = self.versions.snapshots.background.begin(work, "earlier day")
            await asyncio.wait([self._tasks[day]], timeout=SETTLE_SECONDS)
        places = self._days.get(day)
        return None if places is None else self._days.keep(day, places)

    async def _compute(self, day: PastDay) -> None:
        try:
            past = await self.versions.of(day.year, Moment(as_of=day.instant))
            self._days.keep(day, {key: place_of(each) for key, each in past.standings.items()})
        except DanchuError as error:  # not all of it has arrived, or the database is away
            log.info("an earlier day cannot be computed", extra={"error": error.message})
        finally:
            del self._tasks[day]
