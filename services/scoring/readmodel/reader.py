"""The queries of scoring: ratings, sheets and the events behind them, as of the last commit."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contracts import moments
from contracts.envelope import Recorded, decode
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.http.problems import Problem
from services.scoring.errors import ClassUnknown
from services.scoring.fold import books, verdict
from services.scoring.fold.books import Book
from services.scoring.fold.cells import OWN, POOLED, Cell, Posting
from services.scoring.fold.registry import Unit
from services.scoring.messages import message
from services.scoring.queries import books as book_queries
from services.scoring.queries import events as event_queries
from services.scoring.queries.events import EventKey, EventRow
from services.scoring.ratings.listing import find_entries, page
from services.scoring.ratings.model import Rating
from services.scoring.ratings.reasons import aside_members, uncounted_members
from services.scoring.ratings.sheet.announced import (
    cells_of_duty,
    fulfilled_duties,
    is_announced,
    note_members,
)
from services.scoring.ratings.sheet.model import Sheet
from services.scoring.ratings.sheet.sheet import SheetContext, sheet_of
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.ratings.standings import rivals
from services.scoring.readmodel.arrivals import Arrivals
from services.scoring.readmodel.snapshot import Snapshot, Snapshots
from services.scoring.store import ledger

SHEET_TRIES = 20

Cells = Mapping[Cell, Sequence[Posting]]


class RatingPage(NamedTuple):
    """Ratings of a page, and the cursor of the next; None at the end."""

    items: list[Rating]
    next: str | None


class EventPage(NamedTuple):
    """Events of a page, and where the next begins; None at the end."""

    items: list[dict[str, Any]]
    next: EventKey | None


@dataclass
class Reading:
    """The queries of scoring."""

    db: Database
    snapshots: Snapshots
    clock: Clock
    arrivals: Arrivals = field(init=False)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.db)

    async def wait_for_receipts(self, receipts: Collection[bytes]) -> None:
        """Until each of these events is in the ledger or in quarantine, as `Arrivals.wait`."""
        await self.arrivals.wait(receipts)

    async def list(
        self, year: int, reader: Credential, kind: str | None, class_: str | None, q: str | None,
        sort: str, limit: int, cursor: str | None,
    ) -> RatingPage:  # fmt: skip
        """A page of the year's ratings that the reader may see; ClassUnknown for no such class."""
        snapshot = await self.snapshots.of(year)
        classes = list(dict.fromkeys(snapshot.classes(kind)))
        if class_ is not None and class_ not in classes:
            raise ClassUnknown(classes)
        readable = (key for key in snapshot.standings if may_read(snapshot, key, reader))
        matches = find_entries((snapshot.entry(key) for key in readable), kind, class_, q)
        keys = page(matches, sort, limit, cursor)
        return RatingPage([snapshot.rating(key) for key in keys.units], keys.next)

    async def sheet(self, year: int, code: str, view: str | None) -> Sheet:
        """The rating of a unit explained, in the binding view or in `view`.

        Problem 503 where each of SHEET_TRIES reads finds the unit changed after the snapshot.
        """
        for _ in range(SHEET_TRIES):
            snapshot = await self.snapshots.of(year)
            unit = snapshot.unit(code)
            async with self.db.read() as conn:
                stamp = await book_queries.stamp(conn, Book(unit.key, year))
                cells = await book_queries.cells(conn, Book(unit.key, year))
                decisions = await event_queries.decisions(
                    conn, year, snapshot.registry.subjects(unit.key)
                )
            if stamp <= snapshot.stamp:
                unit_year = _unit_year(snapshot, unit, view, cells, self.clock())
                context = _context(snapshot, unit, view, decisions)
                standing = snapshot.standing(unit, view)
                rating = snapshot.rating(unit.key, view)
                return await asyncio.to_thread(sheet_of, rating, standing, unit_year, context)
        raise Problem(503, message("sheet-moving"), headers={"Retry-After": "2"})

    async def events(
        self, snapshot: Snapshot, unit: Unit, after: EventKey | None, limit: int
    ) -> EventPage:
        """The unit's events of the year by their time, each with whether it counts and why not.

        Where the pooled view binds, those of the predecessors are among them.
        """
        units = {unit.key}
        if snapshot.views(unit).pooled_binds:
            units |= snapshot.registry.pool(unit.key, snapshot.year)
        subjects = {code for key in units for code in snapshot.registry.subjects(key)}
        items: list[dict[str, Any]] = []
        async with self.db.read() as conn:
            while True:
                rows = await event_queries.events(conn, subjects, snapshot.year, after, limit + 1)
                pairs = [(row, decode(row.raw)) for row in rows]
                of_unit = [pair for pair in pairs if _belongs(snapshot, pair[1], units)]
                part = of_unit[: limit - len(items)]
                items += await _items(conn, snapshot, unit, part)
                if len(items) == limit:
                    more = len(of_unit) > len(part) or len(rows) > limit
                    return EventPage(items, _place(part[-1]) if more else None)
                if len(rows) <= limit:
                    return EventPage(items, None)
                after = _place(pairs[-1])


