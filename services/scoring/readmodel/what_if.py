"""A year under other rubrics: what would become of every unit. Nothing is stored.

The tallies of indicators whose rules stay as they are come from the books. Only for the others
events are read again, those of the types that their rules name, by workers that give way to the
fold; all of them, and this process, read as of one and the same commit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.errors import DataMoves, WhatIfsWait
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Tally
from services.scoring.fold.tally_reuse import TallyReuse, plan_reuse, reuse_tally
from services.scoring.messages import message
from services.scoring.queries import as_of as ledger_queries
from services.scoring.queries import books as book_queries
from services.scoring.ratings.standings import Standing, rank_units, unit_standing
from services.scoring.ratings.what_if import WhatIf, indicator_sums, unit_changes
from services.scoring.readmodel.snapshot import Snapshot, with_standings
from services.scoring.readmodel.snapshots import Snapshots, require_same_rubrics
from services.scoring.readmodel.versions import YearVersions
from services.scoring.rebuild.inputs import BookCount, CountRequest
from services.scoring.rebuild.refold import EVENTS_AT_ONCE, BookProgress, family, split
from services.scoring.rebuild.workers import Workers, workers
from services.scoring.rubrics.errors import ProposalFault, ProposalsRefused
from services.scoring.rubrics.model import Rubric, Rubrics
from services.scoring.rubrics.proposals import line_of_kinds, load_proposals
from services.scoring.store import ledger, position, stages
from services.scoring.store.book_inputs import LedgerPast
from services.scoring.store.position import BAD_PLANS, Position

NICE = 19
WAITING_MAX = 4
LOOKS_MAX = 200
SAMPLE_MAX = 16
"""The number of books, about, by which the number of events of the needed types is estimated."""
Plans = Mapping[str, TallyReuse]
"""By kind of unit, how its tallies under the proposed rubric come about."""


class Counts(NamedTuple):
    """The tallies that were counted from events, by unit, and the number of those events."""

    tallies: dict[str, Tally]
    events: int


class Turns:
    """One at a time; at most WAITING_MAX others wait, the next gets WhatIfsWait."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The turn of one."""
        if self._waiting > WAITING_MAX:
            raise WhatIfsWait
        self._waiting += 1
        try:
            async with self._lock:
                yield
        finally:
            self._waiting -= 1


def _no_progress(number: int, total: int) -> None:
    """For those who do not watch."""


@dataclass
class WhatIfs:
    """The what-ifs of one process: some that read events, and others beside them."""

    versions: YearVersions
    _counting: Turns = field(default_factory=Turns)
    _short: Turns = field(default_factory=Turns)

    async def answer(
        self, year: int, texts: Sequence[bytes], progress: BookProgress = _no_progress
    ) -> WhatIf:
        """Every unit of the year under the rubrics of the texts, beside the year as it is.

        Kinds that they do not govern stay as they are. A sealed year is its set, of which nothing
        that came later is a part. ProposalsRefused for a text that cannot be used; `progress` gets
        the number of books that were counted, and of all that have to be.
        """
        async with self._short.turn():
            proposed = await asyncio.to_thread(load_proposals, texts, year)
            sealed = await self._sealed(year)
            rubrics = self.versions.snapshots.rubrics if sealed is None else sealed.rubrics
            plans = _plans(proposed, rubrics, year)
            if all(plan.complete for plan in plans.values()):
                snapshot = sealed or await self._present(year)
                _require_units(snapshot, proposed, texts)
                return await asyncio.to_thread(_answer, snapshot, proposed, plans, Counts({}, 0))
        async with self._counting.turn():
            snapshot, counts = await self._count(year, sealed, plans, progress)
            _require_units(snapshot, proposed, texts)
            return await asyncio.to_thread(_answer, snapshot, proposed, plans, counts)

    async def _sealed(self, year: int) -> Snapshot | None:
        """The set of a sealed year; None for a year that is not sealed."""
        async with self.versions.db.read() as conn:
            seal = (await stages.load(conn, year)).seal
        if seal is None:
            return None
        snapshot = await self.versions.of(year)
        return None if snapshot.until is None else snapshot

    async def _count(
        self, year: int, sealed: Snapshot | None, plans: Plans, progress: BookProgress
    ) -> tuple[Snapshot, Counts]:
        """The year as of one commit, or its set, and what had to be counted from its events."""
        counts, number = Counts({}, 0), 0
        counted = Rubrics(tuple(plan.counted for plan in plans.values()))
        async with self.versions.db.patient() as db, workers(NICE) as team:
            team.connect(db.source(*BAD_PLANS))
            async with self._looking(year, sealed, team) as (conn, current):
                past = await _past(conn, current)
                groups = await _requests(conn, current, plans, team.count)
                team.send_rules(current.registry, counted, past)
            total = sum(len(group.books) for group in groups)

            async def add(count: BookCount) -> None:
                nonlocal counts, number
                counts.tallies[count.book.unit] = count.tally
                counts, number = counts._replace(events=counts.events + count.events), number + 1
                progress(number, total)

            await team.compute(groups, add)
        return current, counts

    @contextlib.asynccontextmanager
    async def _looking(
        self, year: int, sealed: Snapshot | None, team: Workers
    ) -> AsyncIterator[tuple[AsyncConnection, Snapshot]]:
        """A connection and the year as all workers see it.

        The set of a sealed year is the same at every commit. Another year is read as of the commit
        that every worker looks at; DataMoves where the fold commits between their looks again and
        again.
        """
        if sealed is not None:
            async with self.versions.db.read() as conn:
                yield conn, sealed
            return
        snapshots = self.versions.snapshots
        await team.look()  # the workers have started: no transaction waits for that
        for _ in range(LOOKS_MAX):
            async with self.versions.db.read() as conn:
                place = await position.load(conn)
                if await team.look() == {place.stamp}:
                    yield conn, await _load(conn, snapshots, year, place)
                    return
        raise DataMoves

    async def _present(self, year: int) -> Snapshot:
        """The year as of the last commit."""
        async with self.versions.db.read() as conn:
            place = await position.load(conn)
            return await _load(conn, self.versions.snapshots, year, place)


