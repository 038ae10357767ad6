"""The appeals of a year, page by page.

A sealed year answers as of the cut of its seal: what was decided or taken back later changes
nothing. Appeals that were filed later are listed too; they are not in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.chassis.auth.credentials import Credential
from services.scoring.errors import YearUnknown
from services.scoring.queries import appeals as appeal_queries
from services.scoring.ratings.appeals import EVENT_TYPES, FILED, Appeal, appeals
from services.scoring.readmodel.decisions import decisions_of
from services.scoring.readmodel.reader import Reading, may_read
from services.scoring.readmodel.snapshot import Snapshot


class AppealKey(NamedTuple):
    """Where a page ended: the key of a unit, and that of one of its appeals."""

    unit: str
    appeal: str


class AppealPage(NamedTuple):
    """Appeals of a page, and where the next begins; None at the end."""

    items: list[Appeal]
    next: AppealKey | None


async def appeal_page(
    reading: Reading, year: int, reader: Credential, state: str | None, after: AppealKey | None,
    limit: int,
) -> AppealPage:  # fmt: skip
    """The appeals of the units that the reader may see, by unit and key; YearUnknown without."""
    current, snapshot = await reading.snapshots.of(year), await reading.snapshot(year)
    if not snapshot.rubrics.of_year(year) and not snapshot.state.decisions:
        raise YearUnknown(year)
    async with reading.db.read() as conn:
        events = await _events(conn, snapshot)
    unit_of = appeal_queries.rated_unit(year, snapshot.registry, snapshot.rubrics)
    items = [
        appeal
        for appeal in appeals(events, unit_of, snapshot.state.reply_until)
        if state in (None, appeal.state.state)
        and (after is None or (appeal.unit, appeal.appeal) > after)
        and may_read(current, appeal.unit, reader)
    ]
    page = items[:limit]
    more = len(items) > limit
    return AppealPage(page, AppealKey(page[-1].unit, page[-1].appeal) if more else None)


async def _events(conn: AsyncConnection, snapshot: Snapshot) -> Sequence[Recorded]:
    """Appeals, decisions on them and their outcomes, of the set that the snapshot answers for."""
    of_set, until = await decisions_of(conn, snapshot, EVENT_TYPES), snapshot.until
    if until is None:
        return of_set
    filed = await appeal_queries.events(conn, snapshot.year, {FILED})
    return [*of_set, *(event for event in filed if event.recorded > until)]
