"""The composition of the awards, of one set of settings; `build` connects to nothing."""

from pathlib import Path

from services.awards import queries
from services.awards.api import build_api
from services.awards.handlers import Awards
from services.awards.settings import SERVICE
from services.chassis import auth, producer, vault
from services.chassis.clock import Clock, now_us
from services.chassis.desk import Desk
from services.chassis.producer import Producer
from services.chassis.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


async def migrated(settings: Settings) -> None:
    """Brings the schema of the awards to this version."""
    await producer.migrated(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us) -> Producer:
    """Everything of the awards, connected to nothing yet."""
    parts = producer.parts(SERVICE, settings, clock)
    verifier = auth.verifier(settings, clock, SERVICE)
    hidden = vault.opened(settings, SERVICE)
    desk = Desk(SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index)
    awards = Awards(hidden)
    keys = [*auth.token_keys(settings), hidden.marked(queries.honorees)]
    return Producer(parts, build_api(desk, awards, parts.health), MIGRATIONS, keys=keys)
