"""Composition of the awards service from its settings; `build` opens no connection."""

from services.awards import queries, unit_register
from services.awards.api import build_api
from services.awards.handlers import Awards
from services.awards.labels import ELSEWHERE, TERMS
from services.awards.pages.site import AWARDS_PAGES
from services.awards.settings import SERVICE
from services.awards.tables import MIGRATIONS
from services.awards.unit_register import Units
from services.chassis import outbox_service
from services.chassis.auth import credentials
from services.chassis.broker_startup import Task
from services.chassis.clock import Clock, now_us
from services.chassis.outbox_service import Producer
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.chassis.token_watch import TokenWatch
from services.records import vault
from services.records.command_endpoint import Desk
from services.records.pages.site import mount_pages
from services.records.unit_names import unit_names


async def migrated(settings: Settings) -> None:
    """Migrates the schema of the awards to this version."""
    await migrate_service(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us, units: Units | None = None) -> Producer:
    """Builds the service without connecting; `units` come from the stream by default."""
    parts = outbox_service.parts(SERVICE, settings, clock)
    verifier = credentials.verifier(settings, clock, SERVICE)
    hidden = vault.open_vault(settings, SERVICE)
    desk = Desk(
        SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index, TERMS, ELSEWHERE
    )
    awards = Awards(hidden)
    keys = [*credentials.token_keys(settings), hidden.as_keys(queries.honorees)]
    register = units or unit_register.units_from_stream(parts.broker)
    api = build_api(desk, awards, register, parts.health)
    names = unit_names(settings, SERVICE, clock)
    mount_pages(api, desk, settings, AWARDS_PAGES, names)
    tokens = TokenWatch(parts.db, verifier)
    beside: dict[str, Task] = {"unit names": names.run}
    return Producer(parts, api, MIGRATIONS, tokens, beside, keys=keys)
