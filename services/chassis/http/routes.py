"""What the server knows of a request's route: the paths of health, and which service answered."""

HEALTH_PATHS = ("/healthz", "/readyz")
ROUTE_KEY = "danchu.route"
"""The key of the scope of the service that answered, for the metrics; with its root path."""


def asks_health(path: str) -> bool:
    """Whether it is /healthz or /readyz, of the process or of one service."""
    names = path.strip("/").split("/")
    return len(names) <= 2 and names[-1] in ("healthz", "readyz")
