"""Settings of the awards: those of every process."""

from services.chassis.settings import Settings

SERVICE = "awards"


class AwardsSettings(Settings):
    """Nothing beside what every service knows."""
