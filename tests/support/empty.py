"""Empty databases of this version: of each kind the migrations run once, then the file is copied.

For tests that are not about migrations. On PostgreSQL they run each time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

_files: dict[str, bytes] = {}


async def migrated_once(
    service: str, file: Path | None, migrate: Callable[[], Awaitable[None]]
) -> None:
    """Makes the empty database of a service; `file` is that of SQLite, None on PostgreSQL."""
    if file is None or file.exists():
        await migrate()
    elif service in _files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_files[service])
    else:
        await migrate()
        with closing(sqlite3.connect(file)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _files[service] = file.read_bytes()
