"""Settings of the intake beside those of every process."""

from pydantic import Field

from services.chassis.settings import Settings

SERVICE = "intake"


class IntakeSettings(Settings):
    """`nats_sources`: for a unit at the NATS door the prefixes of `source` that it may use."""

    intake_nats_sources: dict[str, list[str]] = Field(default_factory=dict)
