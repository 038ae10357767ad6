"""The pipe from a child to its supervisor: a byte when it is ready, and one for each heartbeat."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

READY_FILE = "SUPERVISOR_READY_FD"
"""The variable with the file descriptor that a child writes to."""
READY, BEAT = b"1", b"."
SIGNS_MAX = 4096


@dataclass(frozen=True)
class SupervisorPipe:
    """The child's end; `file` is None for a process without supervisor."""

    file: int | None = None

    @classmethod
    @contextlib.contextmanager
    def of_environment(cls) -> Iterator[SupervisorPipe]:
        """The pipe that the environment names, open within the block."""
        number = os.environ.pop(READY_FILE, None)
        if number is None or not number.isdigit():
            yield cls()
            return
        file = int(number)
        os.set_inheritable(file, False)
        os.set_blocking(file, False)
        try:
            yield cls(file)
        finally:
            os.close(file)

    def report_ready(self) -> None:
        """Reports that the process is ready."""
        self._write(READY)

    def beat(self) -> None:
        """Reports that the process runs and its loops turn."""
        self._write(BEAT)

    def _write(self, byte: bytes) -> None:
        """Writes without waiting: a supervisor that does not read must not stop its children."""
        if self.file is not None:
            with contextlib.suppress(OSError):
                os.write(self.file, byte)


@dataclass
class ChildSigns:
    """The supervisor's end: what a child has reported."""

    file: int
    ready: bool = False

    def look(self) -> bool:
        """Reads what has arrived; whether that was anything."""
        try:
            signs = os.read(self.file, SIGNS_MAX)
        except BlockingIOError:
            return False
        self.ready |= READY in signs
        return bool(signs)

    def close(self) -> None:
        """Closes the pipe."""
        os.close(self.file)
