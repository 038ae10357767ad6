"""The kept state of a release: its databases as SQL, what it answered, and the stream."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, MetaData, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database, bulk_insert
from services.chassis.database.url import normal_url
from services.commands.backup_folder import complete, database_file
from services.commands.service_registry import SERVICES, migrations_of
from services.commands.table_copy import FIRST_ROWS, advance_counter
from tests.support.migrating import migrate_to
from tests.upgrade.keys import write_keys

RELEASES = Path(__file__).parent / "releases"
ABOUT, ANSWERS, EVENTS, STREAM = "about.json", "answers.json.gz", "events.json.gz", "stream.json.gz"


def kept_releases() -> list[str]:
    """The releases whose state is kept."""
    return sorted(path.name for path in RELEASES.iterdir() if path.is_dir())


def write_packed(file: Path, content: str) -> None:
    """Writes a text, compressed; the same text gives the same bytes."""
    file.write_bytes(gzip.compress(content.encode(), 9, mtime=0))


def write_value(file: Path, value: Any) -> None:
    """Writes a value as compressed JSON."""
    write_packed(file, json.dumps(value, ensure_ascii=False, sort_keys=True))


def dump(database: Path) -> str:
    """A database as SQL."""
    with closing(sqlite3.connect(database)) as conn:
        return "\n".join(conn.iterdump()) + "\n"


class Kept:
    """One release."""

    def __init__(self, version: str) -> None:
        self.folder = RELEASES / version
        self.about: dict[str, Any] = json.loads((self.folder / ABOUT).read_text())

    @property
    def rubrics(self) -> Path:
        """The rubrics that it rated with."""
        return self.folder / "rubrics"

    def value(self, name: str) -> Any:
        """What one of its files has."""
        return json.loads(gzip.decompress((self.folder / name).read_bytes()))

    def databases(self, folder: Path) -> None:
        """Writes the database of each service, as the release left it."""
        folder.mkdir(parents=True, exist_ok=True)
        for service in SERVICES:
            script = gzip.decompress((self.folder / f"{service}.sql.gz").read_bytes()).decode()
            with closing(sqlite3.connect(database_file(folder, service))) as conn:
                conn.executescript(script)

    def backup(self, folder: Path) -> Path:
        """A backup as `danchu backup` of the release made it."""
        self.databases(folder)
        write_keys(folder)
        rows = {service: _counts(database_file(folder, service)) for service in SERVICES}
        complete(folder, self.about["version"], self.about["made_at"], rows)
        return folder

    async def put_on_server(self, url: str, folder: Path) -> None:
        """The same state in the schemas of PostgreSQL, each of the revision of the release."""
        self.databases(folder)
        for service in SERVICES:
            db = Database(normal_url(url), service)
            try:
                await migrate_to(db, migrations_of(service), self.about["revisions"][service])
                async with db.write() as conn:
                    with closing(sqlite3.connect(database_file(folder, service))) as source:
                        await _copy(source, conn)
            finally:
                await db.close()


def tables_of(conn: sqlite3.Connection) -> list[str]:
    """The tables of a service."""
    select = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    names = [str(row[0]) for row in conn.execute(select)]
    return [name for name in names if not name.startswith(("sqlite_", "alembic_", "schema_"))]


def _counts(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as conn:
        return {
            name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in tables_of(conn)
        }


async def _copy(source: sqlite3.Connection, target: AsyncConnection) -> None:
    metadata = MetaData()
    await target.run_sync(lambda conn: metadata.reflect(conn))
    for name in tables_of(source):
        table = metadata.tables[name]
        if name in FIRST_ROWS:
            await target.execute(table.delete())
        columns = [column.name for column in table.columns]
        quoted = ", ".join(f'"{column}"' for column in columns)
        rows = source.execute(f"SELECT {quoted} FROM {name}")
        await bulk_insert(target, table, list(_converted(table, rows)), columns)
        await advance_counter(target, table)


def _converted(table: Table, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """SQLite has no truth values."""
    truths = [isinstance(column.type, Boolean) for column in table.columns]
    for row in rows:
        pairs = zip(truths, row, strict=True)
        yield tuple(bool(v) if truth and v is not None else v for truth, v in pairs)
