"""Saves the databases and keys of a home into a folder, and restores them from there.

A backup has the same form on SQLite and PostgreSQL, and can be restored to either. Each database is
read within one transaction, scoring's first, so that each later one has what the earlier rely on;
danchu may run meanwhile. The stream is left out: the outboxes hold all of it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from contracts.moments import rfc3339
from services.chassis.clock import Clock
from services.chassis.errors import DanchuError, StateOfNewerVersion
from services.chassis.private_files import private_folder
from services.chassis.service_schema import migrate
from services.chassis.settings import Settings
from services.commands import keys
from services.commands.backup_folder import (
    WRITTEN_AT_START,
    BackupNewer,
    Manifest,
    complete,
    copy_file,
    database_file,
    give_name,
    home_files,
    manifest_of,
    remove_old,
    saved_home_files,
    sync_folder,
    unfinished_folder,
)
from services.commands.homes import require_databases
from services.commands.messages import message
from services.commands.service_copy import Rows, copy_services, open_database
from services.commands.service_registry import SERVICES, migrate_one, migrations_of
from services.commands.stack import stack_lock
from services.commands.start_line import version
from services.commands.table_copy import check_empty
from services.commands.terminal import Step
from services.scoring.settings import SERVICE as SCORING
from services.scoring.store import backups

SECOND_US = 1_000_000
ORDER = (SCORING, *(name for name in SERVICES if name != SCORING))
SQLITE_FILES = ("", "-wal", "-journal", "-shm")
"""The endings of a database's files; what an old `-wal` holds would be written into a new one."""


class Backup(NamedTuple):
    """A finished backup, the rows by service and table, and the backups that it replaced."""

    folder: Path
    rows: Rows
    removed: list[Path]


class RestoreTargetInUse(DanchuError):
    """Something that would be restored exists already."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("restore-target-in-use", file=file))


async def save(
    settings: Settings, place: Path, keep: int | None, clock: Clock, step: Step
) -> Backup:
    """Makes a backup within `place`; with `keep`, older ones beyond so many are removed after.

    SettingWrong for a key of the home that cannot be read: the backup would be of no use, and take
    the place of one that is.
    """
    require_databases(settings, SERVICES)
    keys.check_readable(settings)
    moment = clock() // SECOND_US * SECOND_US
    made_at = rfc3339(moment)
    second = f"{made_at[:19].replace('-', '').replace(':', '')}Z"
    with unfinished_folder(place, second) as unfinished:
        for path in home_files(settings.home):
            copy_file(settings.home / path, unfinished / path)
        rows: Rows = {}
        for name in ORDER:
            rows |= await _save_one(settings, name, unfinished, step)
        complete(unfinished, version(), made_at, rows)
        folder = give_name(unfinished, second)
    await _note(settings, moment)
    return Backup(folder, rows, [] if keep is None else remove_old(place, keep, second))


async def _note(settings: Settings, moment: int) -> None:
    """Has the processes of scoring show by a metric when this backup was made."""
    async with contextlib.AsyncExitStack() as stack:
        db = await open_database(stack, settings.database(SCORING), SCORING)
        async with db.write() as conn:
            await backups.note(conn, moment)


async def _save_one(settings: Settings, name: str, folder: Path, step: Step) -> Rows:
    migrations = migrations_of(name)
    async with contextlib.AsyncExitStack() as stack:
        source = await open_database(stack, settings.database(name), name)
        await source.open(migrations, exact=True)
        target = await open_database(stack, _url(folder, name), name)
        await migrate(target, migrations)
        return await copy_services({name: source}, {name: target}, step)


async def restore(settings: Settings, folder: Path, step: Step) -> Rows:
    """Puts a backup into a home and databases that are empty; returns the rows by service.

    RestoreTargetInUse or TargetInUse where something is there already, and then nothing is changed;
    AlreadyUp while a stack runs on the home; the errors of `manifest_of`.
    """
    manifest = manifest_of(folder, SERVICES)
    rows = dict(manifest.rows)
    private_folder(settings.home)
    with stack_lock(settings.home), tempfile.TemporaryDirectory(dir=settings.home) as staging:
        await _require_empty(settings, folder, manifest)
        try:
            for name in SERVICES:
                await _stage(folder, Path(staging), name)
        except StateOfNewerVersion:
            raise BackupNewer(folder, manifest.version) from None
        on_server = [name for name in SERVICES if settings.database_file(name) is None]
        rows |= await _copy_to_server(settings, Path(staging), on_server, step)
        for path in saved_home_files(manifest):
            if not (settings.home / path).exists():
                copy_file(folder / path, settings.home / path)
        for name in SERVICES:
            file = settings.database_file(name)
            if file is not None:
                private_folder(file.parent)
                shutil.move(database_file(Path(staging), name), file)
                sync_folder(file.parent)
    return rows


async def _stage(folder: Path, staging: Path, name: str) -> None:
    """A copy of a database of the backup, migrated to this version; the backup stays as it is."""
    copy_file(database_file(folder, name), database_file(staging, name))
    async with contextlib.AsyncExitStack() as stack:
        db = await open_database(stack, _url(staging, name), name)
        await migrate(db, migrations_of(name))


async def _copy_to_server(
    settings: Settings, staging: Path, names: Sequence[str], step: Step
) -> Rows:
    async with contextlib.AsyncExitStack() as stack:
        sources, targets = {}, {}
        for name in names:
            await migrate_one(name, settings)
            sources[name] = await open_database(stack, _url(staging, name), name)
            await sources[name].open(migrations_of(name), exact=True)
            targets[name] = await open_database(stack, settings.database(name), name)
        return await copy_services(sources, targets, step)


async def _require_empty(settings: Settings, folder: Path, manifest: Manifest) -> None:
    """Whatever is of the home itself may stay: what is equal, and what each start writes again."""
    for path in saved_home_files(manifest):
        file = settings.home / path
        if str(path) in WRITTEN_AT_START or not file.exists():
            continue
        if file.read_bytes() != (folder / path).read_bytes():
            raise RestoreTargetInUse(file)
    async with contextlib.AsyncExitStack() as stack:
        for name in SERVICES:
            target = await open_database(stack, settings.database(name), name)
            if not target.sqlite:
                async with target.read() as conn:
                    await check_empty(conn, name, target.where)
                continue
            for suffix in SQLITE_FILES:
                file = target.file.with_name(f"{target.file.name}{suffix}")
                if file.exists():
                    raise RestoreTargetInUse(file)


def _url(folder: Path, name: str) -> str:
    return f"sqlite+aiosqlite:///{database_file(folder, name).absolute()}"
