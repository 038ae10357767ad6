"""The composition of the awards, of one set of settings; `build` connects to nothing."""

from pathlib import Path

from services.awards import queries
from services.awards.api import build_api
from services.awards.handlers import Awards
from services.awards.labels import ELSEWHERE, TERMS
from services.awards.settings import SERVICE
from services.chassis import auth, producer, unit_register, vault
from services.chassis.clock import Clock, now_us
from services.chassis.desk import Desk
from services.chassis.producer import Producer
from services.chassis.settings import Settings
from services.chassis.unit_register import Units

MIGRATIONS = Path(__file__).parent / "migrations"


async def migrated(settings: Settings) -> None:
    """Brings the schema of the awards to this version."""
    await producer.migrated(SERVICE, settings, MIGRATIONS)


def build(settings: Settings, clock: Clock = now_us, units: Units | None = None) -> Producer:
    """Everything of the awards, connected to nothing yet; the stream tells the `units`."""
    parts = producer.parts(SERVICE, settings, clock)
    verifier = auth.verifier(settings, clock, SERVICE)
    hidden = vault.opened(settings, SERVICE)
    desk = Desk(
        SERVICE, parts.db, clock, verifier, parts.relay.nudge, hidden.index, TERMS, ELSEWHERE
    )
    awards = Awards(hidden)
    keys = [*auth.token_keys(settings), hidden.marked(queries.honorees)]
    register = units or unit_register.of_stream(parts.broker)
    api = build_api(desk, awards, register, parts.health)
    return Producer(parts, api, MIGRATIONS, keys=keys)
