"""A year computed anew from the ledger, at the operator's command."""

import contextlib

from services.scoring.fold.books import Book
from services.scoring.handlers.folder import mended
from services.scoring.operations.session import opened
from services.scoring.queries import books
from services.scoring.readmodel.snapshot import require_same_rubrics
from services.scoring.rebuild.refold import Progress, refold_by
from services.scoring.rebuild.workers import workers
from services.scoring.rubrics import loader
from services.scoring.settings import ScoringSettings
from services.scoring.store import position
from services.scoring.store.position import WRONG_PLANS


async def rebuild(settings: ScoringSettings, year: int, progress: Progress) -> int:
    """Folds a year anew from the ledger, in one transaction; answers how many events it read."""
    async with contextlib.AsyncExitStack() as stack:
        team = await stack.enter_async_context(workers())
        # read while the workers load
        rubrics = loader.load_directory(settings.rubrics_folder)
        db = await stack.enter_async_context(opened(settings))
        await mended(db)
        conn = await stack.enter_async_context(db.write())
        place = await position.lock(conn)
        require_same_rubrics(place, rubrics)
        registry, stamp = await books.registry(conn), place.stamp + 1
        units = registry.units.keys() | await books.booked_units(conn, year)
        wanted = [Book(unit, year) for unit in sorted(units)]
        team.know(db.source(*WRONG_PLANS), registry, rubrics)
        read = await refold_by(team, conn, registry, wanted, stamp, progress)
        await position.save(conn, place._replace(stamp=stamp, registry_stamp=stamp))
    return read
