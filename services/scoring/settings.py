"""Settings of scoring beside those of every process."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import Settings
from services.scoring.rubric_file import SHIPPED

SERVICE = "scoring"


class ScoringSettings(Settings):
    """`rubrics` is the folder of rubric files; `batch` bounds what one transaction folds."""

    scoring_rubrics: Path = SHIPPED
    scoring_batch: int = Field(default=5000, ge=1, le=20_000)
