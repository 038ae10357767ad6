"""The composition of training, of one set of settings; `build` connects to nothing."""

import asyncio
import logging
from pathlib import Path

from contracts import moments
from services.chassis import auth, producer, vault
from services.chassis.announce import source_of
from services.chassis.auth import Credential
from services.chassis.clock import Clock, now_us
from services.chassis.desk import Desk
from services.chassis.errors import DatabaseAway
from services.chassis.producer import Producer
from services.chassis.records import Work
from services.chassis.settings import Settings
from services.training import queries
from services.training.api import build_api
from services.training.course_handlers import Courses
from services.training.handlers import Rosters
from services.training.labels import TERMS
from services.training.settings import SERVICE

MIGRATIONS = Path(__file__).parent / "migrations"
NEW_YEAR = Credential("service", name="new year")
LOOK_SECONDS = 1.0
AWAY_SECONDS = 5.0
log = logging.getLogger(__name__)


async def migrated(settings: Settings) -> None:
    """Brings the schema of training to this version."""
    await producer.migrated(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us) -> Producer:
    """Everything of training, connected to nothing yet."""
    parts = producer.parts(SERVICE, settings, clock)
    verifier = auth.verifier(settings, clock, SERVICE)
    hidden = vault.opened(settings, SERVICE)
    desk = Desk(SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index, TERMS)
    rosters = Rosters(hidden)
    api = build_api(desk, rosters, Courses(hidden), parts.health)

    async def years() -> None:
        await begin_years(desk, rosters)

    keys = [*auth.token_keys(settings), hidden.marked(queries.every_hidden)]
    return Producer(parts, api, MIGRATIONS, {"years": years}, keys=keys)


async def begin_years(desk: Desk, rosters: Rosters) -> None:
    """Announces rosters for each year that begins, and at the start for one that has begun.

    It goes on looking: a command that was begun in the old year may end behind the announcement.
    """
    while True:
        pause = LOOK_SECONDS
        try:
            async with desk.db.read() as conn:
                due = await queries.not_begun(conn, moments.local_year(desk.clock()), 1)
            if due:
                await begin_year(desk, rosters)
                continue
        except DatabaseAway as away:
            log.warning("the rosters wait for the database", extra={"error": str(away)})
            pause = AWAY_SECONDS
        await asyncio.sleep(pause)


async def begin_year(desk: Desk, rosters: Rosters) -> int:
    """One batch of the roster of the year that has begun; how many memberships were due."""
    async with desk.db.write() as conn:
        work = Work(conn, desk.clock(), NEW_YEAR, source_of(SERVICE))
        due = await rosters.begin_year(work)
        await work.record()
    if due:
        desk.committed()
    return due
