"""Which events moved a unit's rating, from the unit's own past; the rest of the city is not read.

The rating is replayed event by event in the order of recording, outside the event loop. A total is
that of the unit alone; ranks and shares depend on others and are no part of a history. The ledger
only grows, so a replay stays right as long as the numbers of the rows behind it do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.scoring.fold.books import Book
from services.scoring.queries import unit_past
from services.scoring.queries.unit_past import Extent, Neighbourhood
from services.scoring.ratings.history import CausePlace, Seal, causes, place_of
from services.scoring.ratings.replay import BookReplay, RatingChange
from services.scoring.readmodel.computing import compute
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Rubrics
from services.scoring.year.stages import REOPENED, YearState

HISTORIES_MAX = 8
"""So many histories stay in memory: all events of a unit's year are behind each."""


class HistoryPage(NamedTuple):
    """Changes of a page, newest first, and where the next begins; None at the end."""

    items: list[RatingChange]
    next: CausePlace | None


class UnitHistory:
    """What moved one unit's total; older changes are assessed when a page first asks for them."""

    def __init__(
        self, events: Sequence[Recorded], seals: Sequence[Seal], book: Book, rubrics: Rubrics
    ) -> None:
        replay = BookReplay(book, rubrics)
        for cause, effective in causes(events, seals):
            replay.play(cause, effective)
        self._older: Iterator[RatingChange] = replay.changes()
        self._changes: list[RatingChange] = []
        self._lock = threading.Lock()

    def page(self, after: CausePlace | None, limit: int) -> HistoryPage:
        """The changes before a place, or the newest."""
        with self._lock:
            first = 0
            while after is not None and self._has(first) and self._place(first) >= after:
                first += 1
            more = self._has(first + limit)
            items = self._changes[first : first + limit]
        return HistoryPage(items, place_of(items[-1].cause) if more else None)

    def _place(self, number: int) -> CausePlace:
        return place_of(self._changes[number].cause)

    def _has(self, number: int) -> bool:
        """Whether there is a change of this number; assesses up to it."""
        while len(self._changes) <= number:
            change = next(self._older, None)
            if change is None:
                return False
            self._changes.append(change)
        return True


class KeptHistory(NamedTuple):
    """A history in memory, and what it was made from."""

    near: Neighbourhood
    extent: Extent
    state: YearState
    rubrics: str
    history: UnitHistory


@dataclass
class Histories:
    """The histories that were read last; at most HISTORIES_MAX stay in memory."""

    _histories: Recent[Book, KeptHistory] = field(default_factory=lambda: Recent(HISTORIES_MAX))

    async def page(
        self, conn: AsyncConnection, snapshot: Snapshot, unit: str, after: CausePlace | None,
        limit: int,
    ) -> HistoryPage:  # fmt: skip
        """A page of what moved the unit's total, or its class before shares."""
        history = await self._history(conn, snapshot, Book(unit, snapshot.year))
        return await compute(history.page, after, limit)

    async def _history(self, conn: AsyncConnection, snapshot: Snapshot, book: Book) -> UnitHistory:
        """The history of the unit's events up to now, from memory where there are no others."""
        latest = self._histories.get(book)
        registry = await unit_past.registry_rows(conn)
        if latest is None or latest.extent.registry != registry:
            near = await unit_past.neighbourhood(conn, book.unit)
        else:
            near = latest.near
        extent = await unit_past.extent(conn, near, book.year, registry)
        state, rubrics = snapshot.state, snapshot.rubrics.digest
        if latest is None or latest[1:4] != (extent, state, rubrics):
            events, seals = await near_events(conn, near, book), await _seals(conn, state)
            history = await compute(UnitHistory, events, seals, book, snapshot.rubrics)
            latest = KeptHistory(near, extent, state, rubrics, history)
        return self._histories.keep(book, latest).history


async def unit_events_ever(conn: AsyncConnection, book: Book) -> list[Recorded]:
    """All that may ever have moved the book, in no order."""
    return await near_events(conn, await unit_past.neighbourhood(conn, book.unit), book)


async def near_events(conn: AsyncConnection, near: Neighbourhood, book: Book) -> list[Recorded]:
    """All that may ever have moved the book, from its neighbourhood, in no order."""
    return [
        *near.statements,
        *await unit_past.events(conn, near.subjects, book.year),
        *await unit_past.retractions(conn, near.every_subject),
    ]


async def _seals(conn: AsyncConnection, state: YearState) -> list[Seal]:
    """The cuts of the sealed versions, each with the event that reopened the year after it."""
    seals = []
    for decision in state.seals:
        later = (d.at for d in state.decisions if d.stage == REOPENED and d.at > decision.at)
        at = min(later, default=None)
        reopening = None if at is None else await unit_past.stage_event(conn, state.year, at)
        if decision.cut is not None:
            seals.append(Seal(decision.cut, reopening))
    return seals
