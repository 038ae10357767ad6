"""Files that hold secrets: written whole or not at all, and readable by their owner alone."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

FILE_MODE, FOLDER_MODE, PRIVATE_MASK = 0o600, 0o700, 0o077


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Whatever this process and its children create in the block is their owner's alone."""
    before = os.umask(PRIVATE_MASK)
    try:
        yield
    finally:
        os.umask(before)


def private_folder(path: Path) -> None:
    """The folder with all above it, which is made for its owner alone where it is not there."""
    path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)


def tighten(home: Path, names: tuple[str, ...]) -> list[Path]:
    """Takes the rights of others off the home and what stands in it under these names.

    Answers what was too wide. What belongs to another user, or is shared by all (a folder such
    as that of temporary files), is left alone; links are not followed.
    """
    changed = [home] if _narrow(home) else []
    for name in names:
        for top in sorted(home.glob(name)):
            changed += [path for path in (top, *sorted(top.rglob("*"))) if _narrow(path)]
    return changed


def _narrow(path: Path) -> bool:
    try:
        status = path.lstat()
        shared = bool(status.st_mode & stat.S_ISVTX)
        wide = stat.S_IMODE(status.st_mode) & PRIVATE_MASK
        if path.is_symlink() or status.st_uid != os.geteuid() or shared or not wide:
            return False
        path.chmod(stat.S_IMODE(status.st_mode) & ~PRIVATE_MASK)
    except FileNotFoundError:  # a file of a log or a journal that has just ended
        return False
    return True


def write_private(path: Path, content: str | bytes) -> None:
    """Replaces `path` in one step by a file of mode 0600 that is on disk."""
    private_folder(path.parent)
    raw = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_private_once(path: Path, content: bytes) -> None:
    """As `write_private`, but what another process has written first stays."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    write_private(beside, content)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
