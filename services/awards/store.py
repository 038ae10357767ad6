"""Writes of the awards besides the journal: the rows behind lists and register."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.awards.domain import Achievement
from services.records.record import WITHDRAWN, Record


async def save(conn: AsyncConnection, record: Record[Achievement]) -> None:
    """Updates the rows of an achievement to its state; withdrawn if no step is in force."""
    state, key = record.state, {"id": record.id, "version": record.version}
    await conn.execute(text("DELETE FROM honours WHERE record = :id"), {"id": record.id})
    if state is None:
        update = text("UPDATE achievements SET stage = :stage, version = :version WHERE id = :id")
        await conn.execute(update, {**key, "stage": WITHDRAWN})
        return
    upsert = text(
        "INSERT INTO achievements (id, unit, origin, kind, title, stage, version, nominated) "
        "VALUES (:id, :unit, :origin, :kind, :title, :stage, :version, :nominated) "
        "ON CONFLICT (id) DO UPDATE SET unit = :unit, stage = :stage, version = :version"
    )
    await conn.execute(
        upsert,
        {
            **key, "unit": state.unit, "origin": state.origin, "kind": state.kind,
            "title": state.title, "stage": state.stage, "nominated": record.entries[0].step.at,
        },
    )  # fmt: skip
    insert = text(
        "INSERT INTO honours (record, what, level, decision, year) "
        "VALUES (:record, :what, :level, :decision, :year)"
    )
    for honour in state.honours:
        await conn.execute(insert, {"record": record.id, **honour._asdict()})


async def name_honoree(conn: AsyncConnection, record: str, hidden: bytes | None) -> None:
    """Stores the encrypted name of the exemplary person, or erases it (None)."""
    update = text("UPDATE achievements SET honoree = :hidden WHERE id = :id")
    await conn.execute(update, {"hidden": hidden, "id": record})
