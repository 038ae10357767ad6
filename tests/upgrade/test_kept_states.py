"""The kept states are whole, small, and contain no secret."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts.catalog import BY_TYPE
from services.chassis.settings import Settings
from services.commands import backup
from services.commands.backup_folder import database_file, manifest_of
from services.commands.service_registry import SERVICES
from services.records.vault import open_vault
from tests.drills.e2e.played import CANARY
from tests.upgrade.state import EVENTS, RELEASES, STREAM, Kept, dump, kept_releases

pytestmark = pytest.mark.anyio
SIZE_MAX = 500_000
SECRET = re.compile(r"PRIVATE[ +]KEY|\$2[aby]\$|eyJ[\w-]{10,}\.[\w-]{10,}\.", re.A)
"""A private key, a hash of a password, a token."""


@pytest.fixture(params=kept_releases())
def kept(request: pytest.FixtureRequest) -> Kept:
    """One release."""
    return Kept(request.param)


def test_a_release_is_kept() -> None:
    """The first one, in the folder of its version."""
    assert "0.1.0" in kept_releases()


def test_every_type_of_event_is_in_it(kept: Kept) -> None:
    """All that the door takes, those of the systems of record, and those of a sealed year."""
    subjects = {".".join(subject.split(".")[3:5]) for subject, _, _ in kept.value(STREAM)}
    sent = {event["type"] for event in kept.value(EVENTS)["events"]}
    assert {type_ for type_, each in BY_TYPE.items() if each.roles} <= sent
    assert {"year.provisional", "year.sealed", "training.completed"} <= subjects


def test_it_is_small_and_has_no_secret(kept: Kept, tmp_path: Path) -> None:
    """What a scanner of secrets looks for is in no file and in no row."""
    files = [path for path in kept.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < SIZE_MAX
    kept.databases(tmp_path)
    texts = [dump(database) for database in tmp_path.glob("*.db")]
    assert len(texts) == len(SERVICES)
    texts += [path.read_text(encoding="utf-8") for path in files if path.suffix != ".gz"]
    texts += [str(kept.value(path.name)) for path in files if path.name.endswith(".json.gz")]
    assert [found for each in texts for found in SECRET.findall(each)] == []


async def test_a_backup_of_it_can_be_restored_and_its_names_read(
    kept: Kept, tmp_path: Path, postgres_url: str
) -> None:
    """Into files and onto a server, with the rows of the release."""
    folder = kept.backup(tmp_path / "backup")
    for number, url in enumerate((None, postgres_url)):
        settings = Settings(home=tmp_path / f"home{number}", database_url=url)
        rows = await backup.restore(settings, folder, lambda *_: None)
        for service, tables in manifest_of(folder, SERVICES).rows.items():
            assert tables.items() <= rows[service].items()
        names = open_vault(settings)
        with closing(sqlite3.connect(database_file(folder, "training"))) as conn:
            hidden = [row[0] for row in conn.execute("SELECT hidden_name FROM persons")]
        assert hidden and {names.show(name) for name in hidden} == {CANARY}


def test_each_release_has_its_folder() -> None:
    """The version in a state is the name of its folder."""
    assert {Kept(name).about["version"] for name in kept_releases()} == {
        path.name for path in RELEASES.iterdir()
    }
