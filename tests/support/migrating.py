"""Databases of earlier and of later versions."""

from __future__ import annotations

import shutil
from pathlib import Path
from textwrap import indent

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from services.chassis.database.engine import Database


def _upgrade(conn: Connection, script_location: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


async def migrate_to(db: Database, script_location: Path, revision: str) -> None:
    """Makes the schema of a version before this one."""
    async with db.write() as conn:
        if not db.sqlite:
            await conn.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{db.schema}"'))
        await conn.run_sync(_upgrade, script_location, revision)


LATER = '''"""A later version of the schema, for tests."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
{more}

def upgrade() -> None:
    """Changes what a later version would."""
{body}
'''
ADDS = """
op.add_column("outbox", sa.Column("weight", sa.Integer, nullable=False, server_default="7"))
op.create_index("outbox_weight", "outbox", ["weight"])
op.create_table("weights", sa.Column("id", sa.Integer, primary_key=True))
"""
"""What a migration does that only adds: a column, an index of a table in use, and a table."""


def later_version(
    script_location: Path, folder: Path, body: str = ADDS, more: str = "", revision: str = "0900"
) -> Path:
    """A copy of the migrations of a service, in a new folder, with one more at its end."""
    shutil.copytree(script_location, folder, ignore=shutil.ignore_patterns("__pycache__"))
    add_migration(folder, body, more, revision)
    return folder


def add_migration(folder: Path, body: str = ADDS, more: str = "", revision: str = "0900") -> None:
    """Puts one more migration at the end of those of a folder."""
    versions = folder / "versions"
    before = max(file.name for file in versions.glob("[0-9]*.py"))[:4]
    lines = indent(body.strip(), "    ")
    text_ = LATER.format(revision=revision, before=before, more=more, body=lines)
    (versions / f"{revision}_later.py").write_text(text_)
