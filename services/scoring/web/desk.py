"""What pages of scoring read with and command with: the same as the interface has."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.read_log import ReadLog
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


def desk(
    settings: ScoringSettings, reading: Reading, seals: SealService, lag: FoldLag, reads: ReadLog
) -> Desk:
    """What the pages use, by the database and the rubrics that are read."""
    db, snapshots, clock = reading.db, reading.snapshots, reading.clock
    years = Years(db, snapshots.rubrics, clock, snapshots)
    stages = StageCommands(db, snapshots.rubrics, clock)
    return Desk(settings, reading, years, stages, seals, lag, reads)
