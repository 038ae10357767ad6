"""Settings of the intake besides the common ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from services.chassis.auth.credentials import is_open
from services.chassis.errors import SettingWrong
from services.chassis.settings import Settings
from services.intake.messages import message
from services.intake.unit_credentials import FILE

SERVICE = "intake"
SOURCES = "DANCHU_INTAKE_NATS_SOURCES"
BATCH_MOST = 10_000


class IntakeSettings(Settings):
    """`intake_nats_sources`: for each unit at the NATS door, the allowed prefixes of `source`.

    The key `*` stands for every unit without an entry of its own, `{unit}` within a prefix for the
    unit. Without the setting a unit may use any source, which is right only for the development
    emitter, because that sends for every unit. `intake_nats_credentials`: the file of the
    credentials that `danchu nats` makes, by default in the home.
    `intake_credential_…`: how many events a second one token may send (`event_rate`).
    """

    intake_nats_sources: dict[str, list[str]] = Field(default_factory=dict)
    intake_nats_credentials: Path | None = None
    intake_credential_rate: int | None = Field(default=None, ge=1)
    intake_credential_burst: int | None = Field(default=None, ge=1)

    @property
    def credential_file(self) -> Path:
        """The file of the credentials of departments at the NATS door."""
        return self.intake_nats_credentials or self.home / FILE


def check_sources(sources: Mapping[str, Sequence[str]]) -> None:
    """SettingWrong if a unit's own entry allows every source: it must have real prefixes."""
    for unit, prefixes in sources.items():
        if unit != "*" and any(map(is_open, prefixes)):
            raise SettingWrong(SOURCES, message("sources-unit", unit=unit))
