"""Writes of the violations besides the journal: rows of cases, and encrypted texts."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.records.record import WITHDRAWN, Record
from services.violations.domain import Case


async def save(conn: AsyncConnection, record: Record[Case]) -> None:
    """Updates the row of a case to its state; withdrawn if no step is in force."""
    state, key = record.state, {"id": record.id, "version": record.version}
    if state is None:
        update = text(
            "UPDATE cases SET stage = :stage, version = :version, due = NULL, deed = NULL, "
            "concluded = NULL, handled = NULL WHERE id = :id"
        )
        await conn.execute(update, {**key, "stage": WITHDRAWN})
        return
    upsert = text(
        "INSERT INTO cases "
        "(id, unit, origin, by_unit, stage, version, due, deed, concluded, handled) VALUES "
        "(:id, :unit, :origin, :by_unit, :stage, :version, :due, :deed, :concluded, :handled) "
        "ON CONFLICT (id) DO UPDATE SET unit = :unit, stage = :stage, version = :version, "
        "due = :due, deed = :deed, concluded = :concluded, handled = :handled"
    )
    concluded, handled = state.conclusion, state.handling
    await conn.execute(
        upsert,
        {
            **key, "unit": state.unit, "origin": state.origin, "by_unit": state.by_unit,
            "stage": state.stage, "due": state.due, "deed": concluded and concluded.deed,
            "concluded": concluded and concluded.year, "handled": handled and handled.year,
        },
    )  # fmt: skip


async def keep_words(
    conn: AsyncConnection, record: str, version: int, hidden: Mapping[str, bytes]
) -> None:
    """Stores the encrypted texts of one step, by field."""
    insert = text(
        "INSERT INTO words (record, version, field, hidden) "
        "VALUES (:record, :version, :field, :hidden)"
    )
    for field, value in hidden.items():
        row = {"record": record, "version": version, "field": field, "hidden": value}
        await conn.execute(insert, row)


async def erase_words(conn: AsyncConnection, record: str, field: str | None) -> int:
    """Erases the texts of a case, or of one field of it; returns how many."""
    narrowed = " AND field = :field" if field is not None else ""
    update = text(
        f"UPDATE words SET hidden = NULL WHERE record = :record AND hidden IS NOT NULL{narrowed}"
    )
    parameters = {"record": record} | ({} if field is None else {"field": field})
    return int((await conn.execute(update, parameters)).rowcount)
