"""Opens the database for the operator's commands, which run beside the fold without timeouts."""

import contextlib
import logging
from collections.abc import AsyncIterator

from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.tables import MIGRATIONS

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_database(settings: ScoringSettings) -> AsyncIterator[Database]:
    """Opens the database of scoring, with the checks of a start, for a `with` block."""
    db = Database(settings.database(SERVICE), SERVICE, PATIENT)
    try:
        await db.open(MIGRATIONS)
        yield db
    finally:
        await db.close()
