"""Settings of scoring besides the common ones."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.chassis.private_files import write_private
from services.chassis.setting_files import FOLDER
from services.chassis.settings import Settings
from services.scoring.rubrics.loader import SHIPPED

SERVICE = "scoring"
RUBRICS_FILE = "rubrics.path"


class ScoringSettings(Settings):
    """`scoring_rubrics` is the folder of rubric files, `scoring_batch` the most events that one
    transaction folds. `public_view`: sealed years are shown to everybody (`web.public_site`).
    `seal_…` are about the seals of years (`sealing.keyring` reads them)."""

    scoring_rubrics: Annotated[Path | None, FOLDER] = None
    scoring_batch: int = Field(default=5000, ge=1, le=20_000)
    public_view: bool = False
    seal_origin: str = "danchu.local"
    seal_secret: str | None = Field(default=None, repr=False)
    seal_keys: Path | None = None
    seal_operator_key: str | None = Field(default=None, repr=False)

    @property
    def rubrics_folder(self) -> Path:
        """The folder of the setting, else the one recorded in this home, else the shipped one."""
        if self.scoring_rubrics is not None:
            return self.scoring_rubrics
        file = self.home / RUBRICS_FILE
        return Path(file.read_text()) if file.exists() else SHIPPED

    def keep_rubrics(self) -> None:
        """Records in this home which rubrics its stack folds with, for other commands."""
        file = self.home / RUBRICS_FILE
        if self.scoring_rubrics is None:
            file.unlink(missing_ok=True)
        else:
            write_private(file, str(self.scoring_rubrics.absolute()))
