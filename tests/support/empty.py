"""Empty databases of this version: of each kind the migrations run once, then they are copied.

For tests that are not about migrations. Of SQLite the file is copied, of PostgreSQL a dump is run,
or a schema is taken that an earlier test has left empty.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import asyncpg

from services.chassis.database.url import file_of
from tests.support.servers import BINARIES
from tests.support.spare_databases import take_schema

Migrate = Callable[[], Awaitable[None]]
OTHERS = ("\\", "SET transaction_timeout")
"""Lines of a dump that are for `psql`, or for servers from 17 on."""
_files: dict[str, bytes] = {}
_scripts: dict[str, str] = {}


async def migrated_once(service: str, url: str, migrate: Migrate) -> None:
    """Makes the empty database of a service, or migrates one that has its schema already."""
    file = file_of(url)
    if file is None:
        await _on_server(service, url.replace("+asyncpg", ""), migrate)
    elif file.exists():
        await migrate()
    elif service in _files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_files[service])
    else:
        await migrate()
        _files[service] = _content(file)


def _content(file: Path) -> bytes:
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.read_bytes()


async def _on_server(service: str, url: str, migrate: Migrate) -> None:
    conn = await asyncpg.connect(url)
    try:
        exists = await conn.fetchval("SELECT to_regnamespace($1) IS NOT NULL", service)
        if not exists and service in _scripts:
            await take_schema(conn, service, _scripts[service])
            return
    finally:
        await conn.close()
    await migrate()
    if not exists:
        _scripts[service] = _dump(service, url)


def _dump(service: str, url: str) -> str:
    """The statements of a schema, for servers older than the program too; lines of psql are out."""
    options = ("--inserts", "--no-owner", f"--schema={service}", f"--dbname={url}")
    command = [str(BINARIES / "pg_dump"), *options]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in dump.splitlines() if not line.startswith(OTHERS))
