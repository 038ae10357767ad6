"""What bears on a unit's year and is filed elsewhere: its registry, retractions, reopenings.

Whoever reads the events of a rating finds in them each cause that its history names. What speaks
only of the time after the year is left out, for else a sealed year would list the heads and names
of all later years as late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.envelope import Recorded, decode
from services.scoring.fold.verdict import retraction_target
from services.scoring.queries import unit_context as context_queries
from services.scoring.queries.events import EventRow
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.store import quarantine

REGISTERED, SUCCEEDED, RECODED = "unit.registered", "unit.succeeded", "unit.recoded"
ENDINGS = (SUCCEEDED, "unit.dissolved")
REOPENING = "year.reopened"


class ListedEvent(NamedTuple):
    """A row of the ledger, and the event in it."""

    row: EventRow
    event: Recorded


async def unit_context(
    conn: AsyncConnection, snapshot: Snapshot, units: Collection[str], subjects: Collection[str]
) -> list[ListedEvent]:
    """The events that bear on the year of these units and are not among those of the year.

    `subjects` are the keys and codes of the units.
    """
    until = snapshot.as_of
    rows = await context_queries.statements(conn, units, until)
    rows += [] if until is not None else await _statements_aside(conn, units)
    statements = _bearing(_listed(rows), units, subjects, snapshot.year)
    around = {*subjects, *(each.event.event.subject for each in statements)}
    retractions = _listed(await context_queries.retractions(conn, around, until))
    years = await context_queries.years(conn, {_target(each.event) for each in retractions})
    identities = {each.row.identity for each in statements}
    retractions = [
        each for each in retractions
        if _target(each.event) in identities
        or (each.event.event.subject in subjects
            and years.get(_target(each.event)) == snapshot.year)
    ]  # fmt: skip
    reopenings = _listed(await context_queries.reopenings(conn, snapshot.year, until))
    if snapshot.until is not None:  # a version has no part in its own reopening
        reopenings = [each for each in reopenings if each.event.recorded <= snapshot.until]
    return [*statements, *retractions, *reopenings]


async def _statements_aside(conn: AsyncConnection, units: Collection[str]) -> list[EventRow]:
    """The `unit.*` events about the units that the operator set aside."""
    return [
        EventRow(event.identity, event.receipt, event.raw, event.time, event.reason)
        for event in (await quarantine.aside(conn)).values()
        if event.receipt is not None and event.subject in units
        and decode(event.raw).kind.domain == "unit"
    ]  # fmt: skip


def _listed(rows: Iterable[EventRow]) -> list[ListedEvent]:
    return [ListedEvent(row, decode(row.raw)) for row in rows]


def _target(retraction: Recorded) -> bytes:
    return retraction_target(retraction).identity


def _bearing(
    statements: Iterable[ListedEvent], units: Collection[str], subjects: Collection[str], year: int
) -> list[ListedEvent]:
    """Those of the statements that are about the units and bear on the year."""
    about = [each for each in statements if _is_about(each.event, units, subjects)]
    end = moments.year_start(year + 1)
    ended = {_ending(each.event) for each in about if _begins(each.event) < end}
    return [
        each for each in about
        if _begins(each.event) < end
        or (each.event.kind.short in ENDINGS and _ending(each.event) in ended)
    ]  # fmt: skip


def _is_about(event: Recorded, units: Collection[str], subjects: Collection[str]) -> bool:
    short, data = event.kind.short, event.event.data
    return (
        event.event.subject in units
        or (short == SUCCEEDED and data.successor in units)
        or (short == RECODED and data.code in subjects)
    )


def _begins(statement: Recorded) -> int:
    """The instant from which a statement holds; a registration bears on every year."""
    if statement.kind.short == REGISTERED:
        return -(2**62)
    return moments.day_start(statement.event.data.effective)


def _ending(statement: Recorded) -> tuple[str, str, str]:
    """Which end of a unit a statement is about: of several about one, the latest decides."""
    successor = getattr(statement.event.data, "successor", "")
    return statement.kind.short, statement.event.subject, successor
