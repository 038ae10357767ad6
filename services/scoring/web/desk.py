"""What pages of scoring read with and command with: the same as the interface has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.chassis.errors import BrokerAway
from services.chassis.read_log import ReadLog
from services.scoring.access.files import Exports
from services.scoring.operations.lag import FoldLag
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.years import Years
from services.scoring.sealing.commands import StageCommands
from services.scoring.sealing.service import SealService
from services.scoring.settings import ScoringSettings


@dataclass(frozen=True)
class Desk:
    """The parts of a process that pages use."""

    settings: ScoringSettings
    reading: Reading
    years: Years
    stages: StageCommands
    seals: SealService
    lag: FoldLag
    reads: ReadLog
    exports: Exports

    async def lag_within(self, seconds: float) -> Mapping[str, Any] | None:
        """The figures of the fold; None where the stream does not tell them so soon."""
        try:
            async with asyncio.timeout(seconds):
                return await self.lag.now()
        except (BrokerAway, TimeoutError):
            return None


def desk(
    settings: ScoringSettings, reading: Reading, seals: SealService, lag: FoldLag, reads: ReadLog
) -> Desk:
    """What the pages use, by the database and the rubrics that are read."""
    db, snapshots, clock = reading.db, reading.snapshots, reading.clock
    years = Years(db, snapshots.rubrics, clock, snapshots)
    stages = StageCommands(db, snapshots.rubrics, clock)
    return Desk(settings, reading, years, stages, seals, lag, reads, Exports(reading))
