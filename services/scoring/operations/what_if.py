"""A what-if at the operator's command: by the database itself, with progress."""

from collections.abc import Sequence

from services.chassis.clock import now_us
from services.scoring.operations.session import open_database
from services.scoring.ratings.what_if import WhatIf
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.readmodel.versions import YearVersions
from services.scoring.readmodel.what_if import WhatIfs
from services.scoring.rebuild.refold import BookProgress
from services.scoring.rubrics import loader
from services.scoring.settings import ScoringSettings


async def answer_what_if(
    settings: ScoringSettings, year: int, texts: Sequence[bytes], progress: BookProgress
) -> WhatIf:
    """Every unit of the year under the rubrics of the texts; nothing is stored."""
    rubrics = loader.load_directory(settings.rubrics_folder)
    async with open_database(settings) as db:
        what_ifs = WhatIfs(YearVersions(db, Snapshots(db, rubrics), now_us))
        return await what_ifs.answer(year, texts, progress)
