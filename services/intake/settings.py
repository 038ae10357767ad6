"""Settings of the intake beside those of every process."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from services.chassis.auth.credentials import is_open
from services.chassis.errors import SettingWrong
from services.chassis.settings import Settings
from services.intake.messages import message

SERVICE = "intake"
SOURCES = "DANCHU_INTAKE_NATS_SOURCES"


class IntakeSettings(Settings):
    """`nats_sources`: for a unit at the NATS door the prefixes of `source` that it may use.

    `*` stands for every unit that is not named, `{unit}` within a prefix for the unit. Without the
    setting a unit may use any source: right for the development emitter, who speaks for every
    unit, and for nobody else.
    """

    intake_nats_sources: dict[str, list[str]] = Field(default_factory=dict)


def check_sources(sources: Mapping[str, Sequence[str]]) -> None:
    """SettingWrong for a unit that may use any source: what is a unit's own has prefixes."""
    for unit, prefixes in sources.items():
        if unit != "*" and any(map(is_open, prefixes)):
            raise SettingWrong(SOURCES, message("sources-unit", unit=unit))
