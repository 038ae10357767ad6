"""The database as the operator's commands open it: beside the fold, with time to work."""

import contextlib
import logging
from collections.abc import AsyncIterator

from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.tables import MIGRATIONS

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def opened(settings: ScoringSettings) -> AsyncIterator[Database]:
    """The database of scoring, checked as at a start."""
    db = Database(settings.database(SERVICE), SERVICE, PATIENT)
    try:
        await db.open(MIGRATIONS)
        yield db
    finally:
        await db.close()
