"""The services by name, with their functions to migrate and to build."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from fastapi import FastAPI

from services.awards import app as awards
from services.chassis.errors import DanchuError
from services.chassis.health import Health
from services.chassis.settings import Settings
from services.commands.messages import message
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.settings import ScoringSettings
from services.training import app as training
from services.violations import app as violations

Part = Literal["all", "http", "fold"]
PRODUCERS = ("intake", "training", "awards", "violations", "scoring")
"""The services that have an outbox."""


class App(Protocol):
    """A running service."""

    @property
    def api(self) -> FastAPI:
        """Its HTTP."""

    @property
    def health(self) -> Health:
        """Its health."""

    async def start(self) -> None:
        """Starts it."""

    async def stop(self) -> None:
        """Stops it."""

    async def failed(self) -> None:
        """Waits for one of its tasks to fail, and raises its error."""


MIGRATED: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "intake": intake.migrated,
    "training": training.migrated,
    "awards": awards.migrated,
    "violations": violations.migrated,
    "scoring": scoring.migrated,
}


class ServiceUnknown(DanchuError):
    """There is no service of that name."""

    def __init__(self, name: str) -> None:
        names = ", ".join((*MIGRATED, "all"))
        super().__init__(message("service-unknown", name=name, known=names))


class OneFileForAll(DanchuError):
    """Several services would share one SQLite file."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("one-file-for-all", file=file))


def service_names(service: str) -> tuple[str, ...]:
    """The services with a name, or all; ServiceUnknown for an unknown one."""
    if service == "all":
        return tuple(MIGRATED)
    if service not in MIGRATED:
        raise ServiceUnknown(service)
    return (service,)


def check_databases(settings: Settings, names: Sequence[str]) -> None:
    """SettingWrong for an invalid URL, OneFileForAll if two share a file."""
    files = [file for file in map(settings.database_file, names) if file is not None]
    for file in files:
        if files.count(file) > 1:
            raise OneFileForAll(file)


def build(names: Sequence[str], part: Part, home: Path | None = None) -> dict[str, App]:
    """The services, not connected yet; only scoring has a part `fold`."""
    at: dict[str, Any] = {} if home is None else {"home": home}
    apps: dict[str, App] = {}
    if "intake" in names and part != "fold":
        apps["intake"] = intake.build(IntakeSettings(**at))
    if "training" in names and part != "fold":
        apps["training"] = training.build(Settings(**at))
    if "awards" in names and part != "fold":
        apps["awards"] = awards.build(Settings(**at))
    if "violations" in names and part != "fold":
        apps["violations"] = violations.build(Settings(**at))
    if "scoring" in names:
        apps["scoring"] = scoring.build(ScoringSettings(**at), part)
    return apps
