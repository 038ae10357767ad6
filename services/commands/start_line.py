"""What a process is called, and the fields of its first log line; no password, no token."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Any

from services.chassis.database.url import without_password
from services.chassis.settings import Settings


def version() -> str:
    """The version of this program."""
    try:
        return installed_version("danchu")
    except PackageNotFoundError:
        return "0"


def process_name(names: Sequence[str], part: str) -> str:
    """What a process is, for metrics and traces: `danchu-intake`, `danchu-scoring-fold`, or
    `danchu-http` for the HTTP of all services.
    """
    from services.commands.service_registry import SERVICES  # it loads the database's library

    served = () if tuple(names) == SERVICES else tuple(names)
    parts = ("danchu", *served, *(() if part == "all" else (part,)))
    return "-".join(parts)


def start_fields(settings: Settings, names: Sequence[str], part: str) -> dict[str, Any]:
    """Version, services, databases, broker and the digests of the rubrics."""
    return {
        "version": version(), "services": list(names), "part": part,
        "databases": {name: without_password(settings.database(name)) for name in names},
        "broker": without_password(settings.nats(names[0]).url),
        "rubrics": _digests(settings) if "scoring" in names else {},
    }  # fmt: skip


def _digests(settings: Settings) -> dict[str, str]:
    from services.scoring.rubrics import loader
    from services.scoring.settings import ScoringSettings

    rubrics = loader.load_directory(ScoringSettings(home=settings.home).rubrics_folder)
    return {rubric.id: rubric.digest[:16] for rubric in rubrics.items}
