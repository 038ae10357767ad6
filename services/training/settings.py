"""Settings of the training: those of every process."""

from services.chassis.settings import Settings

SERVICE = "training"


class TrainingSettings(Settings):
    """Nothing beside what every service knows."""
