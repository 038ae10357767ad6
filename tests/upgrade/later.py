"""A later version of danchu: this one with one more migration in each service."""

from __future__ import annotations

import shutil
from pathlib import Path

from services.commands.service_registry import SERVICES
from tests.architecture.sources import ROOT
from tests.support.migrating import ADDS, add_migration

LATER, LAST = "0900", "0901"
TAKES_AWAY = 'op.drop_index("outbox_recorded", "outbox")'
"""Something that the code of the test can miss: it is the same code, in another folder."""
OWN_CODE_ALONE = f'oldest_code = "{LAST}"\nreason = "no code reads by it from here on"\n'


def later_version(folder: Path) -> Path:
    """A copy of the code, whose migrations only add; processes of it run with this folder as
    theirs."""
    for package in ("contracts", "services"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for service in SERVICES:
        add_migration(folder / "services" / service / "migrations", ADDS, revision=LATER)
    return folder


def without_way_back(folder: Path) -> Path:
    """A copy of the code with a migration that takes away what this version needs."""
    later_version(folder)
    migrations = folder / "services" / "intake" / "migrations"
    add_migration(migrations, TAKES_AWAY, OWN_CODE_ALONE, LAST)
    return folder