def _unit_year(
    snapshot: Snapshot, unit: Unit, view: str | None, cells: Cells, now: int
) -> UnitYear:
    registry, year = snapshot.registry, snapshot.year
    pool = registry.pool(unit.key, year)
    heirs = [
        heir for heir in registry.pooling(unit.key, year)
        if heir != unit.key and heir in snapshot.standings
        and snapshot.views(registry.units[heir]).pooled_binds
    ]  # fmt: skip
    return UnitYear(
        unit, year, snapshot.rubric(unit), snapshot.views(unit).answering(view), pool, cells,
        books.horizon(unit, year), now, tuple(heirs),
    )  # fmt: skip


def _context(
    snapshot: Snapshot, unit: Unit, view: str | None, decisions: Sequence[Recorded]
) -> SheetContext:
    views = snapshot.views(unit)
    answer = views.answering(view)
    other = OWN if answer == POOLED else POOLED
    ranked = not unit.ends_inside(snapshot.year) and answer == views.binding
    same_kind = (s for s in snapshot.unranked.values() if s.kind == unit.kind)
    return SheetContext(
        [event for event in decisions if _belongs(snapshot, event, {unit.key})],
        snapshot.rating(unit.key, other) if views.pooled else None,
        rivals(unit.key, same_kind) if ranked else None,
    )


def may_read(snapshot: Snapshot, key: str, reader: Credential) -> bool:
    """Whether the reader may see the unit: one of its codes is enough."""
    return reader.role in READS_ALL or any(
        reader.speaks_for(subject) for subject in snapshot.registry.subjects(key)
    )


def may_read_closing(snapshot: Snapshot, unit: Unit, reader: Credential) -> bool:
    """Whether it is the closing rating of a unit whose heir the reader may see."""
    if unit.ends is None or moments.local_year(unit.ends - 1) != snapshot.year:
        return False
    heirs = snapshot.registry.heirs(unit.key)
    return any(may_read(snapshot, heir, reader) for heir in heirs)


def _place(pair: tuple[EventRow, Recorded]) -> EventKey:
    return EventKey(pair[1].time, pair[0].identity)


def _belongs(snapshot: Snapshot, event: Recorded, units: Collection[str]) -> bool:
    """Whether the event is about one of the units: a code belongs to one unit at a time."""
    holder = snapshot.registry.holder(event.event.subject, event.time)
    return holder is not None and holder.key in units


async def _items(
    conn: Any, snapshot: Snapshot, unit: Unit, pairs: Sequence[tuple[EventRow, Recorded]]
) -> list[dict[str, Any]]:
    retracted = await ledger.retracted(conn, {event.identity for _, event in pairs})
    retractions = (event for _, event in pairs if event.kind.short == verdict.RETRACTION)
    heads = await event_queries.heads(
        conn, {verdict.retraction_target(event).identity for event in retractions}
    )
    unannounced = await _unannounced(conn, snapshot, unit, [event for _, event in pairs])
    items = []
    for row, event in pairs:
        if row.aside is not None:
            members = {"counted": False, **aside_members(row.aside)}
        else:
            counts = verdict.verdict(event, snapshot.registry, snapshot.rubrics, retracted, heads)
            members = {"counted": counts.counted, **uncounted_members(counts.reason)}
        members |= {"receipt": row.receipt.hex()}
        members |= note_members(not members["counted"] or event.identity not in unannounced)
        items.append({**json.loads(row.raw), **members})
    return items


async def _unannounced(
    conn: Any, snapshot: Snapshot, unit: Unit, events: Sequence[Recorded]
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
    announced = (
        await book_queries.cells_at(conn, Book(unit.key, snapshot.year), places) if places else {}
    )
    return {
        identity for identity, cells in duties.items() if not is_announced(rubric, cells, announced)
    }
