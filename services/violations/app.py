"""The composition of the violations, of one set of settings; `build` connects to nothing."""

from pathlib import Path

from services.chassis import auth, producer, vault
from services.chassis.clock import Clock, now_us
from services.chassis.desk import Desk
from services.chassis.producer import Producer
from services.chassis.settings import Settings
from services.violations import queries, terms_file
from services.violations.api import build_api
from services.violations.handlers import Violations
from services.violations.labels import TERMS
from services.violations.settings import SERVICE

MIGRATIONS = Path(__file__).parent / "migrations"


async def migrated(settings: Settings) -> None:
    """Brings the schema of the violations to this version."""
    await producer.migrated(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us) -> Producer:
    """Everything of the violations, connected to nothing yet."""
    parts = producer.parts(SERVICE, settings, clock)
    verifier = auth.verifier(settings, clock, SERVICE)
    hidden = vault.opened(settings, SERVICE)
    desk = Desk(SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index, TERMS)
    violations = Violations(hidden, terms_file.load())
    keys = [*auth.token_keys(settings), hidden.marked(queries.every_hidden)]
    return Producer(parts, build_api(desk, violations, parts.health), MIGRATIONS, keys=keys)
