"""Whether the disk of a database has room to write.

A test write would prove nothing, since a failed transaction leaves room for a small one. So a
failure is remembered for a while, and for a local file the free space is checked as well.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import DiskFull
from services.chassis.messages import message

REMEMBERED_SECONDS = 30.0
FREE_BYTES_MIN = 2**20
LOG_SECONDS = 60.0
log = logging.getLogger(__name__)


@dataclass
class DiskRoom:
    """The disk room of one database; `folder` is that of a local file, None for a server."""

    where: str
    folder: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _failure: DiskFull | None = None
    _failed: float = 0.0
    _logged: float | None = None

    def note(self, failure: DiskFull) -> None:
        """Remembers a write that failed for lack of room, and logs it at most once a minute."""
        self._failure, self._failed = failure, self.clock()
        if self._logged is None or self._failed - self._logged > LOG_SECONDS:
            self._logged = self._failed
            log.error("the disk is full", extra={"database": self.where, "error": str(failure)})

    def check(self) -> None:
        """DiskFull while there is no room, as far as can be known without writing."""
        if self._failure is not None:
            if self.clock() - self._failed < REMEMBERED_SECONDS:
                raise self._failure
            self._failure = self._logged = None
        if self.folder is None or not self.folder.exists():
            return
        free = os.statvfs(self.folder)
        left = free.f_bavail * free.f_frsize
        if left < FREE_BYTES_MIN:
            raise DiskFull(message("disk-left", left=left))
