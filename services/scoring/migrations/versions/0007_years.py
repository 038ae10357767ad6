"""The decisions on the stages of a year, and the seals, drafts and checkpoints.

The ledger is indexed by the time of recording within a year, which selects what a seal or a
question about the past covers.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Creates the tables, and the index of the ledger."""
    op.create_index("ledger_year", "ledger", ["year", "recorded"])
    op.create_table(
        "year_decisions",
        sa.Column("identity", sa.LargeBinary, primary_key=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("date", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("audited_by", sa.Text),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("cut_off", sa.BigInteger),
        sa.Column("reply_until", sa.BigInteger),
        sa.Column("cut", sa.BigInteger),
        sa.Column("note", sa.Text),
        sa.Column("rubrics", sa.Text),
    )
    op.create_index("year_decisions_year", "year_decisions", ["year", "recorded"])
    _create_seals()
    op.create_table(
        "checkpoints",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )


def _create_seals() -> None:
    sizes = ("cut", "size", "root", "events", "events_root")
    op.create_table(
        "drafts",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(_size(name) for name in sizes),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("drafted_by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("rubrics", sa.Text, nullable=False),
        sa.Column("signature", sa.Text),
    )
    op.create_table(
        "seals",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        *(_size(name) for name in sizes),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("keys", sa.Text, nullable=False),
    )
    op.create_table(
        "sealed_ratings",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("unit", sa.Text, primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
    )


def _size(name: str) -> sa.Column[Any]:
    kind = sa.LargeBinary if name.endswith("root") else sa.BigInteger
    return sa.Column(name, kind, nullable=False)