async def _load(
    conn: AsyncConnection, snapshots: Snapshots, year: int, place: Position
) -> Snapshot:
    """The year as of the transaction, from memory or read.

    What is read lacks what a what-if does not show: results, and the keys of the cases behind
    ceilings, for which most facts of the year would be read.
    """
    rubrics, stamp = snapshots.rubrics, place.stamp
    require_same_rubrics(place, rubrics)
    cached = snapshots.cached(year, stamp)
    if cached is not None:
        return cached
    registry = await book_queries.registry(conn)
    tallies = await book_queries.tallies(conn, year, -1)
    snapshot = Snapshot(year, stamp, registry, rubrics, tallies, {}, {}, {})
    return await with_standings(snapshot, registry.units, _no_cells)


async def _no_cells(units: Collection[str], indicators: Collection[str]) -> Mapping[str, Any]:
    return {}


async def _past(conn: AsyncConnection, snapshot: Snapshot) -> LedgerPast | None:
    if snapshot.until is None:
        return None
    return LedgerPast(snapshot.until, await ledger_queries.retraction_targets(conn, snapshot.until))


def _plans(proposed: Sequence[Rubric], present: Rubrics, year: int) -> dict[str, TallyReuse]:
    return {
        kind: plan_reuse(kind, present.governing(kind, year), rubric)
        for rubric in proposed
        for kind in rubric.kinds
    }


def _require_units(snapshot: Snapshot, proposed: Sequence[Rubric], texts: Sequence[bytes]) -> None:
    """Refuses a rubric that governs no unit of the year: it would change nothing, unseen."""
    year = snapshot.year
    kinds = {unit.kind for unit in snapshot.registry.units.values() if unit.exists_in(year)}
    faults = []
    for number, (rubric, text) in enumerate(zip(proposed, texts, strict=True)):
        if kinds.isdisjoint(rubric.kinds):
            reason = message("rubric-other-kinds", kinds=", ".join(rubric.kinds), year=year)
            faults.append(ProposalFault(number, line_of_kinds(number, text), reason))
    if faults:
        raise ProposalsRefused(faults)


async def _requests(
    conn: AsyncConnection, snapshot: Snapshot, plans: Plans, count: int
) -> list[CountRequest]:
    """The books that have to be counted, in groups whose events fit into memory."""
    registry, requests = snapshot.registry, list[CountRequest]()
    for kind, plan in plans.items():
        books = [
            Book(unit.key, snapshot.year)
            for unit in registry.units.values()
            if unit.kind == kind and unit.exists_in(snapshot.year)
        ]
        if plan.complete or not books:
            continue
        books.sort(key=lambda book: (family(registry, book), book.unit))
        sample = books[:: 1 + len(books) // SAMPLE_MAX]
        each = 1 + await ledger.events_of(conn, sample, plan.types) // len(sample)
        groups = split(books, count, max(1, EVENTS_AT_ONCE // each))
        requests += (CountRequest(group, plan.types) for group in groups)
    return requests


def _answer(
    snapshot: Snapshot, proposed: tuple[Rubric, ...], plans: Plans, counts: Counts
) -> WhatIf:
    then = _standings(snapshot, plans, counts.tallies)
    changes = unit_changes(snapshot.registry, snapshot.year, snapshot.standings, then)
    return WhatIf(snapshot.year, proposed, changes, indicator_sums(changes), counts.events)


def _standings(
    snapshot: Snapshot, plans: Plans, counted: Mapping[str, Tally]
) -> dict[str, Standing]:
    """Every unit that is rated under the proposed rubrics; other kinds stay as they are."""
    unranked, year = [], snapshot.year
    for unit in snapshot.registry.units.values():
        plan = plans.get(unit.kind)
        if plan is not None and unit.exists_in(year):
            present = snapshot.tallies.get(unit.key) or Tally()
            sums = reuse_tally(plan, present, counted.get(unit.key) or Tally())
            unranked.append(unit_standing(unit, plan.rubric, snapshot.registry, year, sums))
    others = {key: s for key, s in snapshot.standings.items() if s.kind not in plans}
    return {**others, **rank_units(unranked)}
