"""What drafts, seals and checkpoints must hold to answer again what they answered first.

The hashes of the entries are kept beside the roots, so that an audit names the first entry that
differs. No version was released with the tables that this replaces.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Replaces the tables, which are empty, and indexes the stages in the ledger."""
    for table in ("drafts", "seals", "checkpoints"):
        op.drop_table(table)
    op.create_table(
        "drafts",
        _year(), sa.Column("version", sa.Integer, nullable=False), *_set(),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("drafted_by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("rubrics", sa.Text, nullable=False),
        sa.Column("signature", sa.Text),
        sa.Column("signed_by", sa.Text),
    )  # fmt: skip
    op.create_table(
        "seals",
        _year(), sa.Column("version", sa.Integer, primary_key=True, autoincrement=False), *_set(),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("keys", sa.Text, nullable=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
        sa.Column("signed_by", sa.Text),
    )  # fmt: skip
    op.create_table(
        "checkpoints",
        _year(), sa.Column("until", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("consistency", sa.Text, nullable=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
    )  # fmt: skip
    for name, part in (("stages", 4), ("retractions", 2)):
        where = sa.text(f"part = {part}")
        op.create_index(
            f"ledger_{name}", "ledger", ["year", "recorded"],
            postgresql_where=where, sqlite_where=where,
        )  # fmt: skip


def _year() -> sa.Column[Any]:
    return sa.Column("year", sa.Integer, primary_key=True, autoincrement=False)


def _set() -> list[sa.Column[Any]]:
    return [
        sa.Column("cut", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("events_root", sa.LargeBinary, nullable=False),
    ]
