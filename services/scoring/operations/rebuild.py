"""Rebuilds a year from the ledger, at the operator's command."""

import contextlib

from services.scoring.fold.books import Book
from services.scoring.handlers.folder import repair_marks
from services.scoring.operations.session import open_database
from services.scoring.queries import books
from services.scoring.readmodel.snapshots import require_same_rubrics
from services.scoring.rebuild.refold import BookProgress, refold_by
from services.scoring.rebuild.workers import workers
from services.scoring.rubrics import loader
from services.scoring.settings import ScoringSettings
from services.scoring.store import position
from services.scoring.store.position import BAD_PLANS


async def rebuild(settings: ScoringSettings, year: int, progress: BookProgress) -> int:
    """Recomputes a year in one transaction; returns the number of events that were read."""
    async with contextlib.AsyncExitStack() as stack:
        team = await stack.enter_async_context(workers())
        # load the rubrics while the workers import their modules
        rubrics = loader.load_directory(settings.rubrics_folder)
        db = await stack.enter_async_context(open_database(settings))
        await repair_marks(db)
        conn = await stack.enter_async_context(db.write())
        place = await position.lock(conn)
        require_same_rubrics(place, rubrics)
        registry, stamp = await books.registry(conn), place.stamp + 1
        units = registry.units.keys() | await books.booked_units(conn, year)
        year_books = [Book(unit, year) for unit in sorted(units)]
        team.send_context(db.source(*BAD_PLANS), registry, rubrics)
        events = await refold_by(team, conn, registry, year_books, stamp, progress)
        await position.save(conn, place._replace(stamp=stamp, registry_stamp=stamp))
    return events
