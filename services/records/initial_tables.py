"""The shared tables of a system of record, for the first migration of a service.

These functions never change: a later version of a table is a new function beside them, called by
a new migration of each service.
"""

from typing import Any

import sqlalchemy as sa

from services.chassis.initial_schema import COUNTED_KEY, append_only


def create_journal(op: Any) -> None:
    """Creates `journal`, `answers` and `reads`, with the triggers that forbid changes."""
    op.create_table(
        "journal",
        sa.Column("seq", COUNTED_KEY, primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.UniqueConstraint("record", "version"),
    )
    op.create_table(
        "answers",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.Column("came", sa.BigInteger, nullable=False),
    )
    op.create_index("answers_came", "answers", ["came"])
    op.create_table(
        "reads",
        sa.Column("seq", COUNTED_KEY, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    for statement in append_only(op.get_bind().dialect.name, ("journal", "reads")):
        op.execute(statement)
