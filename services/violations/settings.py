"""Settings of the violations: those of every process."""

from services.chassis.settings import Settings

SERVICE = "violations"


class ViolationsSettings(Settings):
    """Nothing beside what every service knows."""
