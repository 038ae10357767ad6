"""Files that hold secrets: written atomically, and readable by their owner alone."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

FILE_MODE, FOLDER_MODE, PRIVATE_MASK = 0o600, 0o700, 0o077


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Sets the umask so that files created in the block are readable by their owner alone."""
    before = os.umask(PRIVATE_MASK)
    try:
        yield
    finally:
        os.umask(before)


def private_folder(path: Path) -> None:
    """Creates a folder and its parents, if missing, for their owner alone."""
    path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)


def tighten(home: Path, names: tuple[str, ...]) -> list[Path]:
    """Removes the permissions of other users from the home and the named files in it.

    Returns the paths that were changed. Files of another user and shared folders (sticky bit) are
    left alone; links are not followed.
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
    except FileNotFoundError:  # a log or journal that was deleted meanwhile
        return False
    return True


def write_private(path: Path, content: str | bytes) -> None:
    """Replaces `path` atomically by a file of mode 0600, synced to disk."""
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
    """As `write_private`, but keeps a file that another process has written first."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    write_private(beside, content)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
