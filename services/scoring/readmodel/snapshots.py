"""The years in memory, all as of one commit of the fold, and updated after the next commit.

An answer is never older than the last commit before its question.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.cancellation import BackgroundTasks
from services.chassis.database.engine import Database
from services.scoring.errors import RubricsReplaced
from services.scoring.fold.cells import Tally
from services.scoring.queries import books, events
from services.scoring.ratings.results import REPORTED, latest_results
from services.scoring.readmodel.question import question_time
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import OwnCells, Snapshot, staged, with_standings
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import position, stages
from services.scoring.store.position import Position
from services.scoring.year.stages import YearState

YEARS_MAX = 8


class Commit(NamedTuple):
    """The commit of which snapshots are, the years with a book, and those that have decisions."""

    stamp: int = -1
    registry_stamp: int = -1
    booked: Sequence[int] = ()
    decided: frozenset[int] = frozenset()


NO_COMMIT = Commit()


class StampLook(NamedTuple):
    """The monotonic time at which a look at the last commit began, and the stamp that it found."""

    time: float = 0.0
    stamp: int = -1


NO_LOOK = StampLook()


@dataclass
class Snapshots:
    """The snapshots of the years that are read, all of one commit; at most YEARS_MAX stay."""

    db: Database
    rubrics: Rubrics
    commit: Commit = NO_COMMIT
    background: BackgroundTasks = field(default_factory=BackgroundTasks)
    _snapshots: Recent[int, Snapshot] = field(
        default_factory=lambda: Recent(YEARS_MAX, idle=lambda snapshot: not snapshot.tallies)
    )
    _reading_time: float = 0.0
    _last_look: StampLook = NO_LOOK
    _look_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _load_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next: asyncio.Task[int] | None = None

    async def of(self, year: int) -> Snapshot:
        """The year as of the last commit; RubricsReplaced where others folded it."""
        since = question_time()
        snapshot = self._newest(year, since) or self.cached(year, await self.stamp())
        if snapshot is None:
            async with self._load_lock:
                # what was read since the question is no older than it, whatever the look had found
                snapshot = self._newest(year, since) or await self._refresh(year)
        if (latest := self._snapshots.get(year)) is not None:  # now the latest that was used
            self._snapshots.keep(year, latest)
        return snapshot

    def cached(self, year: int, stamp: int) -> Snapshot | None:
        """The snapshot in memory, where it is that of this commit."""
        snapshot = self._snapshots.get(year)
        return snapshot if snapshot is not None and snapshot.stamp == stamp else None

    async def stamp(self) -> int:
        """The last commit as of the question or later; concurrent callers share one look.

        A look that has begun may be older than the question, so a question waits for the next.
        """
        if self._last_look.time >= question_time():
            return self._last_look.stamp
        if self._next is None:
            self._next = self.background.begin(self._look(), "last commit")
        return await asyncio.shield(self._next)

    async def _look(self) -> int:
        async with self._look_lock:
            self._next, beginning = None, time.monotonic()
            self._last_look = StampLook(beginning, await books.last_stamp(self.db))
            if self._last_look.stamp == self.commit.stamp:  # what is in memory is as new as that
                self._reading_time = max(self._reading_time, beginning)
            return self._last_look.stamp

    def _newest(self, year: int, since: float) -> Snapshot | None:
        """The snapshot in memory, where it was read since the question."""
        return self._snapshots.get(year) if self._reading_time >= since else None

    async def _refresh(self, year: int) -> Snapshot:
        """Brings everything in memory up to the last commit; answers this year."""
        beginning = time.monotonic()
        async with self.db.read(short=True) as conn:
            place = await position.load(conn)
            require_same_rubrics(place, self.rubrics)
            restored = place.stamp < self.commit.stamp
            if restored or place.registry_stamp != self.commit.registry_stamp:
                self._snapshots.clear()
            states = await stages.states(conn)
            snapshots = await self._update(conn, place.stamp)
            if year not in snapshots:
                snapshots[year] = await self._load(conn, year, place.stamp)
            booked = await books.years(conn)
        for each, snapshot in snapshots.items():
            self._snapshots[each] = staged(snapshot, states.get(each, YearState(year=each)))
        self.commit = Commit(place.stamp, place.registry_stamp, booked, frozenset(states))
        self._reading_time = beginning
        return self._snapshots.keep(year, self._snapshots[year])

    async def _load(self, conn: AsyncConnection, year: int, stamp: int) -> Snapshot:
        """The year read whole."""
        registry = await books.registry(conn)
        sums = await books.tallies(conn, year, -1)
        reports = await events.decisions(conn, year, kind=REPORTED)
        results = latest_results(reports, registry)
        snapshot = Snapshot(year, stamp, registry, self.rubrics, sums, results, {}, {})
        return await with_standings(snapshot, registry.units, _stored_cells(conn, year))

    async def _update(self, conn: AsyncConnection, stamp: int) -> dict[int, Snapshot]:
        """The next snapshots: only the units whose books changed are assessed again."""
        snapshots = dict(self._snapshots)  # whoever reads meanwhile changes the order of the years
        changed = await books.changed_tallies(conn, snapshots, self.commit.stamp)
        for year, before in [*snapshots.items()]:
            if year in changed:
                snapshots[year] = await _next_snapshot(conn, before, changed[year], stamp)
            else:
                before.stamp = stamp
        return snapshots


async def _next_snapshot(
    conn: AsyncConnection, before: Snapshot, changed: Mapping[str, Tally], stamp: int
) -> Snapshot:
    """The year with these tallies."""
    registry = before.registry
    subjects = {subject for unit in changed for subject in registry.subjects(unit)}
    reports = await events.decisions(conn, before.year, subjects, REPORTED)
    by_unit = latest_results(reports, registry)
    snapshot = replace(
        before, stamp=stamp, tallies={**before.tallies, **changed},
        results={**before.results, **{unit: by_unit.get(unit, []) for unit in changed}},
        standings={}, _bodies={},
    )  # fmt: skip
    return await with_standings(snapshot, changed, _stored_cells(conn, before.year))


def require_same_rubrics(place: Position, rubrics: Rubrics) -> None:
    """Raises RubricsReplaced where the books were folded with other rubrics than these."""
    if place.rubrics not in ("", rubrics.digest):
        raise RubricsReplaced()


def _stored_cells(conn: AsyncConnection, year: int) -> OwnCells:
    """Reads the stored facts of the year's books."""
    return partial(books.own_cells, conn, year)
