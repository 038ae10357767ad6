"""Keeps the seals while the fold runs: restores them after a rebuild, and makes checkpoints."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from services.chassis.errors import DanchuError, DatabaseAway
from services.chassis.heartbeat import DEFAULT_SECONDS, Beat
from services.scoring.messages import message
from services.scoring.sealing.checkpoints import Checkpoints
from services.scoring.sealing.faults import each_or_fault
from services.scoring.sealing.restoration import Restoration, lacking

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
STEP_SECONDS = 3600.0
FAULT_SECONDS = 15.0
"""After a fault: each look then reads the whole year once more, in the process that folds."""


class SealsMissing(DanchuError):
    """The stream brought seals or checkpoints that are not restored yet."""

    def __init__(self, number: int) -> None:
        super().__init__(message("differs-seal-missing", number=number))


class KeepingFailed(DanchuError):
    """Seals and checkpoints cannot be kept, because of a fault of the program."""

    def __init__(self, fault: Exception) -> None:
        super().__init__(message("seals-failed", fault=f"{type(fault).__name__}: {fault}"[:300]))


@dataclass
class SealKeeper:
    """Runs in the process that folds, until it is cancelled; `fault` is what it fails with."""

    restoration: Restoration
    checkpoints: Checkpoints
    fault: DanchuError | None = None
    beat: Beat = field(default_factory=lambda: Beat("seals", DEFAULT_SECONDS))

    async def run(self) -> None:
        """Looks again and again; a fault is shown by the health, and does not stop the fold."""
        try:
            while True:
                with self.beat.resting(STEP_SECONDS):
                    await self._turn()
                with self.beat.resting():
                    await asyncio.sleep(LOOK_SECONDS if self.fault is None else FAULT_SECONDS)
        finally:
            self.beat.end()

    async def _turn(self) -> None:
        try:
            await self.step()
            self.fault = None
        except DatabaseAway as away:
            log.info("the seals wait for the database", extra={"error": str(away)})
        except DanchuError as fault:
            self._note(fault)
        except Exception as fault:  # a bug: readiness names it, and the fold goes on
            log.error("the seals failed", exc_info=fault)
            self._note(KeepingFailed(fault))

    async def step(self) -> None:
        """Restores first: a checkpoint goes on from those that are restored."""
        await each_or_fault((self.restoration.step(), self._make_due()))

    async def _make_due(self) -> int:
        rows = await self.checkpoints.make_due()
        for row in rows:
            log.info("a checkpoint was made", extra={"year": row.year, "size": row.size})
        return len(rows)

    async def check(self) -> str:
        """For health checks: the fault, or the number of seals and checkpoints that are missing."""
        if self.fault is not None:
            raise self.fault
        async with self.restoration.db.read() as conn:
            number = await lacking(conn)
        if number:
            raise SealsMissing(number)
        return "complete"

    def _note(self, fault: DanchuError) -> None:
        if self.fault is None or self.fault.message != fault.message:
            log.error("the seals cannot be kept", extra={"error": str(fault)})
        self.fault = fault
