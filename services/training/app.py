"""The composition of training from one set of settings; `build` opens no connection."""

import asyncio
import logging

from contracts import moments
from services.chassis import outbox_service
from services.chassis.auth import credentials
from services.chassis.auth.credentials import Credential
from services.chassis.broker_startup import Task
from services.chassis.clock import Clock, now_us
from services.chassis.errors import DatabaseAway
from services.chassis.outbox_service import Producer
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.chassis.token_watch import TokenWatch
from services.records import vault
from services.records.announcing import source_of
from services.records.command_endpoint import Desk
from services.records.pages.site import mount_pages
from services.records.unit_names import unit_names
from services.records.work import Work
from services.training import queries
from services.training.api.build import build_api
from services.training.domain.labels import TERMS
from services.training.handlers.courses import Courses
from services.training.handlers.persons import Persons
from services.training.handlers.rosters import Rosters
from services.training.pages.site import TRAINING_PAGES
from services.training.settings import SERVICE
from services.training.tables import MIGRATIONS

NEW_YEAR = Credential("service", name="new year")
LOOK_SECONDS = 1.0
AWAY_SECONDS = 5.0
log = logging.getLogger(__name__)


async def migrated(settings: Settings) -> None:
    """Migrates the schema of training to this version."""
    await migrate_service(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us) -> Producer:
    """All parts of training, without a connection yet."""
    parts = outbox_service.parts(SERVICE, settings, clock)
    verifier = credentials.verifier(settings, clock, SERVICE)
    hidden = vault.open_vault(settings, SERVICE)
    desk = Desk(SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index, TERMS)
    rosters = Rosters(Persons(hidden))
    api = build_api(desk, rosters, Courses(hidden), parts.health)
    names = unit_names(settings, SERVICE, clock)
    mount_pages(api, desk, settings, TRAINING_PAGES, names)

    async def years() -> None:
        await begin_years(desk, rosters)

    beside: dict[str, Task] = {"years": years, "unit names": names.run}
    keys = [*credentials.token_keys(settings), hidden.as_keys(queries.every_hidden)]
    tokens = TokenWatch(parts.db, verifier)
    return Producer(parts, api, MIGRATIONS, tokens, beside, keys=keys)


async def begin_years(desk: Desk, rosters: Rosters) -> None:
    """Announces the rosters of each year that begins, and at the start of one that has begun.

    It checks again and again: a command that began in the old year may commit after the batch.
    """
    while True:
        pause = LOOK_SECONDS
        try:
            async with desk.db.read() as conn:
                due = await queries.members_due(conn, moments.local_year(desk.clock()), 1)
            if due:
                await begin_year(desk, rosters)
                continue
        except DatabaseAway as away:
            log.warning("the rosters wait for the database", extra={"error": str(away)})
            pause = AWAY_SECONDS
        await asyncio.sleep(pause)


async def begin_year(desk: Desk, rosters: Rosters) -> int:
    """Announces one batch of memberships for the current year; how many were due."""
    async with desk.db.write() as conn:
        work = Work(conn, desk.clock(), NEW_YEAR, source_of(SERVICE))
        due = await rosters.begin_year(work)
        await work.record()
    if due:
        desk.committed()
    return due
