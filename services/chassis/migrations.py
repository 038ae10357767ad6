"""Schema versions by alembic, on a connection of the caller."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from services.chassis.errors import StateOfNewerVersion


def is_current(conn: Connection, script_location: Path, where: str) -> bool:
    """Whether the schema is of this version; StateOfNewerVersion when it is of a later one."""
    return _is_at_head(conn, _alembic(script_location), where)


def upgrade(conn: Connection, script_location: Path, where: str) -> None:
    """Brings the schema to this version; StateOfNewerVersion when it is of a later one."""
    config = _alembic(script_location)
    config.attributes["connection"] = conn
    _is_at_head(conn, config, where)
    command.upgrade(config, "head")


def _alembic(script_location: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(script_location))
    config.set_main_option("path_separator", "os")
    return config


def _is_at_head(conn: Connection, config: Config, where: str) -> bool:
    """Whether the database is of this version; StateOfNewerVersion when it is of a later one."""
    script = ScriptDirectory.from_config(config)
    if not inspect(conn).has_table("alembic_version"):
        return False
    revision = str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar())
    try:
        script.get_revision(revision)
    except CommandError as unknown:
        raise StateOfNewerVersion(where, revision) from unknown
    return revision == script.get_current_head()


def run_migrations(context: Any) -> None:
    """The whole of a service's `migrations/env.py`: migrates on the caller's connection."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
