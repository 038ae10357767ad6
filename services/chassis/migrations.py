"""Schema versions by alembic, on a connection of the caller, and which code works on which schema.

A migration that only adds leaves earlier code able to work on the new schema. Beside the revision
the schema therefore states the oldest revision whose code works on it: code that does not know the
revision goes on where it knows the oldest one, and refuses the schema otherwise.

Alembic, which loads the dialects of every database it knows, is loaded to migrate alone: whether a
schema is of this version is told by the names of the files.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from services.chassis.errors import StateOfNewerVersion

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory

VERSION_TABLE = "alembic_version"
SUPPORT_TABLE = "schema_support"
OWN_TABLES = frozenset({VERSION_TABLE, SUPPORT_TABLE})
"""Tables that describe the schema: they belong to no service, and no copy of data has them."""
OLDEST = "oldest_code"
"""The name in a migration of the oldest revision whose code works on what it makes."""
log = logging.getLogger(__name__)


def is_current(conn: Connection, script_location: Path, where: str, exact: bool = False) -> bool:
    """Whether code of this version works on the schema: it is of this version, or of a later one
    that supports this code. StateOfNewerVersion for any other later one, with `exact` for all.
    """
    revision = _revision(conn)
    chain = revisions(script_location)
    if revision is None or revision in chain:
        return revision == chain[-1]
    _require_support(conn, chain, revision, where, exact)
    log.warning("the schema is newer", extra={"where": where, "revision": revision})
    return True


def upgrade(conn: Connection, script_location: Path, where: str) -> None:
    """Brings the schema to this version, or leaves one that is later and supports this code.

    StateOfNewerVersion for any other later one.
    """
    revision, chain = _revision(conn), revisions(script_location)
    if revision is not None and revision not in chain:
        _require_support(conn, chain, revision, where)
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(script_location))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
    _state_support(conn, ScriptDirectory.from_config(config))


def revisions(script_location: Path) -> list[str]:
    """Every revision of a schema, the latest one last: the number that its file begins with."""
    files = (script_location / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def _revision(conn: Connection) -> str | None:
    """The revision of the schema; None where there is none yet."""
    if not inspect(conn).has_table(VERSION_TABLE):
        return None
    revision = conn.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if revision is None else str(revision)


def _require_support(
    conn: Connection, chain: Sequence[str], revision: str, where: str, exact: bool = False
) -> None:
    """StateOfNewerVersion unless the schema of a later revision states that this code works."""
    oldest = None
    if not exact and inspect(conn).has_table(SUPPORT_TABLE):
        select = text(f"SELECT oldest FROM {SUPPORT_TABLE} WHERE revision = :revision")
        oldest = conn.execute(select, {"revision": revision}).scalar()
    if oldest is None or oldest not in chain:
        raise StateOfNewerVersion(where, revision)


def _state_support(conn: Connection, script: ScriptDirectory) -> None:
    """Records for the newest revision the oldest one whose code works on its schema."""
    stated = {"revision": script.get_current_head(), "oldest": oldest_code(_chain(script))}
    conn.execute(
        text(f"CREATE TABLE IF NOT EXISTS {SUPPORT_TABLE} (revision TEXT NOT NULL, oldest TEXT)")
    )
    select = text(f"SELECT 1 FROM {SUPPORT_TABLE} WHERE revision = :revision AND oldest = :oldest")
    if conn.execute(select, stated).first() is None:
        conn.execute(text(f"DELETE FROM {SUPPORT_TABLE}"))
        insert = f"INSERT INTO {SUPPORT_TABLE} (revision, oldest) VALUES (:revision, :oldest)"
        conn.execute(text(insert), stated)


def _chain(script: ScriptDirectory) -> list[Script]:
    """The migrations, the first one first."""
    return list(script.walk_revisions())[::-1]


def oldest_code(chain: Iterable[Any]) -> str:
    """The oldest revision whose code works on the schema that a chain of migrations makes."""
    place: dict[str, int] = {}
    oldest = ""
    for migration in chain:
        place[migration.revision] = len(place)
        stated = getattr(migration.module, OLDEST, oldest or migration.revision)
        oldest = stated if not oldest or place[stated] > place[oldest] else oldest
    return oldest


def run_migrations(context: Any) -> None:
    """The whole of a service's `migrations/env.py`: migrates on the caller's connection."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
