"""What a folder of a backup holds: a database file a service, the keys, and a manifest.

The manifest is written last, and the folder gets its name once it is complete; so a folder of that
name is a whole backup, whenever the machine died. Those of one second are told apart by a number.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from services.chassis.auth.accounts import ACCOUNTS_FILE
from services.chassis.auth.credentials import TOKENS_FILE
from services.chassis.errors import DanchuError
from services.chassis.private_files import (
    FILE_MODE,
    FOLDER_MODE,
    private_folder,
    write_private,
)
from services.chassis.settings import USERS_FILE
from services.commands.messages import message
from services.intake.unit_credentials import FILE as CREDENTIALS_FILE

MANIFEST, FORMAT = "manifest.json", 1
UNFINISHED = ".partial"
NAME = re.compile(r"danchu-(?P<second>[0-9]{8}T[0-9]{6}Z)(?:-(?P<number>[0-9]{1,4}))?")
HOME_FILES = ("keys", TOKENS_FILE, ACCOUNTS_FILE, USERS_FILE, CREDENTIALS_FILE)
"""What a home holds beside databases, stream and logs."""
WRITTEN_AT_START = (TOKENS_FILE, USERS_FILE)
"""Files that `danchu up` writes again at each start: by the home's keys, for its ports."""
CHUNK_BYTES = 2**20


class NoBackup(DanchuError):
    """The folder is no complete backup."""

    def __init__(self, folder: Path) -> None:
        super().__init__(message("backup-none", folder=folder))


class BackupDamaged(DanchuError):
    """A file of the backup is missing, or differs from the manifest."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("backup-damaged", file=file))


class BackupNewer(DanchuError):
    """The backup has a format that this version does not know."""

    def __init__(self, folder: Path, version: str) -> None:
        super().__init__(message("backup-newer", folder=folder, version=version))


class Manifest(msgspec.Struct, frozen=True):
    """What was saved, when (RFC 3339, UTC) and by which version; SHA-256 of each file by its path,
    and the rows of each table by service."""

    format: int
    version: str
    made_at: str
    files: dict[str, str]
    rows: dict[str, dict[str, int]]


def database_file(folder: Path, service: str) -> Path:
    """Where a backup has the database of a service."""
    return folder / f"{service}.db"


def copy_file(source: Path, target: Path) -> None:
    """A copy for its owner alone, synced to disk."""
    target.parent.mkdir(0o700, parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with source.open("rb") as content, os.fdopen(handle, "wb") as copy:
        shutil.copyfileobj(content, copy, CHUNK_BYTES)
        copy.flush()
        os.fsync(copy.fileno())


def home_files(home: Path) -> list[Path]:
    """The keys and credentials of a home, as paths within it."""
    tops = [home / name for name in HOME_FILES]
    files = [path for top in tops for path in (sorted(top.rglob("*")) if top.is_dir() else [top])]
    return [path.relative_to(home) for path in files if path.is_file()]


@contextlib.contextmanager
def unfinished_folder(place: Path, second: str) -> Iterator[Path]:
    """A new folder of its own for a backup, locked for as long as the block makes it."""
    private_folder(place)
    for name in _names(second):
        folder = place / f"{name}{UNFINISHED}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir(FOLDER_MODE)
            break
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(handle)
        yield folder
    finally:
        os.close(handle)


def give_name(unfinished: Path, second: str) -> Path:
    """Renames a complete backup to its first free name, and has the name on disk."""
    for name in _names(second):
        folder = unfinished.with_name(name)
        try:
            unfinished.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            continue
        break
    sync_folder(folder.parent)
    return folder


def _names(second: str) -> Iterator[str]:
    """The names of backups of one second, in the order in which they are taken."""
    yield f"danchu-{second}"
    for number in itertools.count(2):
        yield f"danchu-{second}-{number}"


def _order(name: str) -> tuple[str, int] | None:
    """What sorts backups by their time; None for the name of something else."""
    match = NAME.fullmatch(name)
    return (match["second"], int(match["number"] or 1)) if match else None


def _lock(handle: int) -> bool:
    """Whether nobody else had locked the folder; False too where a disk has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def complete(folder: Path, version: str, made_at: str, rows: dict[str, dict[str, int]]) -> None:
    """Writes the manifest of everything in the folder."""
    files = {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = Manifest(FORMAT, version, made_at, files, rows)
    write_private(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def manifest_of(folder: Path, services: Collection[str]) -> Manifest:
    """The manifest of a whole and undamaged backup of the services.

    NoBackup, BackupNewer or BackupDamaged.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, RecursionError):
        raise NoBackup(folder) from None
    if manifest.format > FORMAT:
        raise BackupNewer(folder, manifest.version)
    databases = (database_file(folder, service).name for service in services)
    for name in (*manifest.files, *databases):
        file = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BackupDamaged(file)
        if not file.is_file() or sha256(file) != manifest.files.get(name):
            raise BackupDamaged(file)
    return manifest


def saved_home_files(manifest: Manifest) -> list[Path]:
    """The keys and credentials of a backup, as paths within it."""
    return [path for path in map(Path, manifest.files) if path.parts[0] in HOME_FILES]


def sha256(file: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Has the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_old(place: Path, keep: int, second: str) -> list[Path]:
    """Removes all whole backups of a folder but the newest, and returns them.

    With them go backups that broke off before `second`.
    """
    ordered = {path: order for path in place.iterdir() if (order := _order(path.name))}
    backups = sorted(ordered, key=ordered.__getitem__)
    old = backups[: max(0, len(backups) - keep)] + _broken_off(place, second)
    for folder in old:
        shutil.rmtree(folder)
    return old


def _broken_off(place: Path, second: str) -> list[Path]:
    """Unfinished backups that nobody makes any more."""
    folders = []
    for path in sorted(place.glob(f"*{UNFINISHED}")):
        order = _order(path.name.removesuffix(UNFINISHED))
        if order is None or order[0] >= second or not path.is_dir():
            continue
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _lock(handle):
                folders.append(path)
        finally:
            os.close(handle)
    return folders
