"""The root of a sealed version, as exports show it."""

from __future__ import annotations

from services.chassis.database.engine import Database
from services.scoring.store import stages
from services.scoring.year import notes
from services.scoring.year.seal import encode_root


async def seal_root(db: Database, year: int, version: int) -> str | None:
    """The root in base64 that was signed for a version of the year; None without a seal."""
    async with db.read() as conn:
        state = await stages.load(conn, year)
    seal = state.seal_of(version)
    if seal is None or seal.note is None:
        return None
    return encode_root(notes.parse_head(notes.parse(seal.note).text).root)
