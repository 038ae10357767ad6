"""Reads what bears on a unit's year without being filed under that year and its subjects.

Such are the `unit.*` events of other years, successions to the unit, recodings of its codes, the
retractions that name one of its events, and the decisions that reopened the year.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import select_among
from services.scoring.fold.books import LedgerPart
from services.scoring.queries.as_of import REGISTRY, RETRACTION
from services.scoring.queries.events import EventRow
from services.scoring.store.book_inputs import recorded_by
from services.scoring.year.stages import REOPENED

_ROWS = "SELECT identity, receipt, raw, time FROM ledger"
_KIN = "kind IN ('unit.succeeded', 'unit.recoded')"
"""The statements that speak of another unit than their subject."""


async def statements(
    conn: AsyncConnection, units: Collection[str], until: int | None
) -> list[EventRow]:
    """The `unit.*` events about these units, and all that may name them, of any year.

    With `until` only what a door had recorded by then; so in each of these functions.
    """
    kin = await conn.execute(text(f"{_ROWS} WHERE {REGISTRY} AND {_KIN}{_recorded_by(until)}"))
    # the sign keeps SQLite from the index of the registry, which is that of the whole city
    own = f"{_ROWS} WHERE +{REGISTRY}{_recorded_by(until)} AND subject"
    rows = [*kin, *await select_among(conn, own, units, "text")]
    return list({row.identity: row for row in map(_row, rows)}.values())


async def retractions(
    conn: AsyncConnection, subjects: Collection[str], until: int | None
) -> list[EventRow]:
    """The retractions under these subjects, of any year."""
    select = f"{_ROWS} WHERE {RETRACTION}{_recorded_by(until)} AND subject"
    return [_row(row) for row in await select_among(conn, select, subjects, "text")]


async def reopenings(conn: AsyncConnection, year: int, until: int | None) -> list[EventRow]:
    """The events by which the year was reopened."""
    select = (
        f"{_ROWS} WHERE part = {int(LedgerPart.STAGE)} AND year = {int(year)} "
        f"AND kind = 'year.{REOPENED}'{_recorded_by(until)}"
    )
    return [_row(row) for row in await conn.execute(text(select))]


async def years(conn: AsyncConnection, identities: Collection[bytes]) -> dict[bytes, int]:
    """The years of those of these events that the ledger has."""
    select = "SELECT identity, year FROM ledger WHERE identity"
    return {bytes(row[0]): row[1] for row in await select_among(conn, select, identities, "bytea")}


def _recorded_by(until: int | None) -> str:
    return "" if until is None else f" AND {recorded_by(until)}"


def _row(row: Any) -> EventRow:
    return EventRow(bytes(row[0]), bytes(row[1]), bytes(row[2]), row[3])
