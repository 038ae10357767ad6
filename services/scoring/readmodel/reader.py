"""What HR asks: one rating, a list, a sheet, the events behind it, each as of the last commit."""

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
from services.scoring.ratings.listing import matching, page
from services.scoring.ratings.model import Rating
from services.scoring.ratings.reasons import told, told_aside
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
        found = matching((snapshot.entry(key) for key in readable), kind, class_, q)
        listed = page(found, sort, limit, cursor)
        return RatingPage([snapshot.rating(key) for key in listed.units], listed.next)

    async def sheet(self, year: int, asked: str, view: str | None) -> Sheet:
        """The rating of a unit explained, in the binding view or the one that was asked.

        Problem 503 where the fold overtakes each reading of the unit.
        """
        for _ in range(SHEET_TRIES):
            snapshot = await self.snapshots.of(year)
            unit = snapshot.unit(asked)
            async with self.db.read() as conn:
                moved = await book_queries.stamp(conn, Book(unit.key, year))
                cells = await book_queries.cells(conn, Book(unit.key, year))
                said = await event_queries.decisions(
                    conn, year, snapshot.registry.subjects(unit.key)
                )
            if moved <= snapshot.stamp:
                unit_year = _unit_year(snapshot, unit, view, cells, self.clock())
                context = _context(snapshot, unit, view, said)
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
        found: list[dict[str, Any]] = []
        async with self.db.read() as conn:
            while True:
                rows = await event_queries.events(conn, subjects, snapshot.year, after, limit + 1)
                said = [(row, decode(row.raw)) for row in rows]
                of_unit = [pair for pair in said if _holds(snapshot, pair[1], units)]
                taken = of_unit[: limit - len(found)]
                found += await _items(conn, snapshot, unit, taken)
                if len(found) == limit:
                    more = len(of_unit) > len(taken) or len(rows) > limit
                    return EventPage(found, _place(taken[-1]) if more else None)
                if len(rows) <= limit:
                    return EventPage(found, None)
                after = _place(said[-1])


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
        unit, year, snapshot.rubric(unit), snapshot.views(unit).shown(view), pool, cells,
        books.horizon(unit, year), now, tuple(heirs),
    )  # fmt: skip


def _context(
    snapshot: Snapshot, unit: Unit, view: str | None, said: Sequence[Recorded]
) -> SheetContext:
    views = snapshot.views(unit)
    shown = views.shown(view)
    other = OWN if shown == POOLED else POOLED
    ranked = not unit.ends_inside(snapshot.year) and shown == views.binding
    same_kind = (s for s in snapshot.unranked.values() if s.kind == unit.kind)
    return SheetContext(
        [one for one in said if _holds(snapshot, one, {unit.key})],
        snapshot.rating(unit.key, other) if views.pooled else None,
        rivals(unit.key, same_kind) if ranked else None,
    )


def may_read(snapshot: Snapshot, key: str, reader: Credential) -> bool:
    """Whether the reader may see the unit: one of its codes is enough."""
    return reader.role in READS_ALL or any(
        reader.speaks_for(subject) for subject in snapshot.registry.subjects(key)
    )


def may_read_closing(snapshot: Snapshot, unit: Unit, reader: Credential) -> bool:
    """Whether this is the last rating of a unit that a unit of the reader's came after."""
    if unit.ends is None or moments.local_year(unit.ends - 1) != snapshot.year:
        return False
    heirs = snapshot.registry.heirs(unit.key)
    return any(may_read(snapshot, heir, reader) for heir in heirs)


def _place(pair: tuple[EventRow, Recorded]) -> EventKey:
    return EventKey(pair[1].time, pair[0].identity)


def _holds(snapshot: Snapshot, said: Recorded, units: Collection[str]) -> bool:
    """Whether the event is about one of the units, a code being of whom holds it then."""
    holder = snapshot.registry.holder(said.event.subject, said.time)
    return holder is not None and holder.key in units


async def _items(
    conn: Any, snapshot: Snapshot, unit: Unit, pairs: Sequence[tuple[EventRow, Recorded]]
) -> list[dict[str, Any]]:
    retracted = await ledger.retracted(conn, {said.identity for _, said in pairs})
    retractions = (event for _, event in pairs if event.kind.short == verdict.RETRACTION)
    heads = await event_queries.heads(
        conn, {verdict.retraction_target(said).identity for said in retractions}
    )
    unannounced = await _unannounced(conn, snapshot, unit, [said for _, said in pairs])
    items = []
    for row, said in pairs:
        if row.aside is not None:
            shown = {"counted": False, **told_aside(row.aside)}
        else:
            judged = verdict.verdict(said, snapshot.registry, snapshot.rubrics, retracted, heads)
            shown = {"counted": judged.counted, **told(judged.reason)}
        shown |= {"receipt": row.receipt.hex()}
        shown |= note_members(not shown["counted"] or said.identity not in unannounced)
        items.append({**json.loads(row.raw), **shown})
    return items


async def _unannounced(
    conn: Any, snapshot: Snapshot, unit: Unit, events: Sequence[Recorded]
) -> set[bytes]:
    """Those events that fulfil duties of the unit of which none was ever announced."""
    view, rubric, duties = snapshot.views(unit).binding, snapshot.rubric(unit), {}
    for event in events:
        cells = fulfilled_duties(event, unit.key, view, snapshot.registry, snapshot.rubrics)
        if cells:
            duties[event.identity] = cells
    places = {
        place for cells in duties.values() for c in cells for place in cells_of_duty(rubric, c)
    }
    known = (
        await book_queries.cells_at(conn, Book(unit.key, snapshot.year), places) if places else {}
    )
    return {
        identity for identity, cells in duties.items() if not is_announced(rubric, cells, known)
    }
