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
