"""Reads the ledger as of an instant: only what a door had recorded up to then.

What was recorded up to an instant that every door has passed never changes; what is retracted does,
so a row counts as retracted only where the retraction was recorded up to the instant as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.chassis.database.engine import rows_of, select_among
from services.chassis.driver_rows import Row
from services.scoring.fold import verdict
from services.scoring.fold.books import LedgerPart
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import RetractionTarget
from services.scoring.queries.events import EVERY_SUBJECT
from services.scoring.store import book_inputs
from services.scoring.store.book_inputs import PARTS, LedgerPast

POSTED = f"part IN ({PARTS})"
REGISTRY = f"part = {int(LedgerPart.REGISTRY)}"
RETRACTION = f"part = {int(LedgerPart.RETRACTION)}"
COLUMNS = "SELECT raw, identity, time, subject, retracted FROM ledger"
DECISIONS = f"{COLUMNS} WHERE part = {int(LedgerPart.DECISION)} AND year = {{year}}"
FEW = 200
"""The number of rows that are decoded at once without a thread."""
T = TypeVar("T")
Targets = frozenset[RetractionTarget]
"""What the retractions name that were recorded up to an instant."""


async def last_recorded(conn: AsyncConnection, year: int, until: int) -> int | None:
    """The last instant up to `until` at which something was recorded that concerns the year.

    Such are the events of the year, and `unit.*` events and retractions of any year.
    """
    latest = " UNION ALL ".join(
        f"SELECT max(recorded) AS at FROM ledger WHERE recorded <= {int(until)} AND {condition}"
        for condition in (f"year = {int(year)} AND {POSTED}", REGISTRY, RETRACTION)
    )
    last = (await conn.execute(text(f"SELECT max(at) FROM ({latest}) AS latest"))).scalar()
    return None if last is None else int(last)


async def retraction_targets(
    conn: AsyncConnection, until: int, subjects: Collection[str] | None = None
) -> Targets:
    """The targets of the retractions recorded up to an instant, all or those of some subjects."""
    select = f"SELECT raw FROM ledger WHERE {RETRACTION} AND {book_inputs.recorded_by(until)}"
    if subjects is None:
        rows: Sequence[Any] = (await conn.execute(text(select))).all()
    else:
        rows = await select_among(conn, f"{select} AND subject", subjects, "text")
    return await _beside(rows, _targets)


def _targets(rows: Sequence[Row]) -> Targets:
    retractions = (decode(bytes(row[0])) for row in rows)
    return frozenset(
        verdict.retraction_target(event) for event in retractions if verdict.names_own_source(event)
    )


async def registry(conn: AsyncConnection, until: int, targets: Targets) -> Registry:
    """The registry that follows from the `unit.*` events recorded up to an instant."""
    select = f"SELECT raw FROM ledger WHERE {REGISTRY} AND {book_inputs.recorded_by(until)}"
    rows = (await conn.execute(text(select))).all()

    def read(rows: Sequence[Row]) -> Registry:
        events = (decode(bytes(row[0])) for row in rows)
        return Registry(
            verdict.statement(event)
            for event in events
            if verdict.event_target(event) not in targets
        )

    return await _beside(rows, read)


async def later_subjects(conn: AsyncConnection, year: int, until: int) -> set[str]:
    """The subjects of what was recorded after an instant: events of the year, and retractions."""
    select = "SELECT DISTINCT subject FROM ledger WHERE recorded > :until AND "
    rows = await conn.execute(
        text(f"{select} year = :year AND {POSTED} UNION {select} {RETRACTION}"),
        {"year": year, "until": until},
    )
    return {row[0] for row in rows}


async def events(
    conn: AsyncConnection, subjects: Collection[str], year: int, until: int, targets: Targets
) -> dict[str, list[Recorded]]:
    """The events of a year that may post facts as of an instant, by subject.

    As `book_inputs.events` reads them in a worker.
    """
    past = LedgerPast(until, targets)
    select = book_inputs.select_past(year, past)
    rows = await (await rows_of(conn)).among(select, subjects, "text")
    return await _beside(rows, lambda rows: book_inputs.restored(rows, year, past))


async def decisions(
    conn: AsyncConnection, year: int, until: int, targets: Targets,
    subjects: Collection[str] | None = None,
) -> list[Recorded]:  # fmt: skip
    """The decisions, declarations and results of a year as of an instant."""
    select = f"{DECISIONS.format(year=int(year))} AND {book_inputs.recorded_by(until)}"
    if subjects is None:
        rows: Sequence[Any] = (await conn.execute(text(f"{select} {EVERY_SUBJECT}"))).all()
    else:
        rows = await select_among(conn, f"{select} AND subject", subjects, "text")

    past = LedgerPast(until, targets)

    def read(rows: Sequence[Row]) -> list[Recorded]:
        return [decode(bytes(row[0])) for row in rows if not past.retracts(row)]

    return await _beside(rows, read)


async def _beside(rows: Sequence[Row], read: Callable[[Sequence[Row]], T]) -> T:
    """Reads rows, many of them beside the event loop."""
    return read(rows) if len(rows) < FEW else await asyncio.to_thread(read, rows)
