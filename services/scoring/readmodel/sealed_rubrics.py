"""Where the folder of rubrics differs from what was sealed; a sealed year goes by its seal.

Nothing of a sealed year changes by it; once reopened, the year is rated by the folder.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database
from services.scoring.messages import message
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import stages

log = logging.getLogger(__name__)
CHECK = "sealed rubrics"
AGREES = "those of the folder"
"""The name of the check in readiness, and its result where nothing differs."""


@dataclass
class SealedRubrics:
    """Compares the rubrics of sealed years with those of the folder, after each decision again."""

    db: Database
    rubrics: Rubrics
    _decisions: int = -1
    _differing: dict[int, list[str]] = field(default_factory=dict)

    async def differing(self) -> dict[int, list[str]]:
        """By sealed year the ids of rubrics that the folder lacks, has otherwise, or adds."""
        async with self.db.read() as conn:
            number = await stages.count(conn)
            if number != self._decisions:
                self._differing = await _differing(conn, self.rubrics)
                self._decisions = number
        return self._differing

    async def warn(self) -> dict[int, list[str]]:
        """Logs the differences of each year."""
        differing = await self.differing()
        for year, names in differing.items():
            fields = {"year": year, "rubrics": ", ".join(names)}
            log.warning(
                "the rubrics of a sealed year differ from those of the folder", extra=fields
            )
        return differing

    async def check(self) -> str:
        """For readiness: a sentence that names them, which degrades nothing."""
        differing = await self.differing()
        if not differing:
            return AGREES
        years = "; ".join(f"{year}: {', '.join(names)}" for year, names in differing.items())
        return message("sealed-rubrics-differ", years=years)


async def _differing(conn: AsyncConnection, rubrics: Rubrics) -> dict[int, list[str]]:
    states = await stages.states(conn)
    versions = {year: seal.version for year, state in states.items() if (seal := state.seal)}
    differing: dict[int, list[str]] = {}
    for year, texts in (await stages.rubrics_of(conn, versions)).items():
        sealed = {each.id: hashlib.sha256(each.text.encode()).hexdigest() for each in texts}
        folder = {rubric.id: rubric.digest for rubric in rubrics.of_year(year)}
        names = sorted(name for name, _ in sealed.items() ^ folder.items())
        if sealed and names:
            differing[year] = list(dict.fromkeys(names))
    return differing
