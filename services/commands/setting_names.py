"""Finds variables of the environment that look like settings of danchu but are not.

A misspelled setting would be ignored silently. So each is reported with the nearest setting, and
one that differs only by a typo is refused.
"""

import difflib
from collections.abc import Iterable

from services.awards.settings import SERVICE as AWARDS
from services.chassis.errors import DanchuError
from services.chassis.setting_files import SUFFIX, is_folder
from services.chassis.settings import (
    PREFIX,
    SERVICE_SETTINGS,
    Settings,
    environment_settings,
)
from services.commands.messages import message
from services.commands.nats.server_settings import NatsServerSettings
from services.commands.terminal import tell
from services.intake.settings import SERVICE as INTAKE
from services.intake.settings import IntakeSettings
from services.scoring.settings import SERVICE as SCORING
from services.scoring.settings import ScoringSettings
from services.training.settings import SERVICE as TRAINING
from services.violations.settings import SERVICE as VIOLATIONS

SERVICES = (INTAKE, TRAINING, AWARDS, VIOLATIONS, SCORING)
KINDS = (Settings, NatsServerSettings, IntakeSettings, ScoringSettings)
LIKENESS = 0.5
"""The minimum similarity of a setting that is named as the nearest."""
SHORT, SLIPS_SHORT, SLIPS = 8, 1, 2
"""The number of typos that are refused, by the length of the name without the prefix."""


class SettingMisspelled(DanchuError):
    """A variable differs from a setting by a typo."""

    def __init__(self, name: str, near: str) -> None:
        super().__init__(message("setting-misspelled", name=name, near=near))


def setting_names() -> frozenset[str]:
    """All names of settings, including those of files."""
    fields = {name: field for kind in KINDS for name, field in kind.model_fields.items()}
    names = {PREFIX + name.upper() for name in fields}
    filed = {PREFIX + name.upper() for name, field in fields.items() if not is_folder(field)}
    by_service = {
        PREFIX + pattern.format(service.upper())
        for pattern in SERVICE_SETTINGS
        for service in (*SERVICES, "provision", "system")
    }
    return frozenset(names | by_service | {name + SUFFIX for name in filed | by_service})


def unknown(names: Iterable[str], settings: frozenset[str]) -> list[tuple[str, str | None, bool]]:
    """The names that are not settings: each with the nearest, and whether it is a typo of that."""
    bare = sorted(name.removeprefix(PREFIX) for name in settings)
    strangers: list[tuple[str, str | None, bool]] = []
    for name in sorted(set(names) - settings):
        own = name.removeprefix(PREFIX)
        near = min(bare, key=lambda setting: slips(own, setting), default="")
        if slips(own, near) <= (SLIPS_SHORT if len(near) < SHORT else SLIPS):
            strangers.append((name, PREFIX + near, True))
            continue
        alike = difflib.get_close_matches(own, bare, 1, LIKENESS)
        strangers.append((name, PREFIX + alike[0] if alike else None, False))
    return strangers


def slips(name: str, other: str) -> int:
    """The Damerau-Levenshtein distance of two names."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(name, start=1):
        older, before = before, row
        row = [i]
        for j, target in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != target))
            if i > 1 and j > 1 and letter == other[j - 2] and name[i - 2] == target:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def warn_of_unknown() -> None:
    """Reports unknown settings; SettingMisspelled for the first that is a typo."""
    for name, near, slip in unknown(environment_settings(), setting_names()):
        if near is not None and slip:
            raise SettingMisspelled(name, near)
        if near is not None:
            tell(message("setting-unknown-near", name=name, near=near))
        else:
            tell(message("setting-unknown", name=name))
