"""Settings of the intake beside those of every process."""

from pydantic import Field

from services.chassis.settings import Settings

SERVICE = "intake"


class IntakeSettings(Settings):
    """`nats_sources`: for a unit at the NATS door the prefixes of `source` that it may use.

    `*` stands for every unit that is not named. Without the setting a unit may use any source:
    right for the development emitter, who speaks for every unit, and for nobody else.
    """

    intake_nats_sources: dict[str, list[str]] = Field(default_factory=dict)
