"""The events behind a unit's rating, page by page, each with whether it counts and why not.

They are those of the year, and what bears on it from elsewhere (`unit_context`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.scoring.fold import books
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Cell, Posting
from services.scoring.fold.registry import Unit
from services.scoring.queries import books as book_queries
from services.scoring.queries import events as event_queries
from services.scoring.queries.events import EventKey
from services.scoring.ratings.reasons import aside_members, uncounted_members
from services.scoring.ratings.sheet.announced import (
    cells_of_duty,
    fulfilled_duties,
    is_announced,
    note_members,
)
from services.scoring.readmodel import as_of
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.unit_context import REOPENING, ListedEvent, unit_context
from services.scoring.readmodel.verdicts import verdicts
from services.scoring.rubrics.model import Indicator

NAMING = ("exemption.approved", "exemption.revoked", "declaration.nil", "adjustment.decided",
          "selfscore.submitted")  # fmt: skip
"""The event types that name an indicator."""


class EventPage(NamedTuple):
    """Events of a page, and where the next begins; None at the end."""

    items: list[dict[str, Any]]
    next: EventKey | None


async def unit_events(
    conn: AsyncConnection, snapshot: Snapshot, unit: Unit, after: EventKey | None, limit: int,
    indicator: Indicator | None = None,
) -> EventPage:  # fmt: skip
    """The unit's events of the year by their time, up to the instant that the snapshot answers for.

    Where the pooled view binds, those of the predecessors are among them. With an indicator only
    those that post to it or name it, also where they were taken back.
    """
    units = {unit.key}
    if snapshot.views(unit).pooled_binds:
        units |= snapshot.registry.pool(unit.key, snapshot.year)
    subjects = {code for key in units for code in snapshot.registry.subjects(key)}
    year, until = snapshot.year, snapshot.as_of
    kinds = () if indicator is None else _kinds(indicator)
    context = [
        each
        for each in (await unit_context(conn, snapshot, units, subjects) if not kinds else ())
        if not _is_of_year(snapshot, each.event, units, subjects)
        and (after is None or _place(each) > after)
    ]
    context.sort(key=_place)
    items: list[dict[str, Any]] = []
    while True:
        rows = await event_queries.events(conn, subjects, year, after, limit + 1, until, kinds)
        pairs = [ListedEvent(row, decode(row.raw)) for row in rows]
        is_last = len(rows) <= limit
        of_unit = _of_unit(snapshot, units, unit, indicator, pairs)
        ahead = [each for each in context if is_last or _place(each) <= _place(pairs[-1])]
        context = context[len(ahead) :]
        of_unit = sorted([*of_unit, *ahead], key=_place)
        part = of_unit[: limit - len(items)]
        items += await _items(conn, snapshot, unit, part)
        if len(items) == limit:
            more = len(of_unit) > len(part) or not is_last or bool(context)
            return EventPage(items, _place(part[-1]) if more else None)
        if is_last:
            return EventPage(items, None)
        after = _place(pairs[-1])


def _of_unit(
    snapshot: Snapshot, units: Collection[str], unit: Unit, indicator: Indicator | None,
    pairs: Sequence[ListedEvent],
) -> list[ListedEvent]:  # fmt: skip
    """Those of the events that are about the units, and about the indicator where there is one."""
    of_units = [pair for pair in pairs if belongs(snapshot, pair.event, units)]
    if indicator is None:
        return of_units
    return [pair for pair in of_units if _is_about(snapshot, unit, indicator, pair.event)]


def _kinds(indicator: Indicator) -> set[str]:
    """The event types that may move the indicator, or name it."""
    rules = (rule for _, rules in indicator.sides() for rule in rules)
    return {*NAMING, *(short for rule in rules for short in (*rule.sets, *rule.clears))}


def _is_about(snapshot: Snapshot, unit: Unit, indicator: Indicator, event: Recorded) -> bool:
    """Whether the event names the indicator, or posts to it in the unit's book."""
    if event.kind.short in NAMING:
        return getattr(event.event.data, "indicator", None) == indicator.id
    posted = books.postings(event, snapshot.registry, snapshot.rubrics)
    cells = (cell for book, pairs in posted if book.unit == unit.key for cell, _ in pairs)
    return any(cell.indicator == indicator.id for cell in cells)


def _is_of_year(
    snapshot: Snapshot, event: Recorded, units: Collection[str], subjects: Collection[str]
) -> bool:
    """Whether the event is among those of the year under the subjects of the units."""
    filed = event.year == snapshot.year and event.event.subject in subjects
    return filed and belongs(snapshot, event, units)


def belongs(snapshot: Snapshot, event: Recorded, units: Collection[str]) -> bool:
    """Whether the event is about one of the units: a code belongs to one unit at a time."""
    holder = snapshot.registry.holder(event.event.subject, event.time)
    return holder is not None and holder.key in units


def _place(each: ListedEvent) -> EventKey:
    return EventKey(each.event.time, each.row.identity)


async def _items(
    conn: AsyncConnection, snapshot: Snapshot, unit: Unit, pairs: Sequence[ListedEvent]
) -> list[dict[str, Any]]:
    events = [event for _, event in pairs]
    by_identity = await verdicts(conn, snapshot, events)
    unannounced = await _unannounced(conn, snapshot, unit, events)
    items = []
    for row, event in pairs:
        if row.aside is not None:
            members = {"counted": False, **aside_members(row.aside)}
        elif event.kind.short == REOPENING:
            members = {"counted": True, **uncounted_members(None)}
        else:
            counts = by_identity[event.identity]
            members = {"counted": counts.counted, **uncounted_members(counts.reason)}
        members |= {"receipt": row.receipt.hex()}
        members |= note_members(not members["counted"] or event.identity not in unannounced)
        items.append({**json.loads(row.raw), **members})
    return items


async def _unannounced(
    conn: AsyncConnection, snapshot: Snapshot, unit: Unit, events: Sequence[Recorded]
) -> set[bytes]:
    """The events that fulfil duties of the unit of which none was ever announced."""
    view, rubric, duties = snapshot.views(unit).binding, snapshot.rubric(unit), {}
    for event in events:
        cells = fulfilled_duties(event, unit.key, view, snapshot.registry, snapshot.rubrics)
        if cells:
            duties[event.identity] = cells
    places = {
        place for cells in duties.values() for c in cells for place in cells_of_duty(rubric, c)
    }
    announced = await _cells_at(conn, snapshot, unit, places) if places else {}
    return {
        identity for identity, cells in duties.items() if not is_announced(rubric, cells, announced)
    }


async def _cells_at(
    conn: AsyncConnection, snapshot: Snapshot, unit: Unit, places: Collection[Cell]
) -> Mapping[Cell, Sequence[Posting]]:
    if snapshot.until is None:
        return await book_queries.cells_at(conn, Book(unit.key, snapshot.year), places)
    cells = await as_of.cells(conn, snapshot, unit.key, snapshot.until)
    return {place: cells[place] for place in places if place in cells}
