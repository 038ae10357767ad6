"""All that seals needs, put together for one process."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.checkpoints import Checkpoints
from services.scoring.sealing.drafts import Drafts
from services.scoring.sealing.files import SealFiles
from services.scoring.sealing.keeper import SealKeeper
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.preconditions import PresentRegistry
from services.scoring.sealing.restoration import Restoration
from services.scoring.sealing.seals import Seals
from services.scoring.sealing.sets import YearAsOf


@dataclass(frozen=True)
class SealService:
    """The commands and files of the seals, and what keeps them while the fold runs."""

    keyring: Keyring
    drafts: Drafts
    seals: Seals
    files: SealFiles
    checkpoints: Checkpoints
    keeper: SealKeeper


def seal_service(
    db: Database, keyring: Keyring, rubrics: Rubrics, clock: Clock, year_as_of: YearAsOf,
    registry: PresentRegistry,
) -> SealService:  # fmt: skip
    """The seals of one process on the database of scoring."""
    files = SealFiles(db, keyring, year_as_of)
    checkpoints = Checkpoints(db, keyring, rubrics, clock)
    restoration = Restoration(db, keyring, clock, year_as_of)
    return SealService(
        keyring,
        Drafts(db, keyring, rubrics, clock, year_as_of, registry),
        Seals(db, keyring, rubrics, clock, files),
        files,
        checkpoints,
        SealKeeper(restoration, checkpoints),
    )
