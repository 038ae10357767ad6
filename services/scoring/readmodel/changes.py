"""What differs between two states of a unit's year, with the events that were recorded between."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.scoring.errors import UnitNotRated
from services.scoring.fold.books import Book
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.differences import (
    LineDifference,
    YearSide,
    differences_members,
    line_differences,
)
from services.scoring.ratings.history import Members, place_of
from services.scoring.ratings.replay import BookReplay
from services.scoring.readmodel.computing import compute
from services.scoring.readmodel.history import unit_events_ever
from services.scoring.readmodel.snapshot import Snapshot

FOREVER = 2**62


async def unit_changes(
    conn: AsyncConnection, unit: str, before: Snapshot, after: Snapshot
) -> Members:
    """The differences of a unit; UnitNotRated where neither state rates it."""
    lines = await unit_differences(conn, unit, before, after)
    return differences_members(unit, after.year, _side(before, unit), _side(after, unit), lines)


async def unit_differences(
    conn: AsyncConnection, unit: str, before: Snapshot, after: Snapshot, view: str | None = None
) -> list[LineDifference]:
    """The lines that differ in a view (None: the one that binds), with the events behind it.

    UnitNotRated where neither state rates the unit.
    """
    earlier, later = _assessment(before, unit, view), _assessment(after, unit, view)
    if earlier is None and later is None:
        raise UnitNotRated(unit, after.year)
    book = Book(unit, after.year)
    events = await unit_events_ever(conn, book)
    ends = sorted(FOREVER if each.until is None else each.until for each in (before, after))
    causes = await compute(_causes, events, BookReplay(book, after.rubrics, view), *ends)
    return line_differences(earlier, later, causes)


def _causes(
    events: Iterable[Recorded], replay: BookReplay, since: int, until: int
) -> dict[str, list[Recorded]]:
    """The events recorded after `since` and up to `until`, by the indicators that they moved."""
    for event in sorted(events, key=place_of):
        if event.recorded <= until:
            replay.play(event, [event])
    causes: dict[str, list[Recorded]] = {}
    for cause, indicators in replay.traces():
        if cause.recorded <= since:
            break
        for indicator in indicators:
            causes.setdefault(indicator, []).append(cause)
    return causes


def _assessment(snapshot: Snapshot, key: str, view: str | None = None) -> Assessment | None:
    if key not in snapshot.standings:
        return None
    return snapshot.standing(snapshot.registry.units[key], view).assessment


def _side(snapshot: Snapshot, key: str) -> YearSide:
    rated = key in snapshot.standings
    return YearSide(
        snapshot.as_of,
        snapshot.stage,
        snapshot.version,
        snapshot.rubrics.digest_of(snapshot.year),
        snapshot.rating(key) if rated else None,
        _assessment(snapshot, key),
    )
