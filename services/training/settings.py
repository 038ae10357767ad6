"""The name of the service; its settings are those of every process."""

SERVICE = "training"
