"""Where the folder of rubrics differs from what was sealed; a sealed year goes by its seal."""

from __future__ import annotations

import hashlib
import logging

from services.chassis.database.engine import Database
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import stages

log = logging.getLogger(__name__)


async def warn_of_differences(db: Database, rubrics: Rubrics) -> dict[int, list[str]]:
    """Logs, for each sealed year, the ids of rubrics that the folder lacks, has otherwise, or adds.

    Nothing of a sealed year changes by it; once reopened, the year is rated by the folder.
    """
    differing: dict[int, list[str]] = {}
    async with db.read() as conn:
        for year in await stages.years(conn):
            state = await stages.load(conn, year)
            texts = await stages.rubrics(conn, year, state.version)
            if state.seal is None or not texts:
                continue
            sealed = {each.id: hashlib.sha256(each.text.encode()).hexdigest() for each in texts}
            folder = {rubric.id: rubric.digest for rubric in rubrics.of_year(year)}
            names = sorted(name for name, _ in sealed.items() ^ folder.items())
            if names:
                differing[year] = list(dict.fromkeys(names))
    for year, names in differing.items():
        fields = {"year": year, "rubrics": ", ".join(names)}
        log.warning("the rubrics of a sealed year differ from those of the folder", extra=fields)
    return differing
