"""The years that have a seal, and the set of the last one of each: what may be public.

A later event changes nothing of such a set. A year that was reopened keeps the set of its last seal
until it is sealed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.store import stages
from services.scoring.year.stages import SEALED, YearDecision


class PublicSeal(NamedTuple):
    """A year with its last seal; `reopened` where the year was reopened since."""

    year: int
    seal: YearDecision
    reopened: bool


@dataclass(frozen=True)
class PublicSeals:
    """The queries about them."""

    reading: Reading

    async def every(self) -> Mapping[int, PublicSeal]:
        """The sealed years, the first one first.

        A seal without a cut is of an older stream and names no set: it is left out.
        """
        async with self.reading.db.read() as conn:
            states = await stages.states(conn)
        return {
            year: PublicSeal(year, state.seals[-1], state.stage != SEALED)
            for year, state in states.items()
            if state.seals and state.seals[-1].cut is not None
        }

    async def snapshot(self, sealed: PublicSeal) -> Snapshot:
        """The set of the seal."""
        return await self.reading.snapshot(sealed.year, Moment(None, sealed.seal.version))
