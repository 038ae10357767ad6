"""The name of the service; it has no settings beyond the common ones."""

SERVICE = "violations"
