"""The services by name: how each is migrated and built.

A service is loaded when it is built, so that a process loads only what it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import services
from services.chassis.errors import DanchuError
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.commands.messages import message

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from services.chassis.health import Health
    from services.chassis.telemetry.gauges import Measure

Part = Literal["all", "http", "fold"]
SERVICES = ("intake", "training", "awards", "violations", "scoring")
"""All services; each has a database, migrations, and an outbox."""


class App(Protocol):
    """A running service."""

    @property
    def api(self) -> FastAPI:
        """Its HTTP."""

    @property
    def pages(self) -> ASGIApp | None:
        """What it serves at the root of the address, if anything."""

    @property
    def health(self) -> Health:
        """Its health."""

    async def start(self) -> None:
        """Starts it."""

    async def stop(self) -> None:
        """Stops it."""

    async def failed(self) -> None:
        """Waits for one of its tasks to fail, and raises its error."""

    def measures(self) -> dict[str, Measure]:
        """What it measures about itself where metrics are exported, by name."""


async def migrate_one(name: str, settings: Settings) -> None:
    """Migrates the schema of a service to this version, without loading the service."""
    await migrate_service(name, settings, migrations_of(name))


def migrations_of(name: str) -> Path:
    """The folder of the migrations of a service, without loading the service."""
    return Path(services.__path__[0]) / name / "migrations"


class ServiceUnknown(DanchuError):
    """There is no service of that name."""

    def __init__(self, name: str) -> None:
        names = ", ".join((*SERVICES, "all"))
        super().__init__(message("service-unknown", name=name, known=names))


class OneFileForAll(DanchuError):
    """Several services would share one SQLite file."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("one-file-for-all", file=file))


def service_names(*services: str) -> tuple[str, ...]:
    """The services with these names, each once, or all; ServiceUnknown for an unknown one."""
    for service in services:
        if service not in (*SERVICES, "all"):
            raise ServiceUnknown(service)
    return SERVICES if "all" in services else tuple(dict.fromkeys(services))


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
        from services.intake import app as intake
        from services.intake.settings import IntakeSettings

        apps["intake"] = intake.build(IntakeSettings(**at))
    if "training" in names and part != "fold":
        from services.training import app as training

        apps["training"] = training.build(Settings(**at))
    if "awards" in names and part != "fold":
        from services.awards import app as awards

        apps["awards"] = awards.build(Settings(**at))
    if "violations" in names and part != "fold":
        from services.violations import app as violations

        apps["violations"] = violations.build(Settings(**at))
    if "scoring" in names:
        from services.scoring import app as scoring
        from services.scoring.settings import ScoringSettings

        apps["scoring"] = scoring.build(ScoringSettings(**at), part)
    return apps
