"""Which events moved a unit's rating, from the unit's own past; the rest of the city is not read.

The rating is replayed event by event in the order of recording, outside the event loop. A total is
that of the unit alone; ranks and shares depend on others and are no part of a history.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.scoring.fold.books import Book
from services.scoring.queries import unit_past
from services.scoring.ratings.history import CausePlace, Seal, causes, place_of
from services.scoring.ratings.replay import BookReplay, RatingChange
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Rubrics
from services.scoring.year.stages import REOPENED, YearState


class HistoryPage(NamedTuple):
    """Changes of a page, newest first, and where the next begins; None at the end."""

    items: list[RatingChange]
    next: CausePlace | None


async def unit_history(
    conn: AsyncConnection, snapshot: Snapshot, unit: str, after: CausePlace | None, limit: int
) -> HistoryPage:
    """A page of what moved the unit's total, or its class before shares."""
    book = Book(unit, snapshot.year)
    events = await unit_events_ever(conn, book)
    seals = await _seals(conn, snapshot.state)
    return await asyncio.to_thread(
        _page, events, seals, book, snapshot.rubrics, after, limit
    )  # fmt: skip


def _page(
    events: Sequence[Recorded], seals: Sequence[Seal], book: Book, rubrics: Rubrics,
    after: CausePlace | None, limit: int,
) -> HistoryPage:  # fmt: skip
    replay = BookReplay(book, rubrics)
    for cause, effective in causes(events, seals):
        if after is not None and place_of(cause) >= after:
            break
        replay.play(cause, effective)
    changes = list(itertools.islice(replay.changes(), limit + 1))
    items = changes[:limit]
    return HistoryPage(items, place_of(items[-1].cause) if len(changes) > limit else None)


async def unit_events_ever(conn: AsyncConnection, book: Book) -> list[Recorded]:
    """All that may ever have moved the book, in no order."""
    near = await unit_past.neighbourhood(conn, book.unit)
    subjects = near.subjects | {event.event.subject for event in near.statements}
    return [
        *near.statements,
        *await unit_past.events(conn, near.subjects, book.year),
        *await unit_past.retractions(conn, subjects),
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
