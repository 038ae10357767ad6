"""Where the tests keep their files: in memory, where this machine has a folder of it with room.

Every database and stream is still told to wait for its disk, and is asked whether it does. What
the tests prove is what survives the death of a process, and so does memory; it spares them the
thousands of waits, of which each is one of everybody.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY, ROOM_BYTES = Path("/dev/shm"), 3 * 2**30


def keep_in_memory() -> None:
    """Has temporary files of this process, and of those that it starts, in memory.

    Unless somebody chose a place (`TMPDIR`), or programs cannot be run from there.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    runs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if runs and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None
