"""`danchu backup` and `danchu restore`: whole, on either database, and nothing is overwritten."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from services.chassis.auth.credentials import write_tokens
from services.chassis.clock import fixed
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError, SettingWrong
from services.chassis.settings import Settings
from services.commands import backup, table_copy
from services.commands.backup_folder import (
    MANIFEST,
    BackupDamaged,
    BackupNewer,
    NoBackup,
    unfinished_folder,
)
from services.commands.service_copy import Rows
from services.commands.service_registry import SERVICES, migrate_one
from services.commands.table_copy import CopyDiffers, TargetInUse
from services.scoring.store.backups import last
from tests.support.empty import migrated_once

pytestmark = pytest.mark.anyio
DAY_US, FIRST = 86_400 * 10**6, 1_764_000_000 * 10**6
KEY, CREDENTIALS = Path("keys") / "records.keys", Path("nats-credentials.json")
SECRET = Fernet.generate_key().decode() + "\n"
ROW = "INSERT INTO outbox (seq, receipt, subject, body, recorded) VALUES (7, x'01', 's', x'02', 1)"


async def save(
    settings: Settings, place: Path, keep: int | None = None, at: int = FIRST
) -> backup.Backup:
    """A backup at an instant."""
    return await backup.save(settings, place, keep, fixed(at), lambda *_: None)


async def restore(settings: Settings, folder: Path) -> Rows:
    """The rows that were restored."""
    return await backup.restore(settings, folder, lambda *_: None)


@pytest.fixture
async def office(tmp_path: Path) -> Settings:
    """A home with a key, and one message in the outbox of the intake."""
    settings = Settings(home=tmp_path / "home")
    for name in SERVICES:
        migrate = partial(migrate_one, name, settings)
        await migrated_once(name, settings.database(name), migrate)
    (settings.home / KEY).parent.mkdir()
    (settings.home / KEY).write_text(SECRET)
    (settings.home / CREDENTIALS).write_text("{}\n")
    with closing(sqlite3.connect(settings.home / "intake.db")) as conn:
        conn.execute(ROW)
        conn.commit()
    return settings


async def test_a_backup_can_be_restored_to_either_database(
    office: Settings, tmp_path: Path, postgres_url: str
) -> None:
    """Every row, key and list of credentials arrives; the next backup has the same rows."""
    first = await save(office, tmp_path / "backups")
    assert first.rows["intake"]["outbox"] == 1 and first.rows.keys() == set(SERVICES)
    for number, url in enumerate((None, postgres_url)):
        settings = Settings(home=tmp_path / f"home{number}", database_url=url)
        assert await restore(settings, first.folder) == first.rows
        assert (settings.home / KEY).read_text() == SECRET
        assert (settings.home / CREDENTIALS).read_text() == "{}\n"
        assert stat.S_IMODE((settings.home / KEY).stat().st_mode) == 0o600
        again = await save(settings, tmp_path / f"backups{number}", at=FIRST + DAY_US)
        assert again.rows == first.rows
    assert stat.S_IMODE(first.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["intake.db", str(KEY)])
async def test_a_damaged_backup_is_named_and_restores_nothing(
    office: Settings, tmp_path: Path, name: str
) -> None:
    """A byte more in one file, then no file, then no manifest."""
    folder = (await save(office, tmp_path / "backups")).folder
    target = Settings(home=tmp_path / "new")
    (folder / name).write_bytes((folder / name).read_bytes() + b"x")
    with pytest.raises(BackupDamaged, match=Path(name).name):
        await restore(target, folder)
    (folder / name).unlink()
    with pytest.raises(BackupDamaged, match=Path(name).name):
        await restore(target, folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(NoBackup):
        await restore(target, folder)
    assert not target.home.exists()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('"format": 1', '"format": 2', BackupNewer),
        ('"keys/records.keys"', '"../records.keys"', BackupDamaged),
    ],
)
async def test_a_manifest_of_another_kind_is_refused(
    office: Settings, tmp_path: Path, old: str, new: str, error: type[DanchuError]
) -> None:
    """A later format is not guessed at, and no file lies outside of the folder."""
    folder = (await save(office, tmp_path / "backups")).folder
    text = (folder / MANIFEST).read_text()
    assert old in text
    (folder / MANIFEST).write_text(text.replace(old, new))
    with pytest.raises(error):
        await restore(Settings(home=tmp_path / "new"), folder)


async def test_nothing_that_is_there_is_overwritten(
    office: Settings, tmp_path: Path, postgres_url: str
) -> None:
    """A database, a database server with rows, and another key are refused by name."""
    folder = (await save(office, tmp_path / "backups")).folder
    with pytest.raises(backup.RestoreTargetInUse, match=r"\.db"):
        await restore(office, folder)
    server = Settings(home=tmp_path / "server", database_url=postgres_url)
    await restore(server, folder)
    with pytest.raises(TargetInUse, match="outbox"):
        await restore(server, folder)
    other = Settings(home=tmp_path / "other")
    (other.home / KEY).parent.mkdir(parents=True)
    (other.home / KEY).write_text("another\n")
    with pytest.raises(backup.RestoreTargetInUse, match=KEY.name):
        await restore(other, folder)
    assert not (other.home / "intake.db").exists()


async def last_backup(settings: Settings) -> int:
    """What scoring notes as the time of the last complete backup."""
    db = Database(settings.database("scoring"), "scoring")
    try:
        async with db.read() as conn:
            return await last(conn)
    finally:
        await db.close()


async def test_the_age_of_the_backup_is_that_of_the_last_complete_one(
    office: Settings, tmp_path: Path, postgres_url: str
) -> None:
    """On either database; a restored one knows of the backup before, and of none itself."""
    assert await last_backup(office) == 0
    first = await save(office, tmp_path / "backups")
    assert await last_backup(office) == FIRST
    second = await save(office, tmp_path / "backups", at=FIRST + DAY_US)
    assert await last_backup(office) == FIRST + DAY_US
    server = Settings(home=tmp_path / "server", database_url=postgres_url)
    for backup_, known in ((second, FIRST), (first, 0)):
        settings = server if backup_ is second else Settings(home=tmp_path / "files")
        await restore(settings, backup_.folder)
        assert await last_backup(settings) == known
    await save(server, tmp_path / "backups of the server")
    assert await last_backup(server) == FIRST


async def test_the_newest_backups_stay(office: Settings, tmp_path: Path) -> None:
    """Of four days two are kept; other folders are left alone."""
    place = tmp_path / "backups"
    (place / "danchu-of-mine").mkdir(parents=True)
    for day in range(4):
        last = await save(office, place, keep=2, at=FIRST + day * DAY_US)
    names = sorted(path.name for path in place.iterdir())
    assert len(names) == 3 and last.folder.name in names and "danchu-of-mine" in names
    assert len(last.removed) == 1


async def test_two_backups_of_one_second_have_names_of_their_own(
    office: Settings, tmp_path: Path
) -> None:
    """Neither touches the other, and the later one counts as the newer."""
    place = tmp_path / "backups"
    first, second = [await save(office, place) for _ in range(2)]
    assert (
        second.folder.name == f"{first.folder.name}-2"
        and second.rows["intake"] == first.rows["intake"]
    )
    third = await save(office, place, keep=2)
    assert third.folder.name.endswith("-3") and third.removed == [first.folder]
    assert await restore(Settings(home=tmp_path / "new"), third.folder) == third.rows


async def test_what_broke_off_goes_with_the_old_backups_and_what_is_being_made_does_not(
    office: Settings, tmp_path: Path
) -> None:
    """A lock tells them apart, however long a backup takes; a second backup disturbs neither."""
    place = tmp_path / "backups"
    broken = place / "danchu-20251101T000000Z.partial"
    broken.mkdir(parents=True)
    with unfinished_folder(place, "20251102T000000Z") as another:
        assert (await save(office, place)).removed == []
        assert (await save(office, place, keep=9)).removed == [broken]
        assert another.is_dir()
    assert (await save(office, place, keep=9)).removed == [another]


async def test_a_key_that_cannot_be_read_is_not_saved_in_place_of_good_ones(
    office: Settings, tmp_path: Path
) -> None:
    """It is named, and no folder is made."""
    (office.home / KEY).write_text(SECRET[:20])
    with pytest.raises(SettingWrong, match="DANCHU_RECORDS_KEYS"):
        await save(office, tmp_path / "backups")
    assert not (tmp_path / "backups").exists()


async def test_a_lost_database_comes_back_into_the_same_home(
    office: Settings, tmp_path: Path
) -> None:
    """What each start writes anew stays as it is; the log of a lost database is refused by name."""
    write_tokens(office.home, fixed(FIRST))
    saved = await save(office, tmp_path / "backups")
    later = write_tokens(office.home, fixed(FIRST + DAY_US))
    for name in SERVICES:
        (office.home / f"{name}.db").unlink()
    log = office.home / "intake.db-wal"
    log.write_bytes(b"what an old file was about to get")
    with pytest.raises(backup.RestoreTargetInUse, match=log.name):
        await restore(office, saved.folder)
    log.unlink()
    assert await restore(office, saved.folder) == saved.rows
    assert json.loads((office.home / "tokens.json").read_text()) == later
    assert not list(office.home.glob("tmp*"))


async def test_only_what_the_manifest_names_is_restored(office: Settings, tmp_path: Path) -> None:
    """A file that was added is left out; a manifest that lacks a database is of no backup."""
    folder = (await save(office, tmp_path / "backups")).folder
    (folder / "keys" / "tokens.pem").write_text("a key of somebody else")
    target = Settings(home=tmp_path / "new")
    await restore(target, folder)
    assert not (target.home / "keys" / "tokens.pem").exists()
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["files"]["awards.db"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupDamaged, match="awards"):
        await restore(Settings(home=tmp_path / "other"), folder)


async def test_a_backup_that_breaks_off_has_no_name(
    office: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that do not read back end it, and it cannot be restored."""

    async def differs(*_: object) -> tuple[int, int]:
        return -1, 0

    monkeypatch.setattr(table_copy, "_read_back", differs)
    with pytest.raises(CopyDiffers):
        await save(office, tmp_path / "backups")
    assert await last_backup(office) == 0
    (left,) = (tmp_path / "backups").iterdir()
    assert left.name.endswith(".partial")
    with pytest.raises(NoBackup):
        await restore(Settings(home=tmp_path / "new"), left)
