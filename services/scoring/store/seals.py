"""Writes drafts, seals, their ratings and checkpoints, and reads what the commands need of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import bulk_insert
from services.scoring import tables
from services.scoring.year.stages import RubricText

_RUBRICS = msgspec.json.Decoder(tuple[RubricText, ...])


class DraftRow(NamedTuple):
    """A draft; instants in microseconds."""

    year: int
    version: int
    cut: int
    size: int
    root: bytes
    events: int
    events_root: bytes
    decision: str
    date: str
    reason: str
    drafted_by: str
    at: int
    rubrics: tuple[RubricText, ...]
    signature: str | None = None
    signed_by: str | None = None


class SealRow(NamedTuple):
    """A sealed version; `keys` are the verifier keys that signed, the operator's first."""

    year: int
    version: int
    cut: int
    size: int
    root: bytes
    events: int
    events_root: bytes
    note: str
    keys: tuple[str, ...]
    signed_by: str | None = None


class CheckpointRow(NamedTuple):
    """A checkpoint; `consistency` are the hashes of its proof from the one before, in base64."""

    year: int
    until: int
    size: int
    root: bytes
    note: str
    consistency: tuple[str, ...]


class RatingLine(NamedTuple):
    """The rating entry of a unit in a version."""

    unit: str
    line: str


async def draft(conn: AsyncConnection, year: int) -> DraftRow | None:
    """The draft of a year, None without."""
    row = (await conn.execute(_select("drafts", DraftRow._fields), {"year": year})).first()
    return None if row is None else _draft(row)


async def drafts(conn: AsyncConnection) -> dict[int, DraftRow]:
    """The drafts by their year."""
    rows = await conn.execute(text(f"SELECT {', '.join(DraftRow._fields)} FROM drafts"))
    return {draft.year: draft for draft in map(_draft, rows)}


def _draft(row: Any) -> DraftRow:
    values = dict(zip(DraftRow._fields, row, strict=True))
    return DraftRow(**{**values, "rubrics": _RUBRICS.decode(values["rubrics"])})


async def has_drafts(conn: AsyncConnection) -> bool:
    """Whether any year has a draft."""
    return (await conn.execute(text("SELECT 1 FROM drafts LIMIT 1"))).first() is not None


async def pending_since(conn: AsyncConnection) -> dict[int, int]:
    """By year when its draft was drawn up that waits for a signature, in microseconds."""
    rows = await conn.execute(text("SELECT year, at FROM drafts ORDER BY year"))
    return {row[0]: row[1] for row in rows}


async def add_draft(conn: AsyncConnection, row: DraftRow, ratings: Sequence[RatingLine]) -> None:
    """Saves a draft with the ratings of its version."""
    rubrics = msgspec.json.encode(row.rubrics).decode()
    await _insert(conn, "drafts", {**row._asdict(), "rubrics": rubrics})
    await add_ratings(conn, row.year, row.version, ratings)


async def sign_draft(conn: AsyncConnection, year: int, signature: str, by: str) -> None:
    """Saves the operator's signature, which was made outside."""
    update = text("UPDATE drafts SET signature = :signature, signed_by = :by WHERE year = :year")
    await conn.execute(update, {"year": year, "signature": signature, "by": by})


async def drop_draft(conn: AsyncConnection, row: DraftRow) -> None:
    """Deletes a draft and the ratings of its version, which is not sealed."""
    await forget_draft(conn, row.year)
    delete = text("DELETE FROM sealed_ratings WHERE year = :year AND version = :version")
    await conn.execute(delete, {"year": row.year, "version": row.version})


async def forget_draft(conn: AsyncConnection, year: int) -> None:
    """Deletes a draft that is sealed; its ratings stay."""
    await conn.execute(text("DELETE FROM drafts WHERE year = :year"), {"year": year})


