"""How many messages of an outbox wait for the stream, and for how long, as metrics."""

from services.chassis import outbox
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.telemetry.gauges import LatestGauge

_depth = LatestGauge(
    "danchu.outbox.depth", "{message}", "messages that are committed and not yet in the stream"
)
_age = LatestGauge("danchu.outbox.age", "s", "how long the oldest of them has waited")


async def measure_outbox(service: str, db: Database, clock: Clock) -> None:
    """Measures the outbox of a service."""
    async with db.read() as conn:
        backlog = await outbox.backlog(conn, clock())
    _depth.set(backlog.waiting, {"service": service})
    _age.set(backlog.oldest_seconds, {"service": service})
