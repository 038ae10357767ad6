"""The health checks of scoring: what a process needs to be ready, and what it shows besides."""

from __future__ import annotations

from typing import Protocol

from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.health import Health
from services.scoring.errors import FoldHalted, MarksDiffer
from services.scoring.operations.lag import FoldLag
from services.scoring.readmodel import sealed_rubrics
from services.scoring.readmodel.sealed_rubrics import SealedRubrics
from services.scoring.readmodel.snapshots import require_same_rubrics
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import doors
from services.scoring.store import position as position_store
from services.scoring.store.door_state import first_alarm
from services.scoring.store.position import Position


class Folding(Protocol):
    """What folds in a process, or stands by to do so."""

    @property
    def state(self) -> str:
        """What it does now, in a word."""

    @property
    def holds(self) -> bool:
        """Whether this process holds the lease of the fold."""


def add_checks(
    health: Health, lag: FoldLag, standby: Folding | None, part: str, rubrics: Rubrics
) -> None:
    """Adds the health checks: queries are ready without a broker, and while the fold is halted.

    A process that only folds is not ready while the fold is halted or its disk check fails. A
    process whose rubrics are not those of the books answers no queries, and is not ready.
    """
    db, broker, clock = lag.db, lag.broker, lag.clock

    async def database() -> str:
        await db.check()
        return "answers"

    async def nats() -> str:
        return broker.state()

    async def folding() -> str:
        await _require_folding(db, broker, clock())
        return "runs elsewhere" if standby is None else standby.state

    async def folded_with() -> str:
        # a fold with other rubrics that stands by is what a rollout replaces the holder with
        if part != "fold" or standby is None or standby.holds:
            require_same_rubrics(await _position(db), rubrics)
        return "those of the ratings"

    health.require("database", database)
    (health.require if part == "fold" else health.show)("disk", db.disk)
    health.show("broker", nats)
    (health.require if part == "fold" else health.show)("fold", folding)
    health.show("lag", lag.in_time)
    health.require("rubrics", folded_with)
    health.show(sealed_rubrics.CHECK, SealedRubrics(db, rubrics).check)


async def _require_folding(db: Database, broker: Broker, now: int) -> None:
    """Raises FoldHalted while the fold is halted, MarksDiffer while an alarm of a door is on."""
    place = await _position(db)
    if place.halted is not None:
        raise FoldHalted(place.halted, place.faulty)
    if broker.openness.halts is not None:
        raise FoldHalted(broker.openness.halts.message)
    async with db.read() as conn:
        alarm = first_alarm(await doors.load(conn), now)
    if alarm is not None:
        raise MarksDiffer(alarm)


async def _position(db: Database) -> Position:
    async with db.read() as conn:
        return await position_store.load(conn)
