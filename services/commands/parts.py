"""The services by name: how each is migrated and built."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from fastapi import FastAPI

from services.awards import app as awards
from services.chassis.errors import SettingWrong
from services.chassis.health import Health
from services.chassis.settings import Settings
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
        """Waits, and raises what ended one of its tasks."""


MIGRATED: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "intake": intake.migrated,
    "training": training.migrated,
    "awards": awards.migrated,
    "violations": violations.migrated,
    "scoring": scoring.migrated,
}


def named(asked: str) -> tuple[str, ...]:
    """The services that a name means; SettingWrong for an unknown one."""
    if asked == "all":
        return tuple(MIGRATED)
    if asked not in MIGRATED:
        known = ", ".join((*MIGRATED, "all"))
        raise SettingWrong("SERVICE", f"{asked!r} is none of {known}")
    return (asked,)


def build(names: Sequence[str], part: Part) -> dict[str, App]:
    """The services, connected to nothing yet; the part `fold` is scoring's alone."""
    made: dict[str, App] = {}
    if "intake" in names and part != "fold":
        made["intake"] = intake.build(IntakeSettings())
    if "training" in names and part != "fold":
        made["training"] = training.build(Settings())
    if "awards" in names and part != "fold":
        made["awards"] = awards.build(Settings())
    if "violations" in names and part != "fold":
        made["violations"] = violations.build(Settings())
    if "scoring" in names:
        made["scoring"] = scoring.build(ScoringSettings(), part)
    return made
