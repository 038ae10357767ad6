"""Reads a file for a check, mapped into memory: only regular files, and none that is too large."""

from __future__ import annotations

import contextlib
import mmap
import stat
from collections.abc import Iterator
from pathlib import Path

from services.scoring.year.verify.archive import Content
from services.scoring.year.verify.discrepancies import UnreadableFile

FILE_MAX = 2**32 - 1
"""A ZIP file without extra fields cannot be larger."""


@contextlib.contextmanager
def mapped(path: Path) -> Iterator[Content]:
    """The content of a file. UnreadableFile where it is none, or too large; OSError else."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFile("special")
    if status.st_size > FILE_MAX:
        raise UnreadableFile("file-large", most=FILE_MAX)
    with path.open("rb") as file:
        if status.st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content
