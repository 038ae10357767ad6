"""A folder on a database of a test, and what it holds afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import text

from contracts import envelope
from contracts.envelope import Recorded
from services.chassis.clock import fixed
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.service_schema import migrate
from services.scoring.handlers.batch import Delivery
from services.scoring.handlers.folder import Folder
from services.scoring.ratings.json import rating_members
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.model import Rubrics
from services.scoring.tables import MIGRATIONS
from tests.support.builders.cities import NOW
from tests.support.empty import migrated_once


def subject_of(raw: bytes) -> str:
    """Where a door publishes the event; any subject for what is none."""
    try:
        event = envelope.decode(raw)
    except envelope.ContractBroken:
        return "danchu.events.x"
    return envelope.stream_subject(event.event.subject, event.kind.short)


@dataclass
class Fold:
    """A database with a folder on it."""

    db: Database
    folder: Folder

    async def fold(self, batch: Iterable[Recorded | bytes]) -> Any:
        """Folds one batch, as the stream would bring it."""
        raws = [item if isinstance(item, bytes) else item.raw for item in batch]
        return await self.folder.fold([Delivery(raw, subject_of(raw), 1) for raw in raws])

    async def ratings(self, year: int, view: str | None = None) -> dict[str, Any]:
        """Every rating of the year, as the queries give it."""
        snapshots = Snapshots(self.db, self.folder.rubrics)
        snapshot = await snapshots.of(year)
        return {unit: rating_members(snapshot.rating(unit, view)) for unit in snapshot.standings}

    async def held(self) -> tuple[Any, ...]:
        """Facts and tallies without the numbers of their rows: the same for the same events."""
        async with self.db.read() as conn:
            books = (await conn.execute(text("SELECT id, unit, year, tallies FROM books"))).all()
            facts = (await conn.execute(text("SELECT cell, said FROM facts"))).all()
        name = {row[0]: (row[1], row[2]) for row in books}
        tallies = sorted((row[1], row[2], row[3]) for row in books if row[3] != "{}")
        return tallies, sorted((name[cell >> 32], said) for cell, said in facts)


@contextlib.asynccontextmanager
async def folding(url: str, rubrics: Rubrics) -> AsyncIterator[Fold]:
    """A migrated, empty database and its folder."""
    db = Database(normal_url(url), "scoring")
    await migrated_once("scoring", normal_url(url), partial(migrate, db, MIGRATIONS))
    folder = Folder(db, rubrics, fixed(NOW))
    await folder.prepare()
    try:
        yield Fold(db, folder)
    finally:
        await db.close()


@contextlib.asynccontextmanager
async def joining(fold: Fold) -> AsyncIterator[Fold]:
    """A second folder at the database of a first, as in another process."""
    db = Database(fold.db.url.render_as_string(hide_password=False), "scoring")
    folder = Folder(db, fold.folder.rubrics, fixed(NOW))
    await folder.prepare()
    try:
        yield Fold(db, folder)
    finally:
        await db.close()


def split(said: Sequence[Recorded], sizes: Iterable[int]) -> list[list[Recorded]]:
    """The events cut into batches of these sizes; the last takes the rest."""
    batches, start = [], 0
    for size in sizes:
        batches.append(list(said[start : start + size]))
        start += size
    return [*batches, list(said[start:])]


__all__ = ["Fold", "folding", "joining", "split"]
