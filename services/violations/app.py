"""Composition of the violations service from its settings; `build` opens no connection."""

from services.chassis import outbox_service
from services.chassis.auth import credentials
from services.chassis.clock import Clock, now_us
from services.chassis.outbox_service import Producer
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.chassis.token_watch import TokenWatch
from services.records import vault
from services.records.command_endpoint import Desk
from services.records.pages.site import mount_pages
from services.records.unit_names import unit_names
from services.violations import queries, terms_file
from services.violations.api import build_api
from services.violations.handlers import Violations
from services.violations.labels import TERMS
from services.violations.pages.site import VIOLATIONS_PAGES
from services.violations.settings import SERVICE
from services.violations.tables import MIGRATIONS


async def migrated(settings: Settings) -> None:
    """Migrates the schema of the violations to this version."""
    await migrate_service(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us) -> Producer:
    """Builds the service without connecting."""
    parts = outbox_service.parts(SERVICE, settings, clock)
    verifier = credentials.verifier(settings, clock, SERVICE)
    hidden = vault.open_vault(settings, SERVICE)
    desk = Desk(SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index, TERMS)
    violations = Violations(hidden, terms_file.load())
    keys = [*credentials.token_keys(settings), hidden.as_keys(queries.list_encrypted)]
    api, tokens = build_api(desk, violations, parts.health), TokenWatch(parts.db, verifier)
    names = unit_names(settings, SERVICE, clock)
    mount_pages(api, desk, settings, VIOLATIONS_PAGES, names)
    return Producer(parts, api, MIGRATIONS, tokens, {"unit names": names.run}, keys=keys)