async def add_seal(conn: AsyncConnection, row: SealRow, leaves: bytes) -> None:
    """Saves a seal with the hashes of its entries; its ratings are saved already."""
    await _insert(conn, "seals", {**row._asdict(), "keys": "\n".join(row.keys), "leaves": leaves})


async def add_ratings(
    conn: AsyncConnection, year: int, version: int, ratings: Sequence[RatingLine]
) -> None:
    """Saves the rating entries of a version."""
    rows = [(year, version, *rating) for rating in ratings]
    await bulk_insert(conn, tables.sealed_ratings, rows, ("year", "version", "unit", "line"))


async def seals(conn: AsyncConnection, year: int | None = None) -> list[SealRow]:
    """The seals of a year, or of all, by year and version."""
    rows = await _rows(conn, "seals", SealRow._fields, "version", year)
    return [SealRow(**{**row, "keys": tuple(row["keys"].split("\n"))}) for row in rows]


async def _rows(
    conn: AsyncConnection, table: str, columns: Sequence[str], order: str, year: int | None
) -> list[dict[str, Any]]:
    of_year = "" if year is None else "WHERE year = :year "
    select = text(f"SELECT {', '.join(columns)} FROM {table} {of_year}ORDER BY year, {order}")
    rows = await conn.execute(select, {} if year is None else {"year": year})
    return [dict(zip(columns, row, strict=True)) for row in rows]


async def seal(conn: AsyncConnection, year: int, version: int) -> SealRow | None:
    """The seal of a version, None without."""
    return next((row for row in await seals(conn, year) if row.version == version), None)


async def leaves(conn: AsyncConnection, year: int, version: int) -> bytes:
    """The hashes of the entries of a seal, one after the other."""
    select = text("SELECT leaves FROM seals WHERE year = :year AND version = :version")
    return bytes((await conn.execute(select, {"year": year, "version": version})).scalar_one())


async def rating_lines(conn: AsyncConnection, year: int, version: int) -> list[RatingLine]:
    """The rating entries of a version, by unit key."""
    select = text("SELECT unit, line FROM sealed_ratings WHERE year = :year AND version = :version")
    rows = await conn.execute(select, {"year": year, "version": version})
    return sorted(RatingLine(*row) for row in rows)


async def checkpoints(conn: AsyncConnection, year: int | None = None) -> list[CheckpointRow]:
    """The checkpoints of a year, or of all, in order."""
    rows = await _rows(conn, "checkpoints", CheckpointRow._fields, "until", year)
    return [
        CheckpointRow(**{**row, "consistency": tuple(row["consistency"].split())}) for row in rows
    ]


async def checkpoint_leaves(conn: AsyncConnection, year: int) -> bytes:
    """The hashes of the entries of a year's last checkpoint, one after the other."""
    select = text("SELECT leaves FROM checkpoints WHERE year = :year ORDER BY until")
    rows = await conn.execute(select, {"year": year})
    return b"".join(bytes(row[0]) for row in rows)


async def add_checkpoint(conn: AsyncConnection, row: CheckpointRow, leaves: bytes) -> None:
    """Saves a checkpoint with the hashes of the entries since the one before."""
    values = {**row._asdict(), "consistency": " ".join(row.consistency), "leaves": leaves}
    await _insert(conn, "checkpoints", values)


async def covered_until(conn: AsyncConnection) -> dict[int, int]:
    """By year, up to which instant its events stand under a seal or a checkpoint."""
    select = text(
        "SELECT year, max(until) FROM (SELECT year, max(cut) AS until FROM seals GROUP BY year "
        "UNION ALL SELECT year, max(until) FROM checkpoints GROUP BY year) AS covered GROUP BY year"
    )
    return {row[0]: row[1] for row in await conn.execute(select)}


def _select(table: str, names: Sequence[str]) -> Any:
    return text(f"SELECT {', '.join(names)} FROM {table} WHERE year = :year")


async def _insert(conn: AsyncConnection, table: str, values: dict[str, Any]) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    await conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
