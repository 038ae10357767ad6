"""The queries of scoring: ratings, sheets and the events behind them, as of the last commit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import moments
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.cancellation import BackgroundTasks
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.http.problems import Problem
from services.scoring.errors import ClassUnknown
from services.scoring.fold.registry import Unit
from services.scoring.messages import message
from services.scoring.queries.events import EventKey
from services.scoring.ratings.differences import LineDifference
from services.scoring.ratings.history import CausePlace, Members
from services.scoring.ratings.listing import find_entries, page
from services.scoring.ratings.model import Rating
from services.scoring.ratings.sheet.model import Sheet
from services.scoring.readmodel.arrivals import Arrivals
from services.scoring.readmodel.changes import unit_changes, unit_differences
from services.scoring.readmodel.computing import compute_by_size
from services.scoring.readmodel.history import Histories, HistoryPage
from services.scoring.readmodel.moment import NOW, Moment
from services.scoring.readmodel.movements import PastPlaces
from services.scoring.readmodel.question import renew_question
from services.scoring.readmodel.sheets import Sheets
from services.scoring.readmodel.snapshot import FEW_UNITS, Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.readmodel.unit_events import EventPage, unit_events
from services.scoring.readmodel.versions import YearVersions
from services.scoring.readmodel.what_if import WhatIfs
from services.scoring.rubrics.model import Indicator

SHEET_TRIES = 20


class RatingPage(NamedTuple):
    """Ratings of a page, the cursor of the next (None at the end), and the year they are of.

    `number` counts the ratings of all pages.
    """

    items: Sequence[Rating]
    next: str | None
    snapshot: Snapshot
    number: int


@dataclass
class Reading:
    """The queries of scoring."""

    db: Database
    snapshots: Snapshots
    clock: Clock
    histories: Histories = field(default_factory=Histories)
    arrivals: Arrivals = field(init=False)
    versions: YearVersions = field(init=False)
    what_ifs: WhatIfs = field(init=False)
    movements: PastPlaces = field(init=False)
    sheets: Sheets = field(init=False)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.db, self.background)
        self.versions = YearVersions(self.db, self.snapshots, self.clock)
        self.what_ifs = WhatIfs(self.versions)
        self.movements = PastPlaces(self.versions, self.clock)
        self.sheets = Sheets(self.db)

    @property
    def background(self) -> BackgroundTasks:
        """What goes on without the requests that began it."""
        return self.snapshots.background

    async def wait_for_receipts(self, receipts: Collection[bytes]) -> None:
        """Until each of these events is in the ledger or in quarantine, as `Arrivals.wait`."""
        await self.arrivals.wait(receipts)
        renew_question()

    async def snapshot(self, year: int, moment: Moment = NOW) -> Snapshot:
        """The set of the year that answers at a moment; as `YearVersions.of`."""
        return await self.versions.of(year, moment)

    async def list(
        self, year: int, reader: Credential, kind: str | None, class_: str | None, q: str | None,
        sort: str, limit: int, cursor: str | None, moment: Moment = NOW,
    ) -> RatingPage:  # fmt: skip
        """A page of the year's ratings that the reader may see; ClassUnknown for no such class."""
        current = await self.snapshots.of(year)
        snapshot = await self.versions.behind(current, moment)
        readable = [key for key in snapshot.standings if may_read(current, key, reader)]
        return await rating_page(
            snapshot, readable, kind, class_, q, sort, limit, cursor, repr((year, *moment))
        )

    async def sheet(self, year: int, code: str, view: str | None, moment: Moment = NOW) -> Sheet:
        """The rating of a unit explained, in the binding view or in `view`.

        Problem 503 where each of SHEET_TRIES reads finds the unit changed after the snapshot.
        """
        for _ in range(SHEET_TRIES):
            snapshot = await self.snapshot(year, moment)
            sheet = await self.sheets.of(snapshot, snapshot.unit(code), view, self.clock())
            if sheet is not None:
                return sheet
            renew_question()
        raise Problem(503, message("sheet-moving"), headers={"Retry-After": "2"})

    async def events(
        self, snapshot: Snapshot, unit: Unit, after: EventKey | None, limit: int,
        indicator: Indicator | None = None,
    ) -> EventPage:  # fmt: skip
        """The unit's events of the year by their time, each with whether it counts and why not.

        With an indicator only those of this line of the sheet.
        """
        async with self.db.read(short=True) as conn:
            return await unit_events(conn, snapshot, unit, after, limit, indicator)

    async def history(
        self, snapshot: Snapshot, unit: Unit, after: CausePlace | None, limit: int
    ) -> HistoryPage:
        """What moved the unit's total, or its class before shares, newest first."""
        async with self.db.read() as conn:
            return await self.histories.page(conn, snapshot, unit.key, after, limit)

    async def changes(self, year: int, unit: str, first: Moment, second: Moment) -> Members:
        """Line by line what differs between two states of a unit's year."""
        before, after = await self.snapshot(year, first), await self.snapshot(year, second)
        async with self.db.read() as conn:
            return await unit_changes(conn, unit, before, after)

    async def differences(
        self, unit: Unit, before: Snapshot, after: Snapshot, view: str | None = None
    ) -> Sequence[LineDifference]:
        """The lines of a unit that differ between two states of a year, with their causes.

        In a view of the unit; None is the one that binds.
        """
        async with self.db.read() as conn:
            return await unit_differences(conn, unit.key, before, after, view)


async def rating_page(
    snapshot: Snapshot, units: Collection[str], kind: str | None, class_: str | None,
    q: str | None, sort: str, limit: int, cursor: str | None, question: str,
) -> RatingPage:  # fmt: skip
    """A page of the ratings of these units; ClassUnknown for no such class.

    `question` says what else decides which ratings they are.
    """
    classes = list(dict.fromkeys(snapshot.classes(kind)))
    if class_ is not None and class_ not in classes:
        raise ClassUnknown(classes)
    matches = find_entries((snapshot.entry(key) for key in units), kind, class_, q)
    keys = page(matches, sort, limit, cursor, repr((question, kind, class_, q)))

    def ratings() -> Sequence[Rating]:
        return [snapshot.rating(key) for key in keys.units]

    few = len(keys.units) < FEW_UNITS
    items = await compute_by_size(few, ratings)
    return RatingPage(items, keys.next, snapshot, len(matches))


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
